import re
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    WORKSPACE_ID,
    a_planned,
    a_settlement,
)
from tests.storage.shelf import OTHER_ID, claim, claimed, delivery, in_threads, keep, settle, states, until
from tocsin.domain.delivery import Attempt, Delivery, DeliveryId, Outcome, Result, State, Verdict
from tocsin.domain.events import EventKind
from tocsin.domain.model import BookingId
from tocsin.domain.plan import Planned
from tocsin.domain.retry import MOST_CRASHES
from tocsin.storage import queue
from tocsin.storage.store import SqlStore

LAPSED = NOON + 2 * MINUTE  # when what was claimed at NOON is due again
TEMPORARY = Outcome(result=Result.TEMPORARY, code=451, enhanced_code="4.7.1", reply="later")


def about(key: str, **changes: Any) -> Planned:
    """Return a delivery about a booking of its own."""
    return a_planned(**({"key": key, "booking_id": BookingId(key)} | changes))


def test_nothing_is_due_in_an_empty_queue(store: SqlStore) -> None:
    assert claim(store) == []
    assert store.queue.next_due() is None
    assert store.queue.unplanned_rules() == []


@pytest.mark.parametrize("statement", [*queue._CLAIM_MAIL, *queue._CLAIM_CALLS, queue._MAIL_DUE, queue._CALL_DUE])
def test_what_ended_long_ago_is_not_looked_at(sqlite_store: SqlStore, statement: str) -> None:
    with sqlite_store._database.transaction() as connection:
        names = dict.fromkeys(re.findall(r":(\w+)", statement), "[]")
        plan = [row["detail"] for row in connection.rows(f"EXPLAIN QUERY PLAN {statement}", **names)]

    indexes = {found[0] for line in plan if (found := re.search(r"deliveries_\w+_due|deliveries_unsettled", line))}
    assert {"deliveries_unsettled"} < indexes or "WITH" not in statement
    assert any(one.endswith("_due") for one in indexes)
    assert not any("SCAN deliveries" in line and "INDEX" not in line for line in plan)


def test_a_claim_begins_an_attempt_under_a_lease(store: SqlStore) -> None:
    keep(store, a_planned())

    (taken,) = claim(store)

    assert (taken.state, taken.attempts, taken.failures, taken.crashes) == (State.SENDING, 1, 0, 0)
    assert taken.next_at == NOON + MINUTE
    assert taken == delivery(store)
    with store.reading(WORKSPACE_ID) as tx:
        assert tx.deliveries.attempts(taken.id) == [Attempt(number=1, started_at=NOON, ended_at=None, outcome=None)]


def test_nothing_is_claimed_before_it_is_due(store: SqlStore) -> None:
    keep(store, about("now"), about("later", due_at=NOON + timedelta(microseconds=1)))

    assert claimed(store, now=NOON - timedelta(microseconds=1)) == []
    assert claimed(store, now=NOON) == ["now"]


def test_what_has_been_due_longest_is_claimed_first_and_no_more_than_the_limit(store: SqlStore) -> None:
    keep(store, *(about(f"{n}", due_at=NOON - (n * 7 % 5) * MINUTE) for n in range(5)))

    assert claimed(store, limit=2) == ["2", "4"]
    assert claimed(store, limit=2) == ["1", "3"]
    assert claimed(store, limit=2) == ["0"]
    assert claimed(store, limit=2) == []


def test_deliveries_of_all_workspaces_are_claimed(store: SqlStore) -> None:
    keep(store, a_planned())
    keep(store, a_planned(), workspace_id=OTHER_ID)

    assert {one.workspace_id for one in claim(store)} == {WORKSPACE_ID, OTHER_ID}


@pytest.mark.parametrize("state", sorted(set(State) - {State.SCHEDULED, State.SENDING, State.RETRYING}))
def test_what_is_paused_or_ended_is_never_claimed(store: SqlStore, state: State) -> None:
    keep(store, a_planned())
    (taken,) = claim(store)
    settle(store, a_settlement(taken, verdict=Verdict(state=state)))

    assert claim(store, now=NOON + 9 * DAY) == []
    assert store.queue.next_due() is None


def test_the_next_moment_to_act_is_a_due_one_a_retry_or_the_end_of_a_lease(store: SqlStore) -> None:
    keep(store, about("a", due_at=NOON + HOUR), about("b"))
    assert store.queue.next_due() == NOON

    (taken,) = claim(store)
    assert store.queue.next_due() == NOON + MINUTE

    settle(store, a_settlement(taken, outcome=TEMPORARY, verdict=Verdict(state=State.RETRYING, next_at=NOON + SECOND)))
    assert store.queue.next_due() == NOON + SECOND

    (taken,) = claim(store, now=NOON + SECOND)
    settle(store, a_settlement(taken))
    assert store.queue.next_due() == NOON + HOUR


