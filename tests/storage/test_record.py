"""What the why record is read from: all that rules have been, and what they planned about a booking."""

from datetime import timedelta

from tests.builders import (
    BOOKING_ID,
    DAY,
    HOUR,
    LINK_ID,
    MINUTE,
    NOON,
    RULE_ID,
    WORKSPACE_ID,
    a_planned,
    a_reminder,
    a_rule,
    a_settlement,
)
from tests.storage.shelf import OTHER_ID, keep
from tocsin.domain.delivery import Cause, Outcome, Result, State, Verdict
from tocsin.domain.events import EventKind
from tocsin.domain.model import LinkId
from tocsin.domain.rule_life import Firing, RuleLife, RuleThen
from tocsin.domain.rules import RuleId
from tocsin.storage.database import Database
from tocsin.storage.store import SqlStore

MADE = NOON - 10 * DAY


def life(store: SqlStore, rule_id: str = RULE_ID) -> RuleLife | None:
    with store.reading(WORKSPACE_ID) as tx:
        return tx.record.lives([rule_id]).get(rule_id)


def firings(store: SqlStore, **asked: str) -> list[Firing]:
    with store.reading(WORKSPACE_ID) as tx:
        return tx.record.firings(BOOKING_ID, **asked)


def test_the_life_of_a_rule_is_each_of_its_revisions(acme: SqlStore) -> None:
    other = LinkId("other")
    offsets = (DAY, HOUR)
    keep(
        acme,
        a_rule(name="Before"),
        a_reminder(revision=2, updated_at=NOON, enabled=False, link_ids=(LINK_ID, other), offsets=offsets, name="Now"),
    )

    first = RuleThen(
        number=1,
        made_at=MADE,
        event=EventKind.BOOKING_CONFIRMED,
        enabled=True,
        link_ids=(LINK_ID,),
        offsets=(),
    )
    second = RuleThen(
        number=2,
        made_at=NOON,
        event=EventKind.BEFORE_MEETING_STARTS,
        enabled=False,
        link_ids=(LINK_ID, other),
        offsets=offsets,
    )
    assert life(acme) == RuleLife(rule_id=RULE_ID, name="Now", revisions=[first, second])


def test_the_life_of_a_deleted_rule_stays_and_says_when_it_ended(acme: SqlStore) -> None:
    keep(acme, a_rule(name="Gone"), a_rule(revision=2, name="Gone"), a_rule(id=RuleId("other")))
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.rules.delete(RULE_ID, at=NOON + MINUTE)

    found, other = life(acme), life(acme, "other")

    assert found is not None
    assert (found.name, found.is_deleted, found.deleted_at) == ("Gone", True, NOON + MINUTE)
    assert [one.number for one in found.revisions] == [1, 2]
    assert other is not None
    assert (other.is_deleted, other.deleted_at) == (False, None)


def test_a_revision_of_before_there_was_an_undo_is_known_to_be_unknown(acme: SqlStore, database: Database) -> None:
    keep(acme, a_reminder(name="Old"))
    with database.transaction() as connection:
        connection.run(
            "UPDATE rule_revisions SET name = NULL, event = NULL, enabled = NULL, offset_s = NULL, link_ids = NULL"
        )

    found = life(acme)

    assert found is not None
    assert found.name == "Old"
    assert (found.last.event, found.last.link_ids, found.last.offsets) == (None, (), ())


def test_a_rule_that_is_being_planned_says_so(acme: SqlStore) -> None:
    keep(acme, a_reminder())
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.rules.planned_until(RULE_ID, after_id="b1")

    found = life(acme)

    assert found is not None
    assert found.is_being_planned


def test_what_never_was_a_rule_here_has_no_life(acme: SqlStore) -> None:
    keep(acme, a_rule())

    assert life(acme, "nothing") is None
    with acme.reading(OTHER_ID) as tx:
        assert tx.record.lives([RULE_ID]) == {}
        assert tx.record.number_of_rules() == 0
    with acme.reading(WORKSPACE_ID) as tx:
        assert tx.record.number_of_rules() == 1


def test_messages_that_a_rule_planned_for_one_event_are_one_firing(acme: SqlStore) -> None:
    cancelled = EventKind.BOOKING_CANCELLED
    keep(
        acme,
        a_planned(),
        a_planned(key="2", recipient="bob@example.org", action_index=1),
        a_planned(key="3", event=cancelled, booking_revision=1, rule_revision=2, due_at=NOON + HOUR),
        a_planned(key="4", cause=Cause.KEEP_IN_SYNC),
        a_planned(key="5", booking_id="another"),
    )
    confirmed = Firing(
        rule_id=RULE_ID,
        rule_revision=1,
        event=EventKind.BOOKING_CONFIRMED,
        booking_revision=0,
        about="",
        due_at=NOON,
        planned_at=NOON,
    )

    found = firings(acme)

    assert found[0] == confirmed
    assert [(one.event, one.rule_revision, one.reaches) for one in found[1:]] == [(cancelled, 2, True)]
    assert [one.reaches for one in firings(acme, recipient="bob@EXAMPLE.org")] == [True, False]
    assert [one.reaches for one in firings(acme, recipient="eve@example.org")] == [False, False]
    with acme.reading(OTHER_ID) as tx:
        assert tx.record.firings(BOOKING_ID) == []


def test_the_last_attempt_at_each_delivery_is_found(acme: SqlStore) -> None:
    keep(acme, a_planned(), a_planned(key="2", recipient="bob@example.org", due_at=NOON + DAY))
    later = Outcome(result=Result.TEMPORARY, code=451, reply="later")
    for number in range(2):
        now = NOON + number * HOUR
        [taken] = acme.queue.claim(worker="w", now=now, lease_ends=now + timedelta(minutes=1), limit=9)
        again = Verdict(state=State.RETRYING, reason="later", next_at=now + MINUTE)
        acme.queue.settle([a_settlement(taken, outcome=later, verdict=again)], now=now)

    with acme.reading(WORKSPACE_ID) as tx:
        found = tx.record.last_attempts(BOOKING_ID)

    assert {delivery_id: (one.number, one.outcome) for delivery_id, one in found.items()} == {taken.id: (2, later)}
    with acme.reading(OTHER_ID) as tx:
        assert tx.record.last_attempts(BOOKING_ID) == {}
