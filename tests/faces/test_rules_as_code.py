"""All rules at once: planned, applied all or nothing, exported; on each store."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faces.client import (
    Client,
    Face,
    Json,
    an_action,
    connected,
    refusal,
    wrong_fields,
)
from tests.faces.rule_sets import RULE_SETS, SLUGS
from tocsin.api.rule_set import COMMANDS
from tocsin.domain.errors import ConflictError
from tocsin.domain.events import OF_RULES
from tocsin.domain.rules import RuleDraft
from tocsin.formats import yaml_document
from tocsin.schemas.rule_set import RuleSetIn, schema
from tocsin.services import faults, rule_set, rules
from tocsin.storage.postgres import PostgresDatabase
from tocsin.storage.store import SqlStore


def a_rule(name: str, *meetings: str, **fields: object) -> Json:
    return {
        "name": name,
        "event": "booking_confirmed",
        "meetings": list(meetings or ("intro",)),
        "actions": [an_action()],
    } | fields


def a_set(*rules: Json, **fields: object) -> Json:
    return {"version": 1, "rules": list(rules)} | fields


def planned(client: Client, wanted: Json) -> Json:
    response = client.v2.post("/automation-rules/plan", wanted)
    assert response.status_code == 200, response.text
    found: Json = response.json()["plan"]
    return found


def put(client: Client, wanted: Json) -> httpx.Response:
    return client.v2.send("PUT", "/automation-rules", wanted)


def applied(client: Client, wanted: Json) -> Json:
    response = put(client, wanted)
    assert response.status_code == 200, response.text
    found: Json = response.json()["plan"]
    return found


def exported(client: Client) -> Json:
    found: Json = client.v2.get("/automation-rules/export").json()
    return found


def in_full(client: Client) -> list[Json]:
    """Return all rules as the API shows them, by name, with the slugs of their links and without ids and times."""
    slugs = {one["id"]: one["slug"] for one in client.v2.get("/meetings", page_size=100).json()["meetings"]}
    ids = [one["id"] for one in client.v2.get("/automation-rules", page_size=100).json()["workflows"]]
    found = [client.v2.get(f"/automation-rules/{rule_id}").json()["workflow"] for rule_id in ids]
    for rule in found:
        rule["meeting_ids"] = [slugs[one] for one in rule["meeting_ids"]]
        for own in ("id", "revision", "created_at", "updated_at"):
            del rule[own]
    return sorted(found, key=lambda rule: json.dumps(rule, sort_keys=True))


def ids(client: Client) -> dict[str, str]:
    return {one["name"]: one["id"] for one in client.v2.get("/automation-rules", page_size=100).json()["workflows"]}


def counts(plan: Json) -> tuple[int, int, int, int]:
    return plan["to_create"], plan["to_change"], plan["to_delete"], plan["unchanged"]


@pytest.fixture(scope="module")
def two(both: tuple[Client, Client]) -> dict[str, tuple[Client, Client]]:
    """Give for each store two workspaces that have links of the same slugs, whose rules are replaced by each example."""
    found = {}
    for name, client in zip(("sqlite", "postgresql"), both, strict=True):
        neighbour = client.neighbour("other")
        for slug in SLUGS:
            client.a_link(slug=slug)
        for slug in SLUGS[::-1]:
            neighbour.a_link(slug=slug)
        found[name] = (client, neighbour)
    return found


ON_BOTH = pytest.mark.parametrize("store_name", ["sqlite", "postgresql"])


@ON_BOTH
@given(before=RULE_SETS, wanted=RULE_SETS)
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_whatever_was_there_a_plan_after_an_apply_is_empty(
    two: dict[str, tuple[Client, Client]], store_name: str, before: Json, wanted: Json
) -> None:
    client, _ = two[store_name]
    applied(client, before)
    plan = planned(client, wanted)

    done = applied(client, wanted | {"fingerprint": plan["fingerprint"]})

    assert counts(done) == counts(plan)
    assert counts(planned(client, wanted)) == (0, 0, 0, len(wanted["rules"]))
    assert counts(planned(client, exported(client))) == (0, 0, 0, len(wanted["rules"]))


@ON_BOTH
@given(wanted=RULE_SETS)
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_what_is_exported_makes_the_same_rules_in_another_workspace_through_a_file(
    two: dict[str, tuple[Client, Client]], store_name: str, wanted: Json
) -> None:
    client, other = two[store_name]
    applied(client, wanted)
    applied(other, a_set())
    file = yaml_document.write(exported(client))

    applied(other, yaml_document.read(file).value)

    assert in_full(other) == in_full(client)
    assert yaml_document.write(exported(other)) == file


def test_a_change_is_a_new_revision_of_the_same_rule(client: Client) -> None:
    client.a_link()
    applied(client, a_set(a_rule("A"), a_rule("B"), a_rule("C")))
    before = ids(client)

    plan = applied(client, a_set(a_rule("A", enabled=False), a_rule("B2"), a_rule("D", event="booking_cancelled")))

    after = ids(client)
    assert (after["A"], after["B2"]) == (before["A"], before["B"])
    assert set(after) == {"A", "B2", "D"}
    assert [(step["change"], step["id"]) for step in plan["steps"]] == [
        ("change", before["A"]),
        ("change", before["B"]),
        ("create", after["D"]),
        ("delete", before["C"]),
    ]
    [latest, *_] = client.v2.get(f"/automation-rules/{after['A']}/revisions").json()["revisions"]
    assert (latest["revision"], latest["changed"], latest["made_by"]) == (2, ["enabled"], "API key all")


def test_a_reminder_that_was_sent_is_not_sent_again_because_its_rule_was_changed_or_renamed(client: Client) -> None:
    client.a_link()
    reminder = a_rule("Remind", event="before_meeting_starts", offset_minutes=60)
    applied(client, a_set(reminder))
    client.book(slot_date="2026-11-24", slot_start_time="14:00")
    client.clock.advance(timedelta(minutes=30))
    assert client.drain() == 1

    applied(client, a_set(reminder | {"name": "Remind all"}))
    applied(
        client,
        a_set(reminder | {"name": "Remind all", "conditions": [{"field": "place.spot", "operator": "is_empty"}]}),
    )

    assert client.drain() == 0


def test_a_plan_says_which_fields_change_and_writes_nothing(client: Client) -> None:
    client.a_link()
    client.a_link(slug="demo")
    applied(client, a_set(a_rule("A", "intro"), a_rule("Old")))
    before = client.counts()
    wanted = a_set(
        a_rule("A", "demo", "intro", actions=[an_action(email_subject="Hello", keep_in_sync=True), an_action()]),
        a_rule("New", event="after_meeting_ends"),
    )

    plan = planned(client, wanted)

    assert client.counts() == before
    assert counts(plan) == (1, 1, 1, 0)
    changed, created, deleted = plan["steps"]
    fields = {one["field"]: (one["old"], one["new"]) for one in changed["fields"]}
    assert fields["meetings"] == (["intro"], ["demo", "intro"])
    assert fields["actions[0].email_subject"] == ("You have a meeting scheduled", "Hello")
    assert fields["actions[0].keep_in_sync"] == (None, True)
    assert fields["actions[1].emails"] == (None, ["ada@example.org"])
    assert "actions[0].email_body" not in fields
    assert (created["name"], created["id"], created["event"]) == ("New", None, "after_meeting_ends")
    assert {one["field"]: one["new"] for one in created["fields"]}["offset_minutes"] == 0
    assert (deleted["change"], deleted["name"], deleted["fields"]) == ("delete", "Old", [])


def test_one_wrong_rule_leaves_nothing_done_and_each_wrong_field_is_named(client: Client) -> None:
    client.a_link()
    client.a_template()
    applied(client, a_set(a_rule("A")))
    before, shown = client.counts(), in_full(client)
    wrong = a_set(
        a_rule("B"),
        a_rule("C", "intro", "nowhere", "mould"),
        a_rule("D", "intro", event="booking_eaten"),
    )

    assert set(wrong_fields(put(client, wrong))) == {"rules[2].event"}
    fields = wrong_fields(put(client, a_set(*wrong["rules"][:2])))

    assert fields == {
        "rules[1].meetings[1]": "there is no scheduling link with the slug or id nowhere in this workspace",
        "rules[1].meetings[2]": "mould is a meeting template; name a scheduling link",
    }
    assert (client.counts(), in_full(client)) == (before, shown)
    unknown = wrong_fields(put(client, a_set(a_rule("B", meeting_ids=["x"]))))
    assert unknown == {"rules[0].meeting_ids": "is not a field here; did you mean meetings?"}


@pytest.mark.usefixtures("planted_faults")
def test_a_database_that_fails_at_the_end_leaves_nothing_done(client: Client) -> None:
    client.a_link()
    applied(client, a_set(a_rule("A"), a_rule("B")))
    before, shown = client.counts(), in_full(client)
    faults.arm("before_commit:raise")

    with pytest.raises(faults.PlantedFaultError):
        COMMANDS["rules apply"](
            client.app, {"subdomain": "acme", "rule_set": a_set(a_rule("A", enabled=False), a_rule("C"))}
        )

    assert (client.counts(), in_full(client)) == (before, shown)


def test_a_database_that_fails_in_the_middle_leaves_nothing_done(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.a_link()
    applied(client, a_set(a_rule("A"), a_rule("B")))
    before, shown = client.counts(), in_full(client)
    made_rules = iter([None, ConflictError("the database is away")])
    create = rules.create

    def failing(*arguments: Any, **named: Any) -> Any:
        if (error := next(made_rules)) is not None:
            raise error
        return create(*arguments, **named)

    monkeypatch.setattr(rules, "create", failing)
    events = ("booking_rescheduled", "booking_cancelled")
    wanted = a_set(a_rule("A", enabled=False), *(a_rule(event, event=event) for event in events))

    assert put(client, wanted).status_code == 409
    assert (client.counts(), in_full(client)) == (before, shown)


@pytest.mark.parametrize(
    "change",
    [
        lambda client, rule_id: client.a_rule(client.v2.get("/meetings").json()["meetings"][0], name="New"),
        lambda client, rule_id: client.v2.patch(f"/automation-rules/{rule_id}", {"name": "Else"}),
        lambda client, rule_id: client.v2.send("DELETE", f"/automation-rules/{rule_id}"),
    ],
    ids=["one was made", "one was changed", "one was deleted"],
)
def test_a_plan_is_not_applied_to_rules_that_changed_since(
    client: Client, change: Callable[[Client, str], object]
) -> None:
    client.a_link()
    applied(client, a_set(a_rule("A"), a_rule("B")))
    wanted = a_set(a_rule("A"), a_rule("B", enabled=False))
    plan = planned(client, wanted)
    change(client, ids(client)["A"])
    before = in_full(client)

    said = refusal(put(client, wanted | {"fingerprint": plan["fingerprint"]}), 409)

    assert said == "the rules were changed since the plan was made; plan again and look at it"
    assert in_full(client) == before


def test_the_same_apply_again_changes_nothing_so_that_a_lost_answer_can_be_asked_for_again(client: Client) -> None:
    client.a_link()
    wanted = a_set(a_rule("A"))
    wanted["fingerprint"] = planned(client, wanted)["fingerprint"]

    assert counts(applied(client, wanted)) == (1, 0, 0, 0)
    assert counts(applied(client, wanted)) == (0, 0, 0, 1)


def test_a_link_that_was_deleted_may_stay_named_where_it_was_and_nowhere_else(client: Client) -> None:
    client.a_link()
    gone = client.a_link(slug="demo")
    applied(client, a_set(a_rule("A", "intro", "demo")))
    client.v2.send("DELETE", f"/meetings/{gone['id']}")

    found = exported(client)

    assert found["rules"][0]["meetings"] == ["intro", gone["id"]]
    assert counts(planned(client, found)) == (0, 0, 0, 1)
    found["rules"].append(a_rule("B", gone["id"]))
    assert wrong_fields(client.v2.post("/automation-rules/plan", found)) == {
        "rules[1].meetings[0]": f"the scheduling link with the id {gone['id']} was deleted; take it out"
    }
    again = client.a_link(slug="demo")
    assert planned(client, a_set(a_rule("A", "intro", "demo")))["steps"][0]["fields"][0]["new"] == ["intro", "demo"]
    assert again["id"] != gone["id"]


def test_an_export_is_in_the_order_of_names_whatever_was_made_first(client: Client) -> None:
    client.a_link()
    for names in ("C", "CA", "CAB"):
        applied(client, a_set(*(a_rule(name, event=OF_RULES["ABC".index(name)].value) for name in names)))
        client.clock.advance(timedelta(minutes=1))

    assert [rule["name"] for rule in exported(client)["rules"]] == ["A", "B", "C"]


def test_links_are_named_by_slug_or_id_and_each_counts_once(client: Client) -> None:
    link = client.a_link()
    applied(client, a_set(a_rule("A", link["id"], "intro")))

    assert exported(client)["rules"][0]["meetings"] == ["intro"]


def test_a_set_has_at_most_a_thousand_rules_and_a_workspace_that_has_more_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = client.a_link()
    wanted = a_set(*(a_rule(f"rule {number}") for number in range(1001)))

    assert wrong_fields(put(client, wanted)) == {"rules": "must have at most 1000 entries"}

    monkeypatch.setattr(rule_set, "MOST_RULES", 1)
    client.a_rule(link)
    client.a_rule(link)
    assert "the workspace has 2 rules; with at most 1 they can be planned" in refusal(put(client, a_set()), 409)


def test_a_thousand_rules_fit_into_one_request(sqlite_client: Client) -> None:
    sqlite_client.a_link()

    assert counts(applied(sqlite_client, a_set(*(a_rule(f"rule {number}") for number in range(1000))))) == (
        1000,
        0,
        0,
        0,
    )
    assert counts(applied(sqlite_client, a_set())) == (0, 0, 1000, 0)


def test_the_rules_of_a_neighbour_stay_as_they_are(client: Client) -> None:
    neighbour = client.neighbour()
    client.a_link()
    neighbour.a_link()
    applied(client, a_set(a_rule("A")))
    applied(neighbour, a_set(a_rule("B")))

    applied(client, a_set())

    assert set(ids(neighbour)) == {"B"}


# Two at once


@contextmanager
def waiting(work: Callable[[], object], database: PostgresDatabase) -> Iterator[list[object]]:
    """Begin `work` in a thread, give its result or error once it is there, and go on when it waits for a lock or has ended."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:  # noqa: BLE001  the test looks at it
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    asking = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with database.apart() as session:
        while thread.is_alive() and session.execute(asking).fetchall() == [(0,)]:
            thread.join(0.01)
    yield found
    thread.join()


