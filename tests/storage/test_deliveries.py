from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.builders import (
    BOOKING_ID,
    DAY,
    DELIVERY_ID,
    HOUR,
    MINUTE,
    NOON,
    RULE_ID,
    WORKSPACE_ID,
    a_delivery,
    a_frozen,
    a_planned,
    a_settlement,
    an_invitation,
)
from tests.storage.shelf import MOMENT, NASTY, claim, claimed, delivery, keep, settle, states
from tocsin.domain.delivery import Attempt, Delivery, DeliveryId, Outcome, Result, State, Verdict
from tocsin.domain.events import TIMED, EventKind
from tocsin.domain.intervention import SKIPPED
from tocsin.domain.model import BookingId
from tocsin.domain.plan import Planned
from tocsin.domain.rules import RuleId
from tocsin.services.ports import DeliveryFilter
from tocsin.storage.store import SqlStore, SqlTransaction

# None of these tables refers to a workspace's row, so these tests need none.
BEFORE = EventKind.BEFORE_MEETING_STARTS
TEMPORARY = Outcome(result=Result.TEMPORARY, code=451, enhanced_code="4.7.1", reply=NASTY)


def bring(store: SqlStore, state: State, key: str, **changes: Any) -> None:
    """Plan a delivery and bring it to a state by what the product does, due at NOON on its own booking unless told."""
    start = State.EXPIRED if state is State.EXPIRED else State.SCHEDULED
    planned = a_planned(**({"key": key, "booking_id": BookingId(key), "state": start} | changes))
    keep(store, planned)
    if state in {State.SCHEDULED, State.EXPIRED}:
        return
    (taken,) = store.queue.claim(worker="w", now=planned.due_at, lease_ends=planned.due_at + MINUTE, limit=1)
    if state is State.SENDING:
        return
    next_at = planned.due_at + HOUR if state in {State.RETRYING, State.PAUSED} else None
    settle(
        store, a_settlement(taken, outcome=TEMPORARY, verdict=Verdict(state=state, reason="brought", next_at=next_at))
    )


def ended(store: SqlStore) -> set[str]:
    return {key for key, state in states(store).items() if state in {State.CANCELLED, State.SUPERSEDED}}


@pytest.mark.parametrize("event", EventKind)
def test_a_planned_delivery_comes_back_as_it_was(store: SqlStore, event: EventKind) -> None:
    planned = a_planned(
        rule_revision=3,
        action_index=9,
        booking_revision=5,
        event=event,
        recipient="o'hara+Zoë@exämple.ORG",
        due_at=MOMENT,
        expires_at=MOMENT + DAY,
    )

    keep(store, planned, now=MOMENT)

    assert delivery(store) == a_delivery(
        id="id of key-1",
        rule_revision=3,
        action_index=9,
        booking_revision=5,
        event=event,
        recipient="o'hara+Zoë@exämple.ORG",
        due_at=MOMENT,
        next_at=MOMENT,
        expires_at=MOMENT + DAY,
        created_at=MOMENT,
    )


def test_a_delivery_that_is_planned_too_late_is_kept_as_expired_with_the_reason(store: SqlStore) -> None:
    keep(store, a_planned(state=State.EXPIRED, reason=NASTY))

    found = delivery(store)

    assert (found.state, found.reason, found.settled_at) == (State.EXPIRED, NASTY, NOON)
    assert claim(store) == []


def test_an_unknown_delivery_has_nothing(store: SqlStore) -> None:
    with store.reading(WORKSPACE_ID) as tx:
        assert tx.deliveries.get("unknown") is None
        assert tx.messages.get(DeliveryId("unknown")) is None
        assert tx.deliveries.attempts("unknown") == []


