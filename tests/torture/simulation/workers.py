"""A worker process: a real crew without its threads, whose rounds are done one at a time, until it dies."""

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.torture.simulation.relay import Way
from tests.torture.simulation.storms import DeathError
from tocsin.domain.errors import UnavailableError
from tocsin.workers.loop import Crew

if TYPE_CHECKING:
    from tests.torture.simulation.engine import Engine


_MOMENT = timedelta(milliseconds=1)  # nothing takes no time at all


class _Bell(threading.Event):
    """A bell that nobody waits for."""

    def wait(self, timeout: float | None = None) -> bool:
        return False


class Process:
    """One worker process, with one connection to the relay. `life` counts its starts: what it knew is gone with each."""

    def __init__(self, engine: "Engine", number: int) -> None:
        self._engine = engine
        self.number = number
        self.life = 0
        self.start()

    def start(self) -> None:
        """Begin anew, knowing nothing."""
        self.life += 1
        self.is_busy = False
        self.is_stopped = False  # by SIGSTOP: not even its lease is renewed
        self.back_at: timedelta | None = None  # when it is started again, if it is dead
        self.handed: dict[str, int] = {}  # deliveries that it handed over, at which attempt
        self.heard: dict[str, int] = {}  # deliveries of which it knows that they were taken, at which attempt
        self.crew = Crew(self._engine.sender, lambda: Way(self._engine, self), _Bell(), threads=1)
        self.seat = self.crew._seat(Way(self._engine, self))
        self.began_at, self.began = self._engine.clocks(), self._engine.clocks.elapsed

    @property
    def is_free(self) -> bool:
        """Whether it could work now."""
        return self.back_at is None and not self.is_busy and not self.is_stopped

    def round(self) -> bool:
        """Do one round; tell whether there was anything to do."""
        self.is_busy = True
        self._engine.clocks.go_on_to(self._engine.clocks.elapsed + _MOMENT)
        self.began_at, self.began = self._engine.clocks(), self._engine.clocks.elapsed
        try:
            return self.crew._is_clear(self.seat) and self.crew._round(self.seat)
        except DeathError as death:
            self._engine.deaths += 1
            self._engine.note("death", self.number, death)
            self.back_at = self._engine.clocks.elapsed + timedelta(seconds=self._engine.chance.randint(1, 200))
            return True
        finally:
            self.is_busy = False

    def renew(self) -> None:
        """Renew its lease, as a thread of its own does."""
        if self.is_busy and not self.is_stopped:
            try:
                self.crew._lease.renew()
            except UnavailableError:
                self._engine.note("not renewed", self.number)
