"""What a worker that stands still has in hand is left to it for a second lease, and what a dead one had is not."""

import threading
from datetime import timedelta

import pytest

from tests.builders import MINUTE
from tests.journeys.world import Postbox, World
from tocsin.domain.delivery import Delivery, State
from tocsin.domain.errors import UnavailableError
from tocsin.domain.events import EventKind
from tocsin.services.attempts import deliver
from tocsin.workers import neighbours
from tocsin.workers.lease import LEASE
from tocsin.workers.loop import drain
from tocsin.workers.neighbours import EVERY, STEP


class Street:
    """Who lives beside us, and since when each has given no sign."""

    def __init__(self, **silent: timedelta) -> None:
        self.known = silent
        self.signs = 0
        self.is_closed = False

    def sign(self) -> None:
        self.signs += 1

    def silent(self, *, longer_than: timedelta) -> dict[str, timedelta]:
        return {worker: silence for worker, silence in self.known.items() if silence > longer_than}

    def close(self) -> None:
        self.is_closed = True


def in_hand(office: World, *workers: str) -> list[Delivery]:
    """Book, and let each of the workers claim one message."""
    office.rule(EventKind.BOOKING_CONFIRMED, *(f"{worker}@example.org" for worker in workers))
    office.book()
    now = office.clock()
    claim = office.store.queue.claim
    return [claim(worker=f"{worker}/7", now=now, lease_ends=now + LEASE, limit=1)[0] for worker in workers]


def look(office: World, street: Street) -> None:
    neighbours.spare(office.store.queue, office.clock, street, lease=LEASE)


def stands_still(office: World, *, leases: float) -> None:
    """Let the worker `still` give no sign for so long while another one looks."""
    street = Street(still=timedelta())
    for _ in range(round(leases * EVERY)):
        office.clock.advance(LEASE / EVERY)
        street.known["still"] += LEASE / EVERY
        look(office, street)


def sent(office: World) -> int:
    return drain(office.sender, Postbox())


def test_what_one_that_stands_still_has_in_hand_is_left_to_it_for_two_leases(office: World) -> None:
    in_hand(office, "still")

    stands_still(office, leases=1.9)
    assert sent(office) == 0

    office.clock.advance(LEASE / 5)
    assert sent(office) == 1


def test_nobody_is_waited_for_longer_than_that(office: World) -> None:
    in_hand(office, "still")

    stands_still(office, leases=2.5)

    assert sent(office) == 1


def test_if_it_goes_on_before_that_nothing_is_sent_again(office: World, postbox: Postbox) -> None:
    claimed = in_hand(office, "still")
    stands_still(office, leases=1.5)

    deliver(office.sender, claimed, postbox, is_held=lambda: True, pause=MINUTE)

    assert office.states() == [State.SENT]
    office.clock.advance(2 * LEASE)
    assert sent(office) == 0


def test_one_that_is_killed_while_it_stands_still_is_waited_for_half_a_lease_more(office: World) -> None:
    in_hand(office, "still")
    stands_still(office, leases=1)

    office.clock.advance(LEASE / STEP - timedelta(seconds=1))
    assert sent(office) == 0

    office.clock.advance(timedelta(seconds=2))
    assert sent(office) == 1


def test_what_others_have_in_hand_lapses_as_ever(office: World) -> None:
    in_hand(office, "still", "dead")

    stands_still(office, leases=1.1)

    assert sent(office) == 1


def test_what_a_worker_renewed_itself_is_not_cut_short(office: World) -> None:
    in_hand(office, "still")
    office.store.queue.extend(workers=["still/7"], lease_ends=office.clock() + 5 * LEASE)

    stands_still(office, leases=3)

    assert sent(office) == 0


class Away:
    """A queue whose database is away, until the third time that it is asked."""

    def __init__(self, stop: threading.Event) -> None:
        self.asked = 0
        self._stop = stop

    def spare(self, _worker: str, **_until: object) -> None:
        self.asked += 1
        if self.asked < 3:
            raise UnavailableError("the database cannot be used now")
        self._stop.set()


def test_a_database_that_is_away_ends_nothing_and_the_end_is_told_to_the_others(
    office: World, caplog: pytest.LogCaptureFixture
) -> None:
    street, stop = Street(still=timedelta(milliseconds=9)), threading.Event()
    queue = Away(stop)

    neighbours.keep(queue, office.clock, street, stop, lease=timedelta(milliseconds=6))  # type: ignore[arg-type]  # a part

    assert queue.asked == 3
    assert street.signs == 4
    assert street.is_closed
    assert caplog.text.count("neighbours: the database cannot be used now") == 2
    assert "unforeseen" not in caplog.text