@pytest.mark.parametrize("state", [State.SCHEDULED, State.CANCELLED, State.SUPERSEDED])
def test_what_never_left_is_planned_anew_by_the_same_key(store: SqlStore, state: State) -> None:
    bring(store, state, "key-1")
    before = delivery(store)

    again = a_planned(
        booking_id=BookingId("key-1"),
        rule_revision=2,
        booking_revision=3,
        due_at=NOON + DAY,
        expires_at=NOON + 2 * DAY,
    )
    with store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.add([again], new_id=lambda: "not this id", now=NOON + HOUR)

    after = delivery(store)
    assert (after.state, after.reason, after.settled_at) == (State.SCHEDULED, "", None)
    assert (after.rule_revision, after.booking_revision) == (2, 3)
    assert (after.due_at, after.next_at, after.expires_at) == (NOON + DAY, NOON + DAY, NOON + 2 * DAY)
    assert (after.id, after.created_at, after.attempts) == (before.id, before.created_at, before.attempts)
    assert list(states(store)) == ["key-1"]


@pytest.mark.parametrize(
    "state",
    sorted(set(State) - {State.SCHEDULED, State.PAUSED, State.CANCELLED, State.SUPERSEDED}),
    ids=lambda state: str(state.value),
)
def test_what_left_or_ended_is_left_alone_by_the_same_key(store: SqlStore, state: State) -> None:
    bring(store, state, "key-1")
    before = delivery(store)

    keep(store, a_planned(booking_id=BookingId("key-1"), rule_revision=2, due_at=NOON + DAY), now=NOON + HOUR)

    assert delivery(store) == before
    assert before.state is state


def test_what_is_paused_stays_so_when_it_is_planned_anew_by_the_same_key(store: SqlStore) -> None:
    bring(store, State.PAUSED, "key-1")

    again = a_planned(booking_id=BookingId("key-1"), rule_revision=2, due_at=NOON + DAY, expires_at=NOON + 2 * DAY)
    keep(store, again, now=NOON + HOUR)

    after = delivery(store)
    assert (after.state, after.reason, after.settled_at) == (State.PAUSED, "brought", None)
    assert (after.rule_revision, after.due_at, after.expires_at) == (2, NOON + DAY, NOON + 2 * DAY)


def test_what_is_paused_and_now_too_late_becomes_expired(store: SqlStore) -> None:
    bring(store, State.PAUSED, "key-1")

    keep(store, a_planned(booking_id=BookingId("key-1"), state=State.EXPIRED, reason="late"))

    assert (delivery(store).state, delivery(store).reason) == (State.EXPIRED, "late")


def test_what_was_skipped_is_not_planned_again(store: SqlStore) -> None:
    bring(store, State.CANCELLED, "key-1")
    with store.transaction(WORKSPACE_ID) as tx:
        verdict = Verdict(state=State.CANCELLED, reason=f"{SKIPPED}ann@example.com")
        assert tx.interventions.settle(delivery(store), verdict, now=NOON)

    keep(store, a_planned(booking_id=BookingId("key-1"), rule_revision=2), now=NOON + HOUR)

    assert (delivery(store).state, delivery(store).reason) == (State.CANCELLED, "skipped by ann@example.com")


def test_planning_the_same_twice_is_planning_it_once(store: SqlStore) -> None:
    planned = [a_planned(key="a"), a_planned(key="b", rank=1)]
    keep(store, *planned)
    before = [delivery(store, "a"), delivery(store, "b")]

    keep(store, *planned, now=NOON + HOUR)

    assert [delivery(store, "a"), delivery(store, "b")] == before
    assert set(states(store)) == {"a", "b"}


