"""A workspace of NeetoCal as a place for rules. Our own routes speak its API, so an application of ours serves as one."""

import json
from typing import Any

import httpx
import pytest

from tests.client.on_the_line import OnTheLine, calls, connected_to
from tests.faces.client import Client, Json, an_action
from tocsin.client import NeetoCal, RuleSetPlan
from tocsin.domain.errors import ConflictError, InvalidInputError, UnavailableError
from tocsin.rules_as_code import shown
from tocsin.rules_as_code.neetocal import CAVEATS, EVENTS, NeetoCalTarget


def a_rule(name: str, *meetings: str, **fields: object) -> Json:
    body = {"name": name, "event": "booking_confirmed", "meetings": list(meetings or ("intro",))}
    return body | {"actions": [an_action()]} | fields


def a_set(*rules: Json) -> Json:
    return {"version": 1, "rules": list(rules)}


def a_target(client: Client, transport: OnTheLine | None = None, *, replaces: bool = False) -> NeetoCalTarget:
    session = connected_to(client, repeats_posts=False, transport=transport)
    return NeetoCalTarget(client=NeetoCal(session=session), replaces=replaces)


def there(client: Client) -> list[tuple[str, list[str]]]:
    slugs = {one["id"]: one["slug"] for one in client.v2.get("/meetings").json()["meetings"]}
    found = client.v2.get("/automation-rules", page_size=100).json()["workflows"]
    return sorted((one["name"], sorted(slugs[link] for link in one["meeting_ids"])) for one in found)


def done(target: NeetoCalTarget, wanted: Json) -> RuleSetPlan:
    return target.apply(wanted, target.plan(wanted))


def changes(plan: RuleSetPlan) -> list[tuple[str, str]]:
    return [(step.change, step.name) for step in plan.steps]


@pytest.fixture
def neeto(sqlite_client: Client) -> Client:
    """Give a workspace with the links intro and demo."""
    sqlite_client.a_link()
    sqlite_client.a_link(slug="demo")
    return sqlite_client


def test_rules_are_created_and_deleted_until_names_and_meetings_are_those_of_the_file(neeto: Client) -> None:
    target = a_target(neeto)
    done(target, a_set(a_rule("A"), a_rule("B", "intro", "demo"), a_rule("B", "demo")))
    assert there(neeto) == [("A", ["intro"]), ("B", ["demo"]), ("B", ["demo", "intro"])]

    wanted = a_set(a_rule("B", "demo", "intro"), a_rule("C"))
    plan = target.plan(wanted)
    target.apply(wanted, plan)

    assert sorted(changes(plan)) == [("create", "C"), ("delete", "A"), ("delete", "B")]
    assert there(neeto) == [("B", ["demo", "intro"]), ("C", ["intro"])]
    assert target.plan(wanted).steps == ()


def test_only_what_the_original_knows_is_sent(neeto: Client) -> None:
    transport = OnTheLine(neeto.line)
    rule = a_rule("A", enabled=True, conditions=[], actions=[an_action(keep_in_sync=False)])

    done(a_target(neeto, transport), a_set(rule | {"event": "before_meeting_starts"}))

    [posted] = [json.loads(one.content) for one in transport.sent if one.method == "POST"]
    assert set(posted) == {"event", "meeting_ids", "actions", "name"}
    assert set(posted["actions"][0]) == set(an_action())
    paths = {one.url.path for one in transport.sent}
    assert paths == {"/api/external/v2/meetings", "/api/external/v2/automation-rules"}


def test_what_cannot_be_changed_is_made_anew_only_when_asked_and_the_new_one_comes_first(neeto: Client) -> None:
    done(a_target(neeto), a_set(a_rule("A")))
    wanted = a_set(a_rule("A", "demo"))
    plan = a_target(neeto).plan(wanted)
    assert changes(plan) == [("replace", "A")]
    assert plan.steps[0].fields == ({"field": "meetings", "old": ["intro"], "new": ["demo"]},)

    with pytest.raises(ConflictError, match="NeetoCal cannot change A; with --replace they are created anew"):
        a_target(neeto).apply(wanted, plan)
    assert there(neeto) == [("A", ["intro"])]

    transport = OnTheLine(neeto.line)
    a_target(neeto, transport, replaces=True).apply(wanted, plan)
    assert there(neeto) == [("A", ["demo"])]
    assert [one.split()[0] for one in calls(transport.sent) if not one.startswith("GET")] == ["POST", "DELETE"]


def test_what_a_plan_cannot_see_is_said_with_it(neeto: Client) -> None:
    target = a_target(neeto)
    done(target, a_set(a_rule("A")))

    other = target.plan(a_set(a_rule("A", event="booking_cancelled", actions=[an_action(email_subject="Other")])))

    assert other.steps == ()
    told = [text for _, text in shown.lines(other, caveats=target.caveats)]
    assert told[: len(CAVEATS)] == list(CAVEATS)
    assert "whatever its event, actions and texts are" in " ".join(told)
    assert json.loads(shown.as_data(other, caveats=target.caveats))["caveat"] == " ".join(CAVEATS)