def test_a_lease_that_lapsed_is_claimed_again_and_counted_as_a_crash(store: SqlStore) -> None:
    keep(store, a_planned())
    claim(store)
    assert claim(store, now=NOON + MINUTE - SECOND) == []

    (taken,) = claim(store, worker="w2", now=LAPSED)

    assert (taken.attempts, taken.crashes, taken.failures) == (2, 1, 0)
    with store.reading(WORKSPACE_ID) as tx:
        assert [attempt.outcome for attempt in tx.deliveries.attempts(taken.id)] == [None, None]


def test_a_lease_can_be_extended_by_the_worker_that_holds_it(store: SqlStore) -> None:
    keep(store, about("mine"), about("mine too", due_at=NOON + SECOND), about("another's", due_at=NOON + 2 * SECOND))
    claim(store, worker="w1", now=NOON + SECOND)
    claim(store, worker="w2", now=NOON + 2 * SECOND)

    store.queue.extend(workers=["w1"], lease_ends=NOON + HOUR)

    assert claimed(store, worker="w3", now=LAPSED) == ["another's"]
    assert claimed(store, worker="w3", now=NOON + HOUR - SECOND) == ["another's"]
    assert claimed(store, worker="w3", now=NOON + HOUR) == ["mine", "mine too"]


def test_a_row_that_somebody_keeps_locked_keeps_nobody_waiting_who_spares_the_others(postgres_store: SqlStore) -> None:
    keep(postgres_store, about("one"), about("two"))
    one, _ = claim(postgres_store, worker="still/1")

    with postgres_store._database.transaction() as connection, ThreadPoolExecutor(1) as pool:
        connection.rows("SELECT id FROM deliveries WHERE id = :id FOR UPDATE", id=one.id)
        sparing = pool.submit(postgres_store.queue.spare, "still", until=NOON + HOUR)
        until(sparing.done)

    assert claimed(postgres_store, now=LAPSED) == ["one"]


def test_what_a_worker_has_settled_is_not_extended(store: SqlStore) -> None:
    keep(store, a_planned())
    (taken,) = claim(store)
    settle(store, a_settlement(taken, outcome=TEMPORARY, verdict=Verdict(state=State.RETRYING, next_at=NOON)))

    store.queue.extend(workers=["w1"], lease_ends=NOON + HOUR)

    assert claimed(store) == ["key-1"]


def test_a_delivery_whose_worker_died_each_time_is_failed_and_the_others_go_on(store: SqlStore) -> None:
    keep(store, about("poison"), about("good", due_at=NOON + 20 * MINUTE))
    for crash in range(MOST_CRASHES):
        assert [one.crashes for one in claim(store, now=NOON + crash * 2 * MINUTE)] == [crash]

    assert claimed(store, now=NOON + 20 * MINUTE) == ["good"]

    found = delivery(store, "poison")
    assert (found.state, found.settled_at) == (State.FAILED, NOON + 20 * MINUTE)
    assert found.reason == "the worker died in each of 5 attempts; look at the logs, then retry it"
    with store.reading(WORKSPACE_ID) as tx:
        assert [attempt.number for attempt in tx.deliveries.attempts(found.id)] == [1, 2, 3, 4, 5]


def test_what_was_in_hand_at_two_deaths_is_taken_alone_so_that_the_next_tells_which_was_the_cause(
    store: SqlStore,
) -> None:
    keep(store, about("first"), about("second", due_at=NOON + SECOND))
    assert claimed(store, now=NOON + SECOND) == ["first", "second"]
    assert claimed(store, now=LAPSED) == ["first", "second"]

    assert claimed(store, now=NOON + 20 * MINUTE) == ["first"]
    assert claimed(store, now=NOON + 20 * MINUTE) == ["second"]


def test_an_attempt_that_ended_makes_earlier_crashes_forgotten(store: SqlStore) -> None:
    keep(store, a_planned())
    claim(store)
    (taken,) = claim(store, now=LAPSED)
    settle(store, a_settlement(taken, outcome=TEMPORARY, verdict=Verdict(state=State.RETRYING, next_at=LAPSED)))

    (taken,) = claim(store, now=LAPSED)

    assert (taken.crashes, taken.failures, taken.attempts) == (0, 1, 3)


def test_messages_to_one_recipient_about_one_booking_go_one_by_one_in_order(store: SqlStore) -> None:
    keep(
        store,
        a_planned(key="d", booking_revision=1, due_at=NOON - HOUR),
        a_planned(key="c", due_at=NOON, rank=1),
        a_planned(key="b", due_at=NOON, rank=0, recipient="ada@EXAMPLE.org"),
        a_planned(key="a", due_at=NOON - MINUTE, rank=7),
    )

    order = []
    while found := claim(store):
        assert len(found) == 1
        assert claim(store, worker="w2") == []
        order.append(found[0].id.removeprefix("id of "))
        settle(store, a_settlement(found[0]))

    assert order == ["a", "b", "c", "d"]


