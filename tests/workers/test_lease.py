"""What a worker may still call its own, on a monotonic clock that the tests move."""

import threading
from datetime import timedelta

import pytest

from tests.builders import MINUTE, SettableClock
from tests.journeys.world import Postbox, World
from tocsin.domain.delivery import Outcome, State
from tocsin.domain.errors import UnavailableError
from tocsin.domain.events import EventKind
from tocsin.services.attempts import deliver
from tocsin.services.ports_queue import Queue
from tocsin.workers.lease import LEASE, Lease
from tocsin.workers.loop import drain


class Monotonic:
    """The monotonic clock and the wall clock of one machine."""

    def __init__(self, wall: SettableClock) -> None:
        self.now = 1000.0
        self._wall = wall

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self._wall.advance(timedelta(seconds=seconds))


@pytest.fixture
def time(office: World, monkeypatch: pytest.MonkeyPatch) -> Monotonic:
    clock = Monotonic(office.clock)
    monkeypatch.setattr("tocsin.workers.lease.time.monotonic", lambda: clock.now)
    return clock


def test_what_was_just_claimed_is_held_for_half_a_lease(office: World, time: Monotonic) -> None:
    lease = Lease(office.store.queue, office.clock, "w")
    claimed_at = time.now

    time.advance(29.9)
    assert lease.holds(claimed_at)
    time.advance(0.2)
    assert not lease.holds(claimed_at)


def test_a_renewal_in_time_keeps_it(office: World, time: Monotonic) -> None:
    lease = Lease(office.store.queue, office.clock, "w")
    claimed_at = time.now + 1

    for _ in range(30):
        time.advance(20)
        lease.renew()

    assert lease.holds(claimed_at)


def test_a_renewal_that_comes_too_late_does_not_bring_back_what_was_taken(office: World, time: Monotonic) -> None:
    lease = Lease(office.store.queue, office.clock, "w")
    claimed_at = time.now

    time.advance(LEASE.total_seconds())
    lease.renew()

    assert not lease.holds(claimed_at)
    assert lease.holds(time.now + 0.001)


def test_a_worker_that_was_paused_past_its_lease_does_not_send_what_another_took(
    office: World, postbox: Postbox, time: Monotonic
) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED, "ada@example.org", "bob@example.org", "carl@example.org")
    office.book()
    lease = Lease(office.store.queue, office.clock, "paused")
    claimed_at, now, name = time.now, office.clock(), lease.name()
    claimed = office.store.queue.claim(worker=name, now=now, lease_ends=now + LEASE, limit=9)
    lease.hold(name)
    others = Postbox()

    def is_held() -> bool:
        # The process is stopped after its first message, and another one works meanwhile.
        if len(postbox.taken) == 1 and not others.taken:
            time.advance(1.4 * LEASE.total_seconds())
            drain(office.sender, others)
            lease.renew()
        return lease.holds(claimed_at)

    deliver(office.sender, claimed, postbox, is_held=is_held, pause=MINUTE)

    assert len(postbox.taken) == 1
    assert len(others.taken) == 2
    assert office.states() == [State.SENT] * 3


def live_for(lease: Lease, time: Monotonic, seconds: int) -> None:
    for _ in range(seconds // 20):
        time.advance(20)
        lease.renew()


def test_what_was_claimed_lapses_while_its_worker_lives_if_the_answer_was_lost(
    office: World, postbox: Postbox, time: Monotonic
) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED)
    office.book()
    lease = Lease(office.store.queue, office.clock, "w")
    now = office.clock()
    office.store.queue.claim(worker=lease.name(), now=now, lease_ends=now + LEASE, limit=9)

    live_for(lease, time, 80)

    assert drain(office.sender, postbox) == 1


def test_what_is_in_hand_is_renewed_until_it_is_released(office: World, postbox: Postbox, time: Monotonic) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED)
    office.book()
    lease = Lease(office.store.queue, office.clock, "w")
    now, name = office.clock(), lease.name()
    office.store.queue.claim(worker=name, now=now, lease_ends=now + LEASE, limit=9)
    lease.hold(name)

    live_for(lease, time, 200)
    assert drain(office.sender, postbox) == 0
    lease.release(name)
    live_for(lease, time, 80)

    assert drain(office.sender, postbox) == 1


def test_each_claim_has_a_name_of_its_own(office: World) -> None:
    one, other = (Lease(office.store.queue, office.clock, worker) for worker in ("w1", "w2"))

    assert len({one.name(), one.name(), other.name()}) == 3


def test_a_late_mark_of_a_paused_worker_is_refused(office: World, postbox: Postbox, time: Monotonic) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED)
    office.book()
    now = office.clock()
    claimed = office.store.queue.claim(worker="paused", now=now, lease_ends=now + LEASE, limit=9)
    others = Postbox()

    def while_it_sends(_envelope: object) -> Outcome:
        time.advance(1.4 * LEASE.total_seconds())
        drain(office.sender, others)
        raise ConnectionResetError

    postbox.answer = while_it_sends
    deliver(office.sender, claimed, postbox, is_held=lambda: True, pause=MINUTE)

    assert len(others.taken) == 1
    assert office.states() == [State.SENT]
    assert postbox.handed[0].message == others.taken[0].message


class _Away:
    """A queue of a database that is away at first."""

    def __init__(self, stop: threading.Event) -> None:
        self.asked = 0
        self._stop = stop

    def extend(self, **_lease: object) -> None:
        self.asked += 1
        if self.asked == 1:
            raise UnavailableError("the database cannot be used now")
        self._stop.set()


def test_a_renewal_that_fails_is_tried_again(office: World) -> None:
    stop = threading.Event()
    queue = _Away(stop)
    lease = Lease(_as_queue(queue), office.clock, "w", length=timedelta(milliseconds=3))

    lease.keep(stop)

    assert queue.asked == 2


def _as_queue(queue: object) -> Queue:
    return queue  # type: ignore[return-value]  # only `extend` is used