def test_a_scheduled_delivery_that_is_now_too_late_becomes_expired(store: SqlStore) -> None:
    keep(store, a_planned())

    keep(store, a_planned(state=State.EXPIRED, reason="late"))

    assert (delivery(store).state, delivery(store).settled_at) == (State.EXPIRED, NOON)


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        (State.SCHEDULED, True),
        (State.RETRYING, True),
        (State.PAUSED, True),
        (State.SENDING, False),
        (State.SENT, False),
        (State.FAILED, False),
        (State.EXPIRED, False),
        (State.SUPPRESSED, False),
    ],
)
def test_only_what_waits_is_ended(store: SqlStore, state: State, waits: bool) -> None:
    deeds: dict[str, Callable[[SqlTransaction], object]] = {
        "dropped": lambda tx: tx.deliveries.drop_timed([BookingId("dropped")], keep=[], now=MOMENT, reason="why"),
        "withdrawn": lambda tx: tx.deliveries.withdraw_before(
            BookingId("withdrawn"), revision=1, now=MOMENT, reason="why"
        ),
        "of the rule": lambda tx: tx.deliveries.withdraw_rule(RuleId("its rule"), now=MOMENT, reason="why"),
    }
    for key in deeds:
        bring(store, state, key, event=BEFORE, rule_id=RuleId("its rule" if key == "of the rule" else "r"))

    with store.transaction(WORKSPACE_ID) as tx:
        for deed in deeds.values():
            deed(tx)

    expected = {"dropped": State.SUPERSEDED, "withdrawn": State.CANCELLED, "of the rule": State.CANCELLED}
    for key, end in expected.items():
        found = delivery(store, key)
        assert found.state is (end if waits else state)
        assert not waits or (found.reason, found.settled_at) == ("why", MOMENT)


def test_only_timed_deliveries_of_the_booking_that_are_not_kept_are_dropped(store: SqlStore) -> None:
    for kind in EventKind:
        keep(store, a_planned(key=kind.value, event=kind))
    keep(store, a_planned(key=NASTY, event=BEFORE), a_planned(key="elsewhere", event=BEFORE, booking_id=BookingId("x")))

    with store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.drop_timed([BOOKING_ID], keep=[NASTY, "unknown"], now=NOON, reason="moved")

    assert ended(store) == {kind.value for kind in TIMED}


@pytest.mark.parametrize("newer", [EventKind.BOOKING_RESCHEDULED, EventKind.BOOKING_CANCELLED])
def test_a_message_of_an_older_revision_is_superseded_if_a_newer_change_waits_for_its_recipient(
    store: SqlStore, newer: EventKind
) -> None:
    keep(
        store,
        a_planned(key="stale", recipient="ada@example.org"),
        a_planned(key="same revision", booking_revision=1),
        a_planned(key="for another", recipient="bob@example.org"),
        a_planned(key="reminder", event=BEFORE),
        a_planned(key="elsewhere", booking_id=BookingId("x")),
        a_planned(key="newer", event=newer, booking_revision=1, recipient="ada@EXAMPLE.org"),
    )

    with store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.supersede(BOOKING_ID, now=MOMENT)

    assert ended(store) == {"stale"}
    assert (delivery(store, "stale").state, delivery(store, "stale").settled_at) == (State.SUPERSEDED, MOMENT)
    assert delivery(store, "stale").reason == "a newer change went instead"


@pytest.mark.parametrize(
    ("state", "event"),
    [
        pytest.param(State.SCHEDULED, EventKind.MARKED_NO_SHOW, id="of an event that does not change the entry"),
        pytest.param(State.SENT, EventKind.BOOKING_RESCHEDULED, id="that was sent"),
        pytest.param(State.FAILED, EventKind.BOOKING_RESCHEDULED, id="that failed"),
        pytest.param(State.CANCELLED, EventKind.BOOKING_RESCHEDULED, id="that was withdrawn"),
    ],
)
def test_nothing_is_superseded_by_a_message(store: SqlStore, state: State, event: EventKind) -> None:
    bring(store, state, "newer", booking_id=BOOKING_ID, event=event, booking_revision=1)
    keep(store, a_planned(key="waits"))

    with store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.supersede(BOOKING_ID, now=NOON)

    assert "waits" not in ended(store)


