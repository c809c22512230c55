"""One simulation: everything that happens comes from the seed, in one thread, with nothing of it waiting for real time."""

import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar
from unittest import mock

from tests.builders import WORKSPACE_ID, a_chance, a_trail, a_workspace
from tests.journeys.world import Postbox, World
from tests.torture.simulation import happenings
from tests.torture.simulation.calls import Scheduler
from tests.torture.simulation.clocks import Clocks
from tests.torture.simulation.ending import complaints
from tests.torture.simulation.lives import FAITHFUL, REMINDED, Life
from tests.torture.simulation.relay import Relay
from tests.torture.simulation.storms import DeathError, Storms, StormyDatabase
from tests.torture.simulation.watch import Watch
from tests.torture.simulation.workers import Process
from tocsin.domain.errors import TocsinError
from tocsin.domain.model import WorkspaceId
from tocsin.services import faults
from tocsin.services.preparation import Sender
from tocsin.storage.store import SqlStore
from tocsin.workers import maintenance

T = TypeVar("T")

HOURS = 1000
QUIET_ID = WorkspaceId("a0000000-0000-4000-8000-000000000002")
_TICK = timedelta(seconds=20)  # a third of a lease, when a thread of each process renews it
_SECOND = timedelta(seconds=1)
_DEEPEST = 2  # rounds inside of rounds


class BrokenError(AssertionError):
    """Something did not hold."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What a simulation was: its trace as one number, and how much happened in it."""

    trace: str
    hours: float
    handed_over: int
    repeated: int
    deaths: int