def test_two_who_apply_at_once_are_served_one_after_the_other(postgres_database: PostgresDatabase) -> None:
    with connected(SqlStore(postgres_database)) as client:
        client.a_link()
        client.a_link(slug="demo")
        app = client.app
        work = lambda: COMMANDS["rules apply"](app, {"subdomain": "acme", "rule_set": a_set(a_rule("second", "demo"))})  # noqa: E731
        with app.store.directory() as directory:
            workspace = directory.by_subdomain("acme")
            assert workspace is not None
        with app.store.transaction(workspace.id) as tx:
            # Nothing that the two touch is the same: no rule is there, and each names a link of its own.
            first = rule_set.plan(tx, [])
            draft = _draft(a_rule("first", "intro"))
            rule_set.apply(tx, [draft], seen=first.fingerprint, now=client.clock(), chance=app.chance, by="")
            second = waiting(work, postgres_database)
            found = second.__enter__()
            assert found == []
        second.__exit__(None, None, None)

        assert counts(found[0]["plan"]) == (1, 0, 1, 0)  # type: ignore[index]  # an answer, not an error
        assert set(ids(client)) == {"second"}


def test_who_applies_waits_for_who_holds_a_rule_and_holds_none_that_the_other_wants_next(
    postgres_database: PostgresDatabase,
) -> None:
    with connected(SqlStore(postgres_database)) as client:
        client.a_link()
        events = ("booking_confirmed", "booking_cancelled")
        applied(client, a_set(*(a_rule(event, event=event) for event in events)))
        low, high = sorted(ids(client).items(), key=lambda pair: pair[1])
        changed = a_set(*(a_rule(name, event=name, enabled=False) for name, _ in (high, low)))
        with client.app.store.directory() as directory:
            workspace = directory.by_subdomain("acme")
            assert workspace is not None
        with client.app.store.transaction(workspace.id) as tx:
            # As whoever prepares a message holds the rules that it came from, each in order of their ids.
            tx.rules.hold([low[1]])
            apply = waiting(lambda: put(client, changed).status_code, postgres_database)
            found = apply.__enter__()
            tx.rules.hold([high[1]])
            assert found == []
        apply.__exit__(None, None, None)

        assert found == [200]