@pytest.mark.parametrize("state", [State.RETRYING, State.SENDING])
def test_a_newer_message_on_its_way_supersedes_too(store: SqlStore, state: State) -> None:
    bring(store, state, "newer", booking_id=BOOKING_ID, event=EventKind.BOOKING_RESCHEDULED, booking_revision=1)
    keep(store, a_planned(key="waits"))

    with store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.supersede(BOOKING_ID, now=NOON)

    assert ended(store) == {"waits"}


@pytest.mark.parametrize(("now", "next_at"), [(NOON + HOUR, NOON + HOUR), (NOON - HOUR, NOON)])
def test_what_made_way_in_vain_is_due_at_once_but_not_early_on_a_clock_that_was_set_back(
    store: SqlStore, now: datetime, next_at: datetime
) -> None:
    keep(
        store,
        a_planned(key="stale"),
        a_planned(key="newer", event=EventKind.BOOKING_RESCHEDULED, booking_revision=1),
    )
    with store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.supersede(BOOKING_ID, now=NOON)

    with store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.revive(delivery(store, "newer"), now=now)

    revived = delivery(store, "stale")
    assert (revived.state, revived.due_at, revived.next_at) == (State.SCHEDULED, NOON, next_at)


def test_a_newer_message_that_is_paused_supersedes_nothing(store: SqlStore) -> None:
    bring(store, State.PAUSED, "newer", booking_id=BOOKING_ID, event=EventKind.BOOKING_RESCHEDULED, booking_revision=1)
    keep(store, a_planned(key="waits"))

    with store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.supersede(BOOKING_ID, now=NOON)
        assert tx.deliveries.outrun([DeliveryId("id of waits")]) == set()

    assert ended(store) == set()


@pytest.mark.parametrize(
    ("change", "waits"),
    [
        pytest.param({}, True, id="a newer change"),
        pytest.param({"event": EventKind.BOOKING_CANCELLED}, True, id="a cancellation"),
        pytest.param({"recipient": "ada@EXAMPLE.org"}, True, id="one to the same recipient in other letters"),
        pytest.param({"booking_revision": 1}, False, id="one of the same revision"),
        pytest.param({"event": EventKind.MARKED_NO_SHOW}, False, id="one that does not change the entry"),
        pytest.param({"recipient": "bob@example.org"}, False, id="one to somebody else"),
        pytest.param({"booking_id": BookingId("x")}, False, id="one about another booking"),
        pytest.param({"state": State.EXPIRED}, False, id="one that has ended"),
    ],
)
def test_what_waits_for_the_same_recipient(store: SqlStore, change: dict[str, Any], waits: bool) -> None:
    newer = a_planned(**({"event": EventKind.BOOKING_RESCHEDULED, "booking_revision": 2} | change))
    keep(store, a_planned(key="older", booking_revision=1), newer)
    older = DeliveryId("id of older")

    with store.reading(WORKSPACE_ID) as tx:
        assert tx.deliveries.outrun([older, DeliveryId("another")]) == ({older} if waits else set())


@pytest.mark.parametrize("state", State)
def test_one_delivery_is_ended_if_it_still_waits(store: SqlStore, state: State) -> None:
    bring(store, state, "key-1")
    keep(store, a_planned(key="another", due_at=NOON + DAY))
    before = delivery(store)

    with store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.end(before.id, Verdict(state=State.SUPERSEDED, reason="why"), now=MOMENT)

    after = delivery(store)
    waits = state in {State.SCHEDULED, State.RETRYING, State.PAUSED}
    expected = (State.SUPERSEDED, "why", MOMENT) if waits else (before.state, before.reason, before.settled_at)
    assert (after.state, after.reason, after.settled_at) == expected
    assert delivery(store, "another").state is State.SCHEDULED


def test_a_cancellation_withdraws_what_waits_of_older_revisions_of_that_booking(store: SqlStore) -> None:
    keep(store, a_planned(key="older"), a_planned(key="old", booking_revision=1, event=BEFORE))
    keep(store, a_planned(key="this", booking_revision=2), a_planned(key="elsewhere", booking_id=BookingId("x")))

    with store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.withdraw_before(BOOKING_ID, revision=2, now=NOON, reason="cancelled")

    assert ended(store) == {"older", "old"}


