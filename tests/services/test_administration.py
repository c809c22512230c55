"""What the operator asks for by name, and what a checkup finds."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import HOUR, NOON
from tests.journeys.world import ACCEPTED, AWAY, World
from tests.services.names import FewNames
from tocsin.domain.conditions import Condition, Field, Operator
from tocsin.domain.errors import InvalidInputError, NotFoundError, UnavailableError
from tocsin.domain.events import EventKind
from tocsin.domain.evidence import Grade
from tocsin.domain.model import WorkspaceId
from tocsin.domain.rsvp import Rsvp
from tocsin.services import administration, checkup
from tocsin.services.administration import Office
from tocsin.services.checkup import Surroundings
from tocsin.services.identity import Outlet

NOT_PAUSED = {"sending_paused_at": None, "sending_paused_because": None}
ZETA = {"subdomain": "zeta", "name": "", "time_zone": "Asia/Tokyo", "mail_from": None}


@pytest.fixture
def desk(office: World) -> Office:
    return Office(
        store=office.store,
        clock=office.clock,
        chance=office.chance,
        pepper=b"p" * 32,
        url_of=lambda subdomain: f"https://{subdomain}.tocsin.example",
    )


def run(desk: Office, command: str, **values: Any) -> Any:
    return administration.run(desk, command, values)


def test_a_workspace_is_made_shown_listed_and_deleted(desk: Office) -> None:
    made = run(desk, "workspace create", **ZETA)

    assert (made["name"], made["url"], made["locale"]) == ("Zeta", "https://zeta.tocsin.example", "en")
    assert run(desk, "workspace show", subdomain="zeta") == made | NOT_PAUSED
    assert [one["subdomain"] for one in run(desk, "workspace list")] == ["acme", "zeta"]
    assert run(desk, "workspace delete", subdomain="zeta") == {"deleted": "zeta"}
    with pytest.raises(NotFoundError):
        run(desk, "workspace show", subdomain="zeta")


@pytest.mark.parametrize(
    ("field", "wrong"), [("name", "a\nb"), ("time_zone", "Mars/Phobos"), ("mail_from", "nobody"), ("subdomain", "a.b")]
)
def test_what_is_wrong_with_a_workspace_is_named(desk: Office, field: str, wrong: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        run(desk, "workspace create", **(ZETA | {field: wrong}))

    assert [problem.field for problem in caught.value.problems] == [field]


def test_a_workspace_has_a_language_for_dates_and_one_that_nobody_knows_is_refused(desk: Office) -> None:
    made = run(desk, "workspace create", **(ZETA | {"locale": "pt-BR"}))

    assert made["locale"] == "pt-BR"
    with pytest.raises(InvalidInputError, match="locale: is no language"):
        run(desk, "workspace create", **(ZETA | {"subdomain": "eta", "locale": "xx-klingon"}))


def test_a_rule_is_shown_with_what_makes_it_special(desk: Office, office: World) -> None:
    condition = Condition(field=Field.INVITATION_RSVP, operator=Operator.IS, value=Rsvp.ACCEPTED)
    rule = office.rule(
        EventKind.BEFORE_MEETING_STARTS, before_or_after=2 * HOUR, conditions=[condition], keep_in_sync=True
    )

    shown = run(desk, "rules show", subdomain="acme", id=rule.id)

    assert (shown["offset_minutes"], shown["keep_in_sync"]) == ([120], True)
    assert shown["conditions"] == ["invitation.rsvp is accepted"]


def test_what_came_back_lately_is_counted(desk: Office) -> None:
    with desk.store.transaction(WorkspaceId("")) as tx:
        tx.inbound_counts.add("ignored_unsigned", now=desk.clock())
    (only,) = [one for one in checkup.findings(desk, around(desk)) if one.name == "answers"]

    assert only.sentence == "answers and bounces are taken; in the last 7 days 1 ignored unsigned"


def test_a_key_is_shown_once(desk: Office) -> None:
    made = run(desk, "key create", subdomain="acme", name="k", scopes=["rules:read"])

    (listed,) = run(desk, "key list", subdomain="acme")
    assert made["key"].startswith(f"tocsin_{listed['id']}_")
    assert "key" not in listed
    assert (listed["scopes"], listed["revoked_at"]) == (["rules:read"], None)
    assert run(desk, "key revoke", subdomain="acme", id=listed["id"]) == {"revoked": listed["id"]}
    assert run(desk, "key list", subdomain="acme")[0]["revoked_at"] == NOON.isoformat()
    with pytest.raises(InvalidInputError, match="scopes are"):
        run(desk, "key create", subdomain="acme", name="k", scopes=["everything"])


def test_rules_are_listed_and_shown(desk: Office, office: World) -> None:
    rule = office.rule(EventKind.BOOKING_CONFIRMED, "b@example.org", "a@example.org")

    (listed,) = run(desk, "rules list", subdomain="acme")

    assert run(desk, "rules show", subdomain="acme", id=rule.id) == listed
    assert listed["recipients"] == ["a@example.org", "b@example.org"]


def test_there_is_no_other_command(desk: Office) -> None:
    with pytest.raises(InvalidInputError, match="no command"):
        run(desk, "rm -rf")


# The checkup


def around(desk: Office, **changes: Any) -> Surroundings:
    surroundings = Surroundings(
        python=(3, 13, 12),
        sqlite=(3, 51, 3),
        zone_rules="2026.1",
        captures=False,
        inbound=lambda: None,
        is_local=True,
        mail_from="invites@tocsin.example",
        probe=lambda: ACCEPTED,
        local_now=desk.clock,
        outlet=Outlet(store=desk.store, mail_from="invites@tocsin.example", secret=desk.pepper, relay=None),
        names=FewNames,
    )
    return replace(surroundings, **changes)


def graded(desk: Office, name: str, **changes: Any) -> list[Grade]:
    return [one.grade for one in checkup.findings(desk, around(desk, **changes)) if one.name == name]


def test_all_is_well_where_all_is_well(desk: Office) -> None:
    assert {one.grade for one in checkup.findings(desk, around(desk))} == {Grade.OK}


def test_versions_with_known_flaws_are_warned_of(desk: Office) -> None:
    assert graded(desk, "Python", python=(3, 11, 14)) == [Grade.WARNING]
    assert graded(desk, "Python", python=(3, 15, 0)) == [Grade.OK]
    for version, grade in (
        ((3, 40, 1), Grade.WARNING),
        ((3, 44, 6), Grade.OK),
        ((3, 50, 6), Grade.WARNING),
        ((3, 52, 0), Grade.OK),
        (None, Grade.OK),
    ):
        assert graded(desk, "database", sqlite=version) == [grade]


def test_a_store_without_a_workspace_is_told_how_to_get_one(desk: Office) -> None:
    run(desk, "workspace delete", subdomain="acme")

    assert graded(desk, "database") == [Grade.OK, Grade.WARNING]


def test_clocks_that_differ_are_warned_of(desk: Office) -> None:
    def later() -> datetime:
        return desk.clock() + timedelta(seconds=31)

    assert graded(desk, "clock", local_now=later) == [Grade.WARNING]


def test_what_is_overdue_fails(desk: Office, office: World) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED)
    office.book()
    assert graded(desk, "queue") == [Grade.OK]

    office.clock.advance(HOUR)

    assert graded(desk, "queue") == [Grade.FAILED]


def test_a_relay_that_cannot_be_used_fails_and_one_that_only_captures_is_warned_of(desk: Office) -> None:
    assert graded(desk, "mail", probe=lambda: AWAY) == [Grade.FAILED]
    assert graded(desk, "mail", probe=None, captures=True) == [Grade.WARNING]
    assert graded(desk, "mail", mail_from="invites@localhost") == [Grade.OK, Grade.FAILED]


def test_a_check_that_cannot_run_is_a_finding_too(desk: Office) -> None:
    def away() -> datetime:
        raise UnavailableError("the database cannot be used now")

    assert graded(desk, "clock", local_now=away) == [Grade.FAILED]


def test_whether_answers_are_heard_is_told_and_a_sender_too_long_to_be_signed(desk: Office) -> None:
    assert graded(desk, "answers") == [Grade.OK]
    assert graded(desk, "answers", inbound=None) == [Grade.WARNING]
    assert graded(desk, "answers", inbound=None, captures=True) == [Grade.OK]
    assert graded(desk, "answers", inbound=lambda: "nobody answers") == [Grade.FAILED]
    assert graded(desk, "answers", mail_from="more-than-17-chars@tocsin.example") == [Grade.OK, Grade.WARNING]


def test_a_key_can_be_made_for_some_days(desk: Office) -> None:
    run(desk, "workspace create", subdomain="globex", name="", time_zone="Etc/UTC", mail_from=None)

    made = run(desk, "key create", subdomain="globex", name="audit", scopes=["rules:read"], days=30)

    assert made["expires_at"] == (NOON + timedelta(days=30)).isoformat()
    assert run(desk, "key list", subdomain="globex")[0]["expires_at"] == made["expires_at"]