def _draft(rule: Json) -> RuleDraft:
    return RuleSetIn.model_validate(a_set(rule)).drafts()[0]


def test_applying_while_others_change_rules_and_book_ends_in_no_deadlock(postgres_database: PostgresDatabase) -> None:
    with connected(SqlStore(postgres_database)) as client:
        client.a_link()
        client.a_link(slug="demo")
        names = ("A", "B", "C", "D")
        applied(client, a_set(*(a_rule(name, "intro", "demo", event="before_meeting_starts") for name in names)))
        rules = list(ids(client).values())
        states: list[int] = []
        stop = threading.Event()

        def change() -> None:
            for number in range(1000):
                if stop.is_set():
                    return
                verb = "enable" if number % 2 else "disable"
                states.append(client.v2.post(f"/automation-rules/{rules[number % 4]}/{verb}").status_code)
                day = f"2027-{1 + number % 12:02}-{1 + number // 12 % 28:02}"
                body = {"slot_date": day, "meeting_slug": ("intro", "demo")[number % 2], "override_availability": True}
                states.append(_booked(client.v2, body).status_code)

        threads = [threading.Thread(target=change) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(12):
            order = names if number % 2 else names[::-1]
            each = (
                a_rule(name, "demo", "intro", event="before_meeting_starts", offset_minutes=30 + number)
                for name in order
            )
            states.append(put(client, a_set(*each)).status_code)
        stop.set()
        for thread in threads:
            thread.join()

    assert set(states) <= {200, 201}
    assert len(states) > 24


def _booked(face: Face, fields: Json) -> httpx.Response:
    body = {
        "meeting_slug": "intro",
        "name": "Eve",
        "email": "eve@example.net",
        "time_zone": "Europe/Berlin",
        "slot_start_time": "15:30",
    }
    return face.post("/bookings", body | fields)


# The schema


@given(wanted=RULE_SETS | st.builds(lambda one: a_set(a_rule("A", **one)), st.sampled_from([{}])))
def test_the_schema_names_every_field_and_word_of_a_rule(wanted: Json) -> None:
    found = schema()

    def fits(value: Any, shape: Json) -> bool:
        if "$ref" in shape:
            return fits(value, found["$defs"][shape["$ref"].rpartition("/")[2]])
        if "anyOf" in shape:
            return any(fits(value, one) for one in shape["anyOf"])
        if "oneOf" in shape:
            return sum(fits(value, one) for one in shape["oneOf"]) == 1
        if "const" in shape:
            return bool(value == shape["const"])
        if isinstance(value, dict):
            known = shape.get("properties", {})
            return set(shape.get("required", [])) <= set(value) <= set(known) and all(
                fits(value[one], known[one]) for one in value
            )
        if isinstance(value, list):
            return shape.get("type", "array") == "array" and all(fits(one, shape.get("items", {})) for one in value)
        return "enum" not in shape or value in shape["enum"]

    assert fits(wanted, found)
    assert not fits(a_set(a_rule("A", event="eaten")), found)
    assert not fits(a_set(a_rule("A", nam="x")), found)