def test_withdrawing_a_rule_ends_all_that_waits_of_it_and_tells_how_many(store: SqlStore) -> None:
    keep(store, a_planned(key="a"), a_planned(key="b", booking_id=BookingId("x")))
    keep(store, a_planned(key="another's", rule_id=RuleId("other")))

    with store.transaction(WORKSPACE_ID) as tx:
        assert tx.deliveries.withdraw_rule(RULE_ID, now=NOON, reason="deleted") == 2
        assert tx.deliveries.withdraw_rule(RULE_ID, now=NOON, reason="deleted") == 0

    assert ended(store) == {"a", "b"}


def page(store: SqlStore, wanted: DeliveryFilter, *, limit: int = 9, offset: int = 0) -> tuple[list[str], int]:
    with store.reading(WORKSPACE_ID) as tx:
        found, number = tx.deliveries.page(wanted, limit=limit, offset=offset)
    return [one.id.removeprefix("id of ") for one in found], number


def test_deliveries_are_listed_from_the_newest_page_by_page(store: SqlStore) -> None:
    keep(store, a_planned(key="first"), a_planned(key="second", rank=1), now=NOON)
    keep(store, a_planned(key="later"), now=NOON + MINUTE)

    pages = [page(store, DeliveryFilter(), limit=2, offset=offset) for offset in (0, 2, 4)]

    assert pages == [(["later", "second"], 3), (["first"], 3), ([], 3)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"state": "scheduled"}, {"booking", "rule", "recipient"}),
        ({"state": "sent"}, {"sent"}),
        ({"booking_id": "b"}, {"booking"}),
        ({"rule_id": "r"}, {"rule"}),
        ({"recipient": "bob@EXAMPLE.org"}, {"recipient"}),
        ({"recipient": "Bob@example.org"}, set()),
        ({"state": "scheduled", "rule_id": "r", "booking_id": BOOKING_ID}, {"rule"}),
        ({"state": "sent", "rule_id": "r"}, set()),
    ],
)
def test_deliveries_are_found(store: SqlStore, wanted: dict[str, str], expected: set[str]) -> None:
    bring(store, State.SENT, "sent")
    keep(store, a_planned(key="booking", booking_id=BookingId("b")), a_planned(key="rule", rule_id=RuleId("r")))
    keep(store, a_planned(key="recipient", recipient="bob@example.org"))

    found, number = page(store, DeliveryFilter(**wanted))

    assert set(found) == expected
    assert number == len(expected)


def test_every_attempt_is_kept_in_order_with_the_reply(store: SqlStore) -> None:
    keep(store, a_planned())
    (first,) = claim(store)
    again = Verdict(state=State.RETRYING, reason="later", next_at=NOON + HOUR)
    settle(store, a_settlement(first, outcome=TEMPORARY, verdict=again), now=NOON + MINUTE)
    (second,) = claim(store, now=NOON + HOUR)
    settle(store, a_settlement(second, outcome=Outcome(result=Result.ACCEPTED)), now=MOMENT + HOUR)

    with store.reading(WORKSPACE_ID) as tx:
        assert tx.deliveries.attempts(first.id) == [
            Attempt(number=1, started_at=NOON, ended_at=NOON + MINUTE, outcome=TEMPORARY),
            Attempt(number=2, started_at=NOON + HOUR, ended_at=MOMENT + HOUR, outcome=Outcome(result=Result.ACCEPTED)),
        ]


def test_a_running_attempt_has_no_outcome(store: SqlStore) -> None:
    keep(store, a_planned())
    (taken,) = claim(store)

    with store.reading(WORKSPACE_ID) as tx:
        assert tx.deliveries.attempts(taken.id) == [Attempt(number=1, started_at=NOON, ended_at=None, outcome=None)]