def test_the_first_step_that_fails_ends_it_and_what_was_done_is_told(neeto: Client) -> None:
    posts: list[httpx.Request] = []

    def fails(request: httpx.Request) -> httpx.Response | None:
        posts.extend([request] if request.method == "POST" else [])
        is_second = request.method == "POST" and len(posts) == 2
        return httpx.Response(422, json={"error": "no more of these"}) if is_second else None

    wanted = a_set(a_rule("A"), a_rule("B"), a_rule("C"))

    with pytest.raises(UnavailableError) as caught:
        done(a_target(neeto, OnTheLine(neeto.line, fails)), wanted)

    assert str(caught.value) == (
        "stopped at creating B: no more of these; before that 1 created, 0 deleted; plan again to see what is left"
    )
    assert there(neeto) == [("A", ["intro"])]
    assert changes(a_target(neeto).plan(wanted)) == [("create", "B"), ("create", "C")]


def test_a_rule_that_cannot_be_deleted_is_told_too(neeto: Client) -> None:
    done(a_target(neeto), a_set(a_rule("A"), a_rule("B")))
    way = OnTheLine(neeto.line, lambda one: httpx.Response(500) if one.method == "DELETE" else None)

    with pytest.raises(
        UnavailableError, match=r"stopped at deleting .* answers 500 .*; before that 1 created, 0 delet"
    ):
        done(a_target(neeto, way), a_set(a_rule("C", event="booking_cancelled")))
    assert len(there(neeto)) == 3


def test_a_plan_is_not_applied_to_rules_that_changed_since(neeto: Client) -> None:
    target, wanted = a_target(neeto), a_set(a_rule("A"))
    plan = target.plan(wanted)
    neeto.a_rule(neeto.v2.get("/meetings").json()["meetings"][0], name="B")

    with pytest.raises(ConflictError, match="changed since the plan was made"):
        target.apply(wanted, plan)
    assert there(neeto) == [("B", ["intro"])]


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"name": ""}, ".name", "is required for NeetoCal"),
        ({"event": "invite_accepted"}, ".event", "NeetoCal has no invite_accepted; its events are marked_no_show, b"),
        ({"event": "after_meeting_ends", "offset_minutes": 5}, ".offset_minutes", "is Tocsin's own, and NeetoCal has"),
        ({"enabled": False}, ".enabled", "is Tocsin's own"),
        (
            {"conditions": [{"field": "client.is_new", "operator": "is", "value": True}]},
            ".conditions",
            "is Tocsin's own",
        ),
        ({"actions": [an_action(keep_in_sync=True)]}, ".actions[0].keep_in_sync", "is Tocsin's own"),
        (
            {"actions": [an_action(emails=["a@example.org", "{{client.email}}"])]},
            ".actions[0].emails[1]",
            "addresses o",
        ),
        (
            {"actions": [an_action(), an_action(email_body="<p>{{booking.status}}</p>")]},
            ".actions[1].email_body",
            "NeetoCal has no {{booking.status}}; it knows booking.id, meeting.name",
        ),
        ({"meetings": ["intro", "nowhere"]}, ".meetings[1]", "there is no meeting with the slug or id nowhere there"),
        ({"event": "eaten"}, ".event", "must be one of"),
    ],
)
def test_what_is_our_own_is_refused_with_its_field_and_nothing_is_sent(
    neeto: Client, changed: Json, field: str, words: str
) -> None:
    transport = OnTheLine(neeto.line)

    with pytest.raises(InvalidInputError) as caught:
        a_target(neeto, transport).plan(a_set(a_rule("First"), a_rule("A") | changed))

    [problem] = caught.value.problems
    assert problem.field == f"rules[1]{field}"
    assert words in problem.message
    assert {one.method for one in transport.sent} <= {"GET"}


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_of_the_original_can_be_sent(neeto: Client, event: str) -> None:
    done(a_target(neeto), a_set(a_rule("A", event=event)))

    assert there(neeto) == [("A", ["intro"])]


def test_there_is_nothing_to_export(neeto: Client) -> None:
    with pytest.raises(InvalidInputError, match="does not tell what a rule does, so there is nothing to export"):
        a_target(neeto).export()


@pytest.mark.parametrize("listed", [{"id": "x"}, {"id": 1, "name": 2, "meeting_ids": 3}])
def test_what_is_no_list_of_rules_is_told(neeto: Client, listed: Any) -> None:
    answer = {"workflows": [listed]}
    way = OnTheLine(neeto.line, lambda one: httpx.Response(200, json=answer) if "automation" in one.url.path else None)

    with pytest.raises(UnavailableError, match="answers without a rule; is it a NeetoCal workspace"):
        a_target(neeto, way).plan(a_set())


def test_names_from_there_cannot_play_with_the_terminal(neeto: Client) -> None:
    evil = {"workflows": [{"id": "1", "name": "a\x1b[2J\u202eb", "meeting_ids": []}]}
    way = OnTheLine(neeto.line, lambda one: httpx.Response(200, json=evil) if "automation" in one.url.path else None)

    [line, *_] = [text for _, text in shown.lines(a_target(neeto, way).plan(a_set()))]

    assert line == "- a\\x1b[2J\\u202eb"


def test_it_tells_after_each_request_how_many_are_done(neeto: Client) -> None:
    target = a_target(neeto, replaces=True)
    done(target, a_set(a_rule("A"), a_rule("B")))
    wanted, told = a_set(a_rule("A", "demo"), a_rule("C")), list[tuple[int, int]]()

    target.apply(wanted, target.plan(wanted), told=lambda done, steps: told.append((done, steps)))

    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
