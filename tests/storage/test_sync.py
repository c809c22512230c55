from dataclasses import replace

import pytest

from tests.builders import (
    BOOKING_ID,
    HOUR,
    MINUTE,
    NOON,
    RULE_ID,
    SECOND,
    WORKSPACE_ID,
    a_delivery,
    a_planned,
    a_settlement,
    an_inviter,
    numbered,
)
from tests.storage.shelf import OTHER_ID, claim, settle
from tocsin.domain.delivery import Cause, Delivery, Outcome, Result, State, Verdict
from tocsin.domain.events import EventKind
from tocsin.domain.model import BookingId
from tocsin.domain.plan import Planned
from tocsin.domain.rules import RuleId
from tocsin.domain.sync import LONGEST_SETTLE
from tocsin.services.ports import DeliveryFilter
from tocsin.storage.store import SqlStore

ADA, BOB = "ada@example.org", "bob@example.org"
OTHER_RULE = RuleId("other")


def a_change(**changes: object) -> Planned:
    planned = a_planned(
        key="", cause=Cause.KEEP_IN_SYNC, event=EventKind.BOOKING_RESCHEDULED, due_at=NOON + 10 * SECOND
    )
    return replace(planned, **changes)  # type: ignore[arg-type]


def add(store: SqlStore, *changes: Planned, prefix: str = "id", now: object = NOON) -> None:
    with store.transaction(WORKSPACE_ID) as tx:
        tx.sync.add(changes, new_id=numbered(prefix + " {}"), now=now)  # type: ignore[arg-type]


def found(store: SqlStore) -> list[Delivery]:
    with store.reading(WORKSPACE_ID) as tx:
        return sorted(tx.deliveries.page(DeliveryFilter(), limit=100, offset=0)[0], key=lambda one: one.id)


def test_what_is_to_be_told_waits_as_a_delivery(acme: SqlStore) -> None:
    add(acme, a_change())

    (one,) = found(acme)
    assert (one.cause, one.state, one.due_at) == (Cause.KEEP_IN_SYNC, State.SCHEDULED, NOON + 10 * SECOND)


def test_a_further_change_joins_what_waits_for_the_same_recipient(acme: SqlStore) -> None:
    add(acme, a_change(), a_change(recipient=BOB))

    later = a_change(booking_revision=2, due_at=NOON + MINUTE, event=EventKind.BOOKING_CANCELLED, rule_id=OTHER_RULE)
    add(acme, later, prefix="later", now=NOON + 50 * SECOND)

    joined, other = found(acme)
    assert (joined.booking_revision, joined.due_at, joined.next_at) == (2, NOON + MINUTE, NOON + MINUTE)
    assert (joined.event, joined.rule_id) == (EventKind.BOOKING_CANCELLED, OTHER_RULE)
    assert other.booking_revision == 0


def test_however_often_a_booking_changes_it_is_told_two_minutes_after_the_first_change(acme: SqlStore) -> None:
    add(acme, a_change())

    add(acme, a_change(due_at=NOON + HOUR), now=NOON + MINUTE)

    (one,) = found(acme)
    assert one.due_at == one.next_at == NOON + LONGEST_SETTLE


def test_what_has_waited_longer_already_is_due_at_the_change_and_not_before_it(acme: SqlStore) -> None:
    add(acme, a_change())

    add(acme, a_change(due_at=NOON + HOUR + MINUTE), now=NOON + HOUR)

    (one,) = found(acme)
    assert one.due_at == one.next_at == NOON + HOUR


def test_a_change_while_the_message_is_on_its_way_is_told_by_another(acme: SqlStore) -> None:
    add(acme, a_change(due_at=NOON))
    claim(acme)

    add(acme, a_change(booking_revision=1), prefix="later")

    assert [(one.state, one.booking_revision) for one in found(acme)] == [(State.SENDING, 0), (State.SCHEDULED, 1)]


def test_what_waits_for_another_try_keeps_its_moment(acme: SqlStore) -> None:
    add(acme, a_change(due_at=NOON))
    (taken,) = claim(acme)
    again = Verdict(state=State.RETRYING, reason="later", next_at=NOON + HOUR)
    settle(acme, a_settlement(taken, verdict=again, outcome=Outcome(result=Result.TEMPORARY, reply="later")))

    add(acme, a_change(booking_revision=1), prefix="later")

    (one,) = found(acme)
    assert (one.state, one.booking_revision, one.next_at) == (State.RETRYING, 1, NOON + HOUR)


def test_nothing_joins_what_a_rule_asked_for_nor_what_waits_for_somebody_else(acme: SqlStore) -> None:
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.add([a_planned()], new_id=lambda: "by rule", now=NOON)

    add(acme, a_change(recipient=BOB), a_change(), a_change(booking_id=BookingId("other")))

    assert len(found(acme)) == 4


def test_what_a_rule_asks_for_and_what_keeps_an_invite_true_do_not_end_each_other(acme: SqlStore) -> None:
    add(acme, a_change())
    moved = a_planned(key="moved", booking_revision=1, event=EventKind.BOOKING_RESCHEDULED)
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.add([a_planned(), moved], new_id=numbered("by rule {}"), now=NOON)
        tx.deliveries.supersede(BOOKING_ID, now=NOON)
        tx.deliveries.withdraw_rule(RULE_ID, now=NOON, reason="over")
        tx.deliveries.withdraw_before(BOOKING_ID, revision=9, now=NOON, reason="over")

    assert {one.cause for one in found(acme) if one.state is State.SCHEDULED} == {Cause.KEEP_IN_SYNC}
    assert [one.state for one in found(acme)] == [State.SUPERSEDED, State.CANCELLED, State.SCHEDULED]