@pytest.mark.parametrize("message", [b"", bytes(range(256)), NASTY.encode(), b"x" * 300_000])
def test_a_frozen_message_is_the_same_bytes(store: SqlStore, message: bytes) -> None:
    frozen = a_frozen(message=message, booking_revision=3, sequence=4, message_id=NASTY, sender=NASTY, frozen_at=MOMENT)

    with store.transaction(WORKSPACE_ID) as tx:
        tx.messages.freeze({DELIVERY_ID: frozen})

    with store.reading(WORKSPACE_ID) as tx:
        assert tx.messages.get(DELIVERY_ID) == frozen


def test_a_message_frozen_later_takes_the_place_of_the_older_one(store: SqlStore) -> None:
    later = a_frozen(booking_revision=1, sequence=2, message_id="m", sender="s", message=b"new", frozen_at=MOMENT)

    with store.transaction(WORKSPACE_ID) as tx:
        tx.messages.freeze({DELIVERY_ID: a_frozen()})
        tx.messages.freeze({DELIVERY_ID: later})

    with store.reading(WORKSPACE_ID) as tx:
        assert tx.messages.get(DELIVERY_ID) == later


def retry(store: SqlStore, found: Delivery, *, now: datetime) -> bool:
    with store.transaction(WORKSPACE_ID) as tx:
        return tx.deliveries.retry(found.id, now=now, expires_at=now + DAY)


@pytest.mark.parametrize("state", [State.FAILED, State.EXPIRED])
def test_a_failed_or_expired_delivery_can_be_put_back_into_the_queue(store: SqlStore, state: State) -> None:
    bring(store, state, "key-1", reason="because")

    assert retry(store, delivery(store), now=NOON + HOUR)

    after = delivery(store)
    assert (after.state, after.reason, after.settled_at) == (State.SCHEDULED, "", None)
    assert (after.next_at, after.expires_at, after.failures, after.crashes) == (NOON + HOUR, NOON + HOUR + DAY, 0, 0)
    assert claimed(store, now=NOON + HOUR) == ["key-1"]


@pytest.mark.parametrize(
    "state", sorted(set(State) - {State.FAILED, State.EXPIRED}), ids=lambda state: str(state.value)
)
def test_no_other_delivery_can_be_put_back(store: SqlStore, state: State) -> None:
    bring(store, state, "key-1")
    before = delivery(store)

    assert not retry(store, before, now=NOON + HOUR)
    assert delivery(store) == before


def test_what_is_planned_together_keeps_its_rank_as_order(store: SqlStore) -> None:
    planned: list[Planned] = [a_planned(key=f"{9 - rank}", rank=rank) for rank in range(4)]
    keep(store, *reversed(planned))

    order = []
    while found := claim(store):
        order += [one.id.removeprefix("id of ") for one in found]
        settle(store, *map(a_settlement, found))

    assert order == ["9", "8", "7", "6"]


def test_of_frozen_messages_those_are_current_that_hold_what_their_recipients_are_told_now(store: SqlStore) -> None:
    people = {
        "now": "ada@example.org",
        "older": "bob@example.org",
        "untold": "eve@example.org",
        "unwritten": "zoe@example.org",
    }
    keep(store, *(a_planned(key=key, recipient=person) for key, person in people.items()))
    keep(
        store, an_invitation(recipient=people["now"], sequence=2), an_invitation(recipient=people["older"], sequence=2)
    )
    ids = {key: delivery(store, key).id for key in people}
    frozen = {key: a_frozen(sequence=sequence) for key, sequence in {"now": 2, "older": 1, "untold": 2}.items()}

    with store.transaction(WORKSPACE_ID) as tx:
        tx.messages.freeze({ids[key]: message for key, message in frozen.items()})
        tx.messages.freeze({})

        assert tx.messages.current(ids.values()) == {ids["now"]: frozen["now"]}
        assert tx.messages.current([]) == {}
