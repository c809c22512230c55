"""Why each rule did, or did not, write: what stands in other tables, what crosses, and what is more than can be told."""

from dataclasses import replace

import pytest

from tests.builders import HOUR, MINUTE, WORKSPACE_ID
from tests.journeys.world import Postbox, World
from tocsin.domain.conditions import AnyOf, Condition, Field, Operator
from tocsin.domain.delivery import State
from tocsin.domain.events import EventKind
from tocsin.domain.model import Booking
from tocsin.domain.pause import Pause
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.rules import AutomationRule
from tocsin.services import explain as explaining
from tocsin.services import rules, suppressions
from tocsin.services.explain import RuleWhy, Why, explain
from tocsin.storage.database import Database

CONFIRMED, CANCELLED, BEFORE = (
    EventKind.BOOKING_CONFIRMED,
    EventKind.BOOKING_CANCELLED,
    EventKind.BEFORE_MEETING_STARTS,
)
ADA, BOB = "ada@example.org", "bob@example.org"


def explained(office: World, booking: Booking, **asked: str) -> Why:
    with office.store.reading(WORKSPACE_ID) as tx:
        return explain(tx, booking.id, **asked)


def of_rule(office: World, booking: Booking, rule: AutomationRule, **asked: str) -> RuleWhy:
    (found,) = explained(office, booking, rule_id=rule.id, **asked).rules
    return found


def failing(why: RuleWhy) -> list[str]:
    return [one.name for one in why.clauses if not one.holds]


def test_an_answer_stands_with_the_last_message_before_it(hearing: World) -> None:
    rule = hearing.rule(CONFIRMED, ADA, BOB)
    reminder = hearing.rule(BEFORE, ADA, before_or_after=HOUR)
    booking = hearing.book()
    hearing.drain()
    hearing.clock.advance(MINUTE)
    hearing.answer(booking, Rsvp.DECLINED)
    hearing.go_to(booking.starts_at)

    told = [one for each in (rule, reminder) for one in of_rule(hearing, booking, each).deliveries]

    rsvps = {(one.delivery.event, one.delivery.recipient): one.answered and one.answered.rsvp for one in told}
    assert rsvps == {(CONFIRMED, ADA): Rsvp.DECLINED, (CONFIRMED, BOB): None, (BEFORE, ADA): None}
    assert [one.steps[-1].sentence for one in told if one.answered] == ["the recipient answered declined"]


def test_what_waits_says_that_sending_is_paused_and_that_its_recipient_is_listed(office: World) -> None:
    rule = office.rule(BEFORE, "{{client.email}}", before_or_after=HOUR)
    booking = office.book()
    with office.store.transaction(WORKSPACE_ID) as tx:
        tx.usage.set_pause(Pause(since_at=office.clock(), because="too many bounced"))

    (told,) = of_rule(office, booking, rule).deliveries

    sending = told.checks[-1]
    assert (sending.name, sending.holds, sending.at) == ("sending", False, office.clock())
    assert "too many bounced" in sending.sentence


def test_what_keeps_an_invite_true_is_asked_no_condition(office: World) -> None:
    place = Condition(field=Field.PLACE_SPOT, operator=Operator.IS, value="zoom")
    rule = office.rule(CONFIRMED, ADA, conditions=[place], keep_in_sync=True)
    booking = office.book()
    office.drain()
    office.move(booking)

    *_, sync = of_rule(office, booking, rule).deliveries

    assert [one.name for one in sync.checks] == ["suppression", "sending"]


def test_a_person_who_is_listed_and_was_not_written_to_is_told_so(office: World) -> None:
    rule = office.rule(CANCELLED, ADA)
    booking = office.book()
    with office.store.transaction(WORKSPACE_ID) as tx:
        suppressions.add(tx, ADA, now=office.clock())

    why = of_rule(office, booking, rule, recipient=ADA)

    assert failing(why) == ["event"]
    assert [(one.name, one.holds, one.found) for one in why.checks] == [
        ("suppression", False, ("by_hand",)),
        ("sending", True, ()),
    ]


def test_a_condition_is_said_once_for_all_whom_it_is_the_same_for(office: World) -> None:
    zoom = Condition(field=Field.PLACE_SPOT, operator=Operator.IS, value="zoom")
    accepted = Condition(field=Field.INVITATION_RSVP, operator=Operator.IS, value="accepted")
    draft = replace(office.rule(CANCELLED, ADA, BOB).draft, conditions=(AnyOf(conditions=(zoom,)), accepted))
    with office.store.transaction(WORKSPACE_ID) as tx:
        rule = rules.create(tx, draft, now=office.clock(), chance=office.chance)

    why = of_rule(office, office.book(), rule)

    assert [(one.wanted, one.holds) for one in why.checks if one.name == "conditions"] == [
        (("place.spot is zoom",), True),
        (("invitation.rsvp is accepted",), False),
        (("invitation.rsvp is accepted",), False),
    ]