def test_what_keeps_an_invite_true_supersedes_nothing_that_waits_for_the_same_recipient(acme: SqlStore) -> None:
    add(acme, a_change(booking_revision=1))
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.add([a_planned()], new_id=lambda: "by rule", now=NOON)
        tx.deliveries.supersede(BOOKING_ID, now=NOON)
        assert tx.deliveries.outrun([a_delivery().id]) == set()

    assert {one.state for one in found(acme)} == {State.SCHEDULED}


@pytest.mark.parametrize(
    ("result", "may_have"),
    [(Result.ACCEPTED, False), (Result.TEMPORARY, False), (Result.PERMANENT, False), (Result.UNKNOWN, True)],
)
def test_only_a_message_that_nobody_knows_of_may_have_arrived(acme: SqlStore, result: Result, may_have: bool) -> None:
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.add([a_planned()], new_id=lambda: "by rule", now=NOON)
    (taken,) = claim(acme)
    ended = Verdict(state=State.FAILED, reason="over")
    settle(acme, a_settlement(taken, verdict=ended, outcome=Outcome(result=result)))

    assert may_have_arrived(acme, a_delivery()) is may_have
    assert not may_have_arrived(acme, a_delivery(recipient=BOB))
    assert not may_have_arrived(acme, a_delivery(booking_id=BookingId("other")))


def test_an_attempt_without_an_end_may_have_arrived_unless_it_is_the_one_in_hand(acme: SqlStore) -> None:
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.add([a_planned()], new_id=lambda: "by rule", now=NOON)
    (taken,) = claim(acme)

    assert may_have_arrived(acme, a_delivery())
    assert not may_have_arrived(acme, taken)


def may_have_arrived(store: SqlStore, delivery: Delivery) -> bool:
    with store.reading(WORKSPACE_ID) as tx:
        return tx.sync.may_have_arrived(delivery)


def test_who_invited_whom_is_kept_with_the_latest_last(acme: SqlStore) -> None:
    first, second = an_inviter(), an_inviter(rule_id=OTHER_RULE, keeps=False, invited_at=NOON + HOUR)
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.sync.invited([(BOOKING_ID, ADA, second)])
        tx.sync.invited([(BOOKING_ID, "ada@EXAMPLE.org", first)])
        tx.sync.invited([(BOOKING_ID, BOB, second)])

        assert tx.sync.of_booking(BOOKING_ID).get(ADA, []) == [first, second]
        assert tx.sync.of_booking(BOOKING_ID) == {ADA: [first, second], BOB: [second]}


def test_whoever_invites_again_is_kept_as_he_is_now_and_whoever_took_off_as_inactive(acme: SqlStore) -> None:
    again = an_inviter(rule_revision=2, action_index=1, invited_at=NOON + HOUR)
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.sync.invited([(BOOKING_ID, ADA, an_inviter())])
        tx.sync.invited([(BOOKING_ID, ADA, again)])
        tx.sync.set_active(BOOKING_ID, ADA, RULE_ID, is_active=False)
        tx.sync.set_active(BOOKING_ID, ADA, OTHER_RULE, is_active=False)

        assert tx.sync.of_booking(BOOKING_ID).get(ADA, []) == [replace(again, is_active=False)]


def test_what_is_of_one_workspace_is_not_of_another(two: SqlStore) -> None:
    with two.transaction(WORKSPACE_ID) as tx:
        tx.sync.invited([(BOOKING_ID, ADA, an_inviter())])
        tx.sync.add([a_change()], new_id=lambda: "one", now=NOON)

    with two.transaction(OTHER_ID) as tx:
        tx.sync.set_active(BOOKING_ID, ADA, RULE_ID, is_active=False)
        tx.sync.add([a_change(booking_revision=7)], new_id=lambda: "two", now=NOON)
        assert tx.sync.of_booking(BOOKING_ID).get(ADA, []) == []
        assert tx.sync.of_booking(BOOKING_ID) == {}

    with two.reading(WORKSPACE_ID) as tx:
        assert tx.sync.of_booking(BOOKING_ID).get(ADA, []) == [an_inviter()]
    assert [one.booking_revision for one in found(two)] == [0]


def test_the_inviters_of_several_people_are_read_at_once_the_latest_last(acme: SqlStore) -> None:
    first, second = an_inviter(), an_inviter(rule_id=RuleId("second"), invited_at=NOON + HOUR)
    with acme.transaction(WORKSPACE_ID) as tx:
        tx.sync.invited([(BOOKING_ID, ADA, second), (BOOKING_ID, ADA, first), (BOOKING_ID, BOB, second)])
        tx.sync.invited([])

        assert tx.sync.of([BOOKING_ID], [ADA, BOB]) == {(BOOKING_ID, ADA): [first, second], (BOOKING_ID, BOB): [second]}
        assert tx.sync.of([BOOKING_ID], ["nobody@example.org"]) == {}
