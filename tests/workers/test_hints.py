"""The bell, and how its sound gets to other processes and from them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.journeys.world import Postbox, World
from tests.storage.shelf import until
from tocsin.domain.delivery import State
from tocsin.domain.errors import UnavailableError
from tocsin.domain.events import EventKind
from tocsin.workers import hints, loop
from tocsin.workers.hints import Bell, hinting
from tocsin.workers.loop import Crew


class Lane:
    """A way between processes without a network: counts what it is told, and plays what others tell.

    While it is `broken` neither works; where it is `deaf` nothing arrives.
    """

    def __init__(self, *, deaf: bool = False) -> None:
        self.told = 0
        self.opened = 0
        self.broken: Exception | None = None
        self._deaf = deaf
        self._hint = threading.Event()

    def tell(self) -> None:
        self.told += 1
        self._fail()

    @contextmanager
    def listening(self) -> Iterator["Lane | None"]:
        self.opened += 1
        self._fail()
        yield None if self._deaf else self

    def heard(self, *, within_s: float) -> bool:
        self._fail()
        found = self._hint.wait(within_s)
        if found:  # else one that comes at this moment would be lost
            self._hint.clear()
        return found

    def hint(self) -> None:
        """Let another process hint."""
        self._hint.set()

    def _fail(self) -> None:
        if self.broken is not None:
            raise self.broken


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pause for nothing."""
    monkeypatch.setattr(hints, "GATHER_S", 0.0)
    monkeypatch.setattr(hints, "LISTEN_S", 0.001)
    monkeypatch.setattr(hints, "RETRY_S", 0.001)


def is_quiet(bell: Bell) -> bool:
    """Take a ring away; tell whether there was none."""
    rang = bell.is_set()
    bell.clear()
    return not rang


def test_a_bell_that_is_rung_wakes_and_is_told() -> None:
    bell, lane = Bell(), Lane()

    with hinting(lane, bell, hears=False):
        bell.set()
        until(lambda: lane.told == 1)

    assert bell.is_set()
    assert lane.opened == 0


def test_a_burst_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "GATHER_S", 3600)
    bell, lane = Bell(), Lane()

    with hinting(lane, bell, hears=False):
        bell.set()
        until(lambda: lane.told == 1)
        for _ in range(100):
            bell.set()

    assert lane.told == 1


def test_what_rings_while_a_hint_is_on_its_way_is_told_after_it() -> None:
    bell, lane, on_its_way, go_on = Bell(), Lane(), threading.Event(), threading.Event()
    tell = lane.tell

    def slowly() -> None:
        tell()
        on_its_way.set()
        go_on.wait(30)

    lane.tell = slowly  # type: ignore[method-assign]  # a slow network
    with hinting(lane, bell, hears=False):
        bell.set()
        assert on_its_way.wait(30)
        bell.set()
        go_on.set()
        until(lambda: lane.told == 2)


def test_what_others_tell_rings_the_bell_and_is_not_told_again() -> None:
    bell, lane = Bell(), Lane()

    with hinting(lane, bell, hears=True):
        until(lambda: not is_quiet(bell))  # the first ring is for what was missed before
        lane.hint()
        until(lambda: not is_quiet(bell))

    assert lane.told == 0


def test_where_no_hints_arrive_the_ear_is_closed_and_the_mouth_is_not() -> None:
    bell, lane = Bell(), Lane(deaf=True)

    with hinting(lane, bell, hears=True):
        until(lambda: not any(thread.name == "tocsin-listens" for thread in threading.enumerate()))
        bell.set()
        until(lambda: lane.told == 1)

    assert lane.opened == 1


@pytest.mark.parametrize("error", [UnavailableError("the database is away"), ZeroDivisionError("a bug")])
def test_a_way_that_breaks_is_opened_again(error: Exception) -> None:
    bell, lane = Bell(), Lane()

    with hinting(lane, bell, hears=True):
        until(lambda: not is_quiet(bell))
        lane.broken = error
        until(lambda: lane.opened > 2)
        bell.set()
        until(lambda: lane.told > 0)
        bell.clear()
        lane.broken = None
        until(lambda: not is_quiet(bell))  # for what was missed meanwhile
        lane.hint()
        until(lambda: not is_quiet(bell))


def test_the_threads_end_with_the_block() -> None:
    with hinting(Lane(), Bell(), hears=True):
        pass

    assert not any(thread.name in {"tocsin-tells", "tocsin-listens"} for thread in threading.enumerate())


def test_a_hint_wakes_a_crew_that_sleeps(office: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "IDLE", timedelta(hours=1))
    bell, lane, box = Bell(), Lane(), Postbox()
    crew = Crew(office.sender, lambda: box, bell, threads=1)
    crew.start()
    with hinting(lane, bell, hears=True):
        until(lambda: not bell.is_set())
        office.rule(EventKind.BOOKING_CONFIRMED, "ada@example.org")
        office.book()
        lane.hint()
        until(lambda: office.states() == [State.SENT])
    crew.stop()

    assert box.recipients == ["ada@example.org"]