def test_a_rule_that_is_made_at_the_very_moment_of_a_booking_but_after_it_says_that_they_crossed(office: World) -> None:
    booking = office.book()
    rule = office.rule(CONFIRMED)

    assert failing(of_rule(office, booking, rule)) == ["order"]


def test_a_rule_from_before_whole_revisions_were_kept_is_known_as_it_is_now(office: World, database: Database) -> None:
    rule = office.rule(CONFIRMED)
    off = office.switch(office.rule(CONFIRMED), on=False)
    with database.transaction() as connection:
        connection.run("UPDATE rule_revisions SET name = NULL, event = NULL, enabled = NULL, link_ids = NULL")
    office.clock.advance(MINUTE)
    booking = office.book()

    assert failing(of_rule(office, booking, rule)) == []
    assert failing(of_rule(office, booking, off)) == ["enabled"]


def test_a_rule_that_a_version_before_has_deleted_is_known_to_be_gone(office: World, database: Database) -> None:
    rule = office.rule(CONFIRMED)
    office.delete_rule(rule)
    with database.transaction() as connection:
        connection.run("UPDATE rule_revisions SET deleted_at = NULL")
    office.clock.advance(MINUTE)

    why = of_rule(office, office.book(), rule)

    assert (why.rule, failing(why), why.checks) == (None, ["deleted"], [])


def test_that_a_rule_fired_is_known_of_more_deliveries_than_are_told_of(
    office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explaining, "MOST_DELIVERIES", 1)
    fired = [office.rule(CONFIRMED, ADA), office.rule(CONFIRMED, BOB)]
    booking = office.book()

    why = explained(office, booking)

    assert sorted(one.rule_id for one in why.rules) == sorted(one.id for one in fired)
    assert [failing(one) for one in why.rules] == [[], []]
    assert sum(len(one.deliveries) for one in why.rules) == 1
    assert why.number_of_deliveries == 2


def test_a_message_that_made_way_names_that_of_another_rule_although_one_rule_is_asked_for(
    office: World, postbox: Postbox
) -> None:
    first = office.rule(CONFIRMED, ADA)
    office.rule(EventKind.BOOKING_RESCHEDULED, ADA)
    booking = office.book()
    office.clock.advance(MINUTE)
    office.move(booking)

    (told,) = of_rule(office, booking, first).deliveries

    assert told.delivery.state is State.SUPERSEDED
    assert told.replaced_by == [office.delivery(EventKind.BOOKING_RESCHEDULED).id]


def test_a_rule_that_names_the_former_client_only_wrote_to_him_and_not_to_the_new_one(office: World) -> None:
    rule = office.rule(CONFIRMED, "{{client.email}}")
    booking = office.book()
    office.drain()
    office.change(booking, email="zed@example.net")

    former = of_rule(office, booking, rule, recipient=booking.client.email)
    new = of_rule(office, booking, rule, recipient="zed@example.net")

    assert (failing(former), failing(new)) == ([], ["recipient"])
    assert former.deliveries[0].entry == "{{client.email}}"
    assert new.deliveries == []


def test_a_guest_who_was_added_later_is_told_of_as_an_occasion_of_its_own(office: World) -> None:
    booking = office.book()
    office.clock.advance(MINUTE)
    rule = office.rule(EventKind.BOOKING_CONFIRMED, "{{guest.emails}}")
    office.clock.advance(MINUTE)

    office.change(booking, guests=("gus@example.org",))

    with office.store.reading(WORKSPACE_ID) as tx:
        (whole,) = explain(tx, booking.id, rule_id=rule.id).rules
        (of_gus,) = explain(tx, booking.id, rule_id=rule.id, recipient="gus@example.org").rules
        (of_gia,) = explain(tx, booking.id, rule_id=rule.id, recipient="gia@example.org").rules
    assert whole.has_fired
    assert all(one.holds for one in [*whole.clauses, *of_gus.clauses])
    assert not all(one.holds for one in of_gia.clauses)
    assert [occasion.fired for occasion in whole.occasions] == [False, True]
    assert "a guest was added" in whole.occasions[-1].clauses[-1].sentence
    assert "a guest was added" in whole.deliveries[0].clauses[1].sentence