def test_messages_of_one_place_in_the_order_go_one_by_one_too(store: SqlStore) -> None:
    keep(store, a_planned(key="b"), a_planned(key="a"))

    assert claimed(store) == ["a"]
    assert claimed(store) == []


def test_other_recipients_and_other_bookings_do_not_wait(store: SqlStore) -> None:
    keep(store, a_planned(key="one"), a_planned(key="bob", recipient="bob@example.org"))
    keep(store, a_planned(key="capital", recipient="Ada@example.org"), about("elsewhere"))
    keep(store, a_planned(key="in another workspace"), workspace_id=OTHER_ID)

    assert sorted(claimed(store)) == ["bob", "capital", "elsewhere", "in another workspace", "one"]


def test_a_message_is_not_held_up_by_an_earlier_one_that_is_not_due_yet(store: SqlStore) -> None:
    keep(
        store,
        a_planned(key="reminder", event=EventKind.BEFORE_MEETING_STARTS, due_at=NOON + HOUR),
        a_planned(key="now", booking_revision=1),
    )

    assert claimed(store) == ["now"]


def test_a_message_that_falls_due_while_a_later_one_is_on_its_way_waits_for_it(store: SqlStore) -> None:
    keep(store, a_planned(key="reminder", due_at=NOON + SECOND), a_planned(key="moved", booking_revision=1))
    (moved,) = claim(store)

    assert claimed(store, worker="w2", now=NOON + SECOND) == []

    settle(store, a_settlement(moved))
    assert claimed(store, worker="w2", now=NOON + SECOND) == ["reminder"]


def test_a_message_waits_for_an_earlier_one_that_is_to_be_tried_again(store: SqlStore) -> None:
    keep(store, a_planned(key="first"))
    (first,) = claim(store)
    settle(store, a_settlement(first, outcome=TEMPORARY, verdict=Verdict(state=State.RETRYING, next_at=NOON + HOUR)))
    keep(store, a_planned(key="second", rank=1))

    assert claim(store) == []


def test_a_paused_message_is_not_claimed_and_holds_up_nobody(store: SqlStore) -> None:
    keep(store, a_planned(key="first"))
    (first,) = claim(store)
    settle(store, a_settlement(first, outcome=TEMPORARY, verdict=Verdict(state=State.PAUSED, next_at=NOON)))
    keep(store, a_planned(key="second", rank=1))

    assert claimed(store) == ["second"]
    assert claimed(store, now=NOON + HOUR) == ["second"]


@pytest.mark.parametrize("state", [State.SENT, State.FAILED, State.CANCELLED, State.EXPIRED, State.SUPPRESSED])
def test_a_message_goes_once_the_earlier_one_ended_as(store: SqlStore, state: State) -> None:
    keep(store, a_planned(key="first"), a_planned(key="second", rank=1))
    (first,) = claim(store)

    settle(store, a_settlement(first, verdict=Verdict(state=state)))

    assert claimed(store) == ["second"]


def test_a_settlement_is_written_down(store: SqlStore) -> None:
    keep(store, about("sent"), about("failed"), about("retried"), about("given back"))
    taken = {one.id.removeprefix("id of "): one for one in claim(store)}
    settlements = [
        a_settlement(taken["sent"]),
        a_settlement(taken["failed"], verdict=Verdict(state=State.FAILED, reason="550")),
        a_settlement(
            taken["retried"], outcome=TEMPORARY, verdict=Verdict(state=State.RETRYING, reason="451", next_at=LAPSED)
        ),
        a_settlement(taken["given back"], outcome=None, verdict=Verdict(state=State.SCHEDULED, next_at=LAPSED)),
    ]

    assert settle(store, *settlements, now=NOON + SECOND) == settlements

    found = {key: delivery(store, key) for key in taken}
    assert {key: (one.state, one.reason, one.settled_at, one.failures) for key, one in found.items()} == {
        "sent": (State.SENT, "", NOON + SECOND, 0),
        "failed": (State.FAILED, "550", NOON + SECOND, 0),
        "retried": (State.RETRYING, "451", None, 1),
        "given back": (State.SCHEDULED, "", None, 0),
    }
    assert found["retried"].next_at == found["given back"].next_at == LAPSED


def test_an_attempt_without_a_dialogue_is_as_if_it_had_not_begun(store: SqlStore) -> None:
    keep(store, a_planned())
    (taken,) = claim(store)

    settle(store, a_settlement(taken, outcome=None, verdict=Verdict(state=State.SCHEDULED, next_at=NOON)))

    with store.reading(WORKSPACE_ID) as tx:
        assert tx.deliveries.attempts(taken.id) == []
    assert claimed(store) == ["key-1"]