class Engine:
    """The world of one seed."""

    def __init__(self, seed: int, *, tells: Callable[[str], None] = lambda _line: None) -> None:
        self.chance = random.Random(seed)
        self._tells = tells
        self._trace = hashlib.sha256()
        self.clocks = Clocks()
        self.storms = Storms(self.chance, self.clocks)
        self.database = StormyDatabase(self.storms)
        self.store = SqlStore(self.database, trail=a_trail(self.clocks))
        self.relay = Relay(self)
        self.watch = Watch(self)
        self.stopped_at: timedelta | None = None  # when a process stood still for the last time
        self.deaths = 0
        self.is_ending = False
        self._depth = 0
        self._happens = replace(a_chance(), jitter=self.chance.random)
        noisy, quiet = (self._world(*one) for one in ((WORKSPACE_ID, "acme"), (QUIET_ID, "quiet")))
        self.sender: Sender = noisy.sender
        self.lives = [Life(self, noisy), Life(self, quiet)]
        self.scheduler = Scheduler(self, self.lives[1])
        self.processes: list[Process] = []

    def _world(self, workspace_id: WorkspaceId, subdomain: str) -> World:
        world = World(self.store, Postbox(), hears=True, workspace=a_workspace(id=workspace_id, subdomain=subdomain))
        world.clock, world.chance = self.clocks, self._happens  # type: ignore[assignment]
        world.sender = replace(world.sender, clock=self.clocks, chance=self._happens)
        return world

    # What it tells.

    def note(self, *what: object) -> None:
        """Add to the trace what happened."""
        line = f"{self.clocks.elapsed.total_seconds():12.3f} {' '.join(map(str, what))}"
        self._trace.update(line.encode() + b"\n")
        self._tells(line)

    def is_faithful(self, recipient: str) -> bool:
        """Tell whether somebody is never refused for good, so that his calendar can be looked at in the end."""
        return recipient in {FAITHFUL, REMINDED}

    def revision(self, booking_id: str) -> object:
        """Return the revision of a booking."""
        return self.database.rows("SELECT revision FROM bookings WHERE id = ?", booking_id)[0][0]

    # How it goes.

    def live(self) -> Lived:
        """Live through all of it. Raises BrokenError as soon as something does not hold."""
        self.processes += [Process(self, number) for number in range(self.chance.choice([1, 2, 3]))]
        for life in self.lives:
            life.begin()
        self.scheduler.begin()
        self.storms.is_calm = False
        while self.clocks.elapsed < timedelta(hours=HOURS):
            self._step()
            self._check()
        self._end()
        self.watch.wrong += complaints(self)
        self._check(is_last=True)
        return Lived(
            trace=self._trace.hexdigest(),
            hours=self.clocks.elapsed / timedelta(hours=1),
            handed_over=self.watch.handed_over,
            repeated=self.watch.repeated,
            deaths=self.deaths,
        )

    def _check(self, *, is_last: bool = False) -> None:
        if self.storms.is_calm or is_last or self.chance.random() < 0.2:
            self.watch.step()
        if self.watch.wrong:
            raise BrokenError("; ".join(self.watch.wrong[:5]))

    def _step(self) -> None:
        deeds: dict[Callable[[], None], int] = {
            self._somebody_acts: 45,
            self.scheduler.step: 12,
            self._a_while: 30,
            lambda: happenings.weather(self): 8,
            lambda: happenings.set_clock(self): 2,
            lambda: happenings.crowd(self): 1,
        }
        self.chance.choices(list(deeds), list(deeds.values()))[0]()

    def _somebody_acts(self) -> None:
        self.chance.choice(self.lives).step()

    def _a_while(self) -> None:
        seconds = self.chance.choice([1, 5, 11, 60, 600, 7200, 36_000, 100_000, 300_000])
        self.wait(timedelta(seconds=seconds))

    def _end(self) -> None:
        """Let all be well again, and time pass until nothing is open."""
        self.is_ending = True
        self.storms.is_calm = True
        self.clocks.set_off(timedelta(0))
        self.scheduler.finish()
        for process in self.processes:
            if process.back_at is not None:
                process.start()
        for _ in range(60):
            self.wait(timedelta(days=1))
            if not self.database.rows("SELECT 1 FROM deliveries WHERE settled_at IS NULL LIMIT 1"):
                break

    # Time.

    def wait(self, lasts: timedelta) -> None:
        """Let the processes work on, while time goes from one moment at which there is something to do to the next."""
        until, pause = self.clocks.elapsed + lasts, _SECOND
        self._tend()
        while self.clocks.elapsed < until:
            worked = [process.round() for process in self._free() if process.is_free]
            if any(worked):
                pause = _SECOND
                continue
            due = self.store_says(self.store.queue.next_due)
            ahead = pause if due is None or due <= self.clocks() else due - self.clocks()
            self.clocks.go_on_to(
                min(until, self.clocks.elapsed + (until - self.clocks.elapsed if due is None else ahead))
            )
            pause = min(2 * pause, timedelta(seconds=60))
            self._bury()
        self._tend()

    def _free(self) -> list[Process]:
        """Return who could work now, in any order. While one of them works another may die, or begin to."""
        self._bury()
        free = [process for process in self.processes if process.is_free]
        return self.chance.sample(free, len(free))

    def _bury(self) -> None:
        for process in self.processes:
            if process.back_at is not None and self.clocks.elapsed >= process.back_at:
                process.start()

    def pass_time(self, lasts: timedelta, *, works: bool = True) -> None:
        """Let time pass while somebody has work in hand: leases are renewed, and others may work."""
        until = self.clocks.elapsed + lasts
        while self.clocks.elapsed < until:
            next_tick = (self.clocks.elapsed // _TICK + 1) * _TICK
            self.clocks.go_on_to(min(until, next_tick))
            with self.storms.immortal():
                for process in self.processes:
                    process.renew()
            if works and self._depth < _DEEPEST and self.chance.random() < 0.3:
                self._others_work()

    def _others_work(self) -> None:
        self._depth += 1
        try:
            for process in self._free():
                if process.is_free:
                    process.round()
        finally:
            self._depth -= 1

    def during(self, process: Process, mood: str) -> None:
        """Let something happen while a message is on its way."""
        chance = self.chance
        self.pass_time(timedelta(milliseconds=chance.randint(20, 300)), works=False)
        if self.storms.is_calm or self._depth >= _DEEPEST:
            return
        roll = chance.random()
        if roll < 0.03:
            self._somebody_acts()
        elif roll < 0.05:
            self._others_work()
        elif roll < 0.08:
            self._stand_still(process)
        elif mood == "slow":
            self.pass_time(timedelta(seconds=chance.randint(1, 60)))

    def _stand_still(self, process: Process) -> None:
        """Stop a process past its lease, as SIGSTOP does, while others go on."""
        self.note("stopped", process.number)
        process.is_stopped = True
        self.pass_time(timedelta(seconds=self.chance.randint(40, 150)))
        self._others_work()
        process.is_stopped = False
        self.stopped_at = self.clocks.elapsed

    def _tend(self) -> None:
        """Do what a process does beside sending."""
        try:
            while maintenance.tend(self.sender):
                pass
        except (TocsinError, DeathError, faults.PlantedFaultError) as trouble:
            self.note("not tended", trouble)
        self.scheduler.tend()

    def store_says(self, question: Callable[[], T]) -> T:
        """Ask the store, whatever the weather."""
        with self.storms.none():
            return question()


@contextmanager
def _simulated(engine: Engine) -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            mock.patch.object(time, "monotonic", engine.clocks.monotonic),
            mock.patch.object(faults, "point", engine.storms.point),
        ):
            yield
    finally:
        logging.disable(before)
        engine.database.close()


def live(seed: int, *, tells: Callable[[str], None] = lambda _line: None) -> Lived:
    """Live through a seed. Raises BrokenError, with the seed, if something does not hold."""
    engine = Engine(seed, tells=tells)
    with _simulated(engine):
        try:
            return engine.live()
        except AssertionError as error:
            raise BrokenError(
                f"seed {seed}: {error}; live it again: python -m tests.torture.simulation {seed}"
            ) from error