def test_a_worker_that_lost_its_lease_changes_nothing(store: SqlStore) -> None:
    keep(store, a_planned())
    (slow,) = claim(store, worker="slow")
    (taken,) = claim(store, worker="quick", now=LAPSED)
    before = delivery(store)

    assert settle(store, a_settlement(slow), now=LAPSED) == []
    assert settle(store, a_settlement(slow, outcome=None, verdict=Verdict(state=State.FAILED)), now=LAPSED) == []

    assert delivery(store) == before
    with store.reading(WORKSPACE_ID) as tx:
        assert [attempt.outcome for attempt in tx.deliveries.attempts(taken.id)] == [None, None]
    assert settle(store, a_settlement(taken), now=LAPSED) == [a_settlement(taken)]
    assert delivery(store).state is State.SENT


def test_a_settlement_counts_once(store: SqlStore) -> None:
    keep(store, a_planned())
    (taken,) = claim(store)
    retry = a_settlement(taken, outcome=TEMPORARY, verdict=Verdict(state=State.RETRYING, next_at=NOON + HOUR))

    assert settle(store, retry) == [retry]
    assert settle(store, retry, a_settlement(taken)) == []

    assert (delivery(store).state, delivery(store).failures) == (State.RETRYING, 1)


def test_one_lost_lease_does_not_hold_up_other_settlements(store: SqlStore) -> None:
    keep(store, about("lost"), about("held"))
    first = {one.id: one for one in claim(store)}
    store.queue.extend(workers=["w1"], lease_ends=NOON + HOUR)
    settle(store, a_settlement(first[DeliveryId("id of lost")], verdict=Verdict(state=State.SCHEDULED, next_at=NOON)))
    claim(store, worker="w2")

    written = settle(store, *(a_settlement(one) for one in first.values()))

    assert [one.delivery.id for one in written] == ["id of held"]
    assert states(store) == {"lost": State.SENDING, "held": State.SENT}


def test_threads_that_claim_at_once_never_take_the_same_delivery(store: SqlStore) -> None:
    keep(store, *(about(f"{n}") for n in range(500)))
    together = threading.Barrier(8)
    taken: list[str] = []

    def work(name: str) -> None:
        together.wait()
        while found := claimed(store, worker=name, limit=7):
            taken.extend(found)

    raised = in_threads(partial(work, f"w{n}") for n in range(8))

    assert raised == [None] * 8
    assert sorted(taken, key=int) == [f"{n}" for n in range(500)]


def test_threads_that_claim_and_settle_at_once_keep_each_recipients_order(store: SqlStore) -> None:
    keep(
        store,
        *(
            a_planned(key=f"{b}/{r}", booking_id=BookingId(f"{b}"), booking_revision=r)
            for b in range(10)
            for r in range(12)
        ),
    )
    together = threading.Barrier(6)
    in_hand: defaultdict[str, int] = defaultdict(int)
    sent: defaultdict[str, list[int]] = defaultdict(list)
    counting = threading.Lock()

    def send(taken: Delivery) -> None:
        with counting:
            in_hand[taken.booking_id] += 1
            assert in_hand[taken.booking_id] == 1
            sent[taken.booking_id].append(taken.booking_revision)
        # Not in hand any more before it is settled, because from then on another thread may have the next one.
        with counting:
            in_hand[taken.booking_id] -= 1
        assert settle(store, a_settlement(taken)) == [a_settlement(taken)]

    def work(name: str) -> None:
        together.wait()
        while store.queue.next_due() is not None:
            for taken in claim(store, worker=name, limit=3):
                send(taken)

    raised = in_threads(partial(work, f"w{n}") for n in range(6))

    assert raised == [None] * 6
    assert sent == {f"{b}": list(range(12)) for b in range(10)}


def test_workspaces_that_are_passed_over_wait_and_the_others_are_taken(two: SqlStore) -> None:
    keep(two, *(a_planned(key=f"{n}", recipient=f"p{n}@example.org") for n in range(3)))
    keep(two, a_planned(key="other", due_at=NOON + SECOND), workspace_id=OTHER_ID)
    later = NOON + MINUTE
    take = partial(two.queue.claim, worker="w", now=later, lease_ends=later + MINUTE, limit=2)

    assert [one.workspace_id for one in take(passed_over=[WORKSPACE_ID])] == [OTHER_ID]
    assert take(passed_over=[WORKSPACE_ID, OTHER_ID]) == []
    assert len(take(passed_over=[OTHER_ID])) == 2
    assert len(take()) == 1
