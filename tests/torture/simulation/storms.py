"""What goes wrong: commits that fail, or whose answer is lost, stores that are away, and processes that end at any point."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import cache

from tests.torture.simulation.clocks import Clocks
from tocsin.domain.errors import UnavailableError
from tocsin.services.faults import POINTS, PlantedFaultError
from tocsin.storage.database import SQLITE, Connection
from tocsin.storage.migrate import migrate
from tocsin.storage.scratch import MemoryDatabase

_COMMITS = frozenset({"before_commit", "after_commit"})
_DEADLY_ONLY = frozenset({"after_accept"})  # between hearing and writing down nothing can fail but the process


class DeathError(BaseException):
    """The process ended here; not an Exception, because nothing may catch it."""


class Storms:
    """How bad it is now. Chances are for each time that a point is passed."""

    def __init__(self, chance: random.Random, clocks: Clocks) -> None:
        self._chance = chance
        self._clocks = clocks
        self.is_calm = True
        self.is_mortal = True
        self.deaths = 0.0
        self.failures = 0.0
        self.away_until = timedelta(0)
        self.failed_at: timedelta | None = None  # when the store failed for the last time

    def point(self, name: str) -> None:
        """Be what `faults.point` is in a simulation."""
        assert name in POINTS, name
        if self.is_calm:
            return
        roll = self._chance.random()
        if self.is_mortal and roll < self.deaths:
            raise DeathError(name)
        if self.deaths <= roll < self.deaths + self.failures and name not in _DEADLY_ONLY:
            self.failed_at = self._clocks.elapsed
            raise (UnavailableError if name in _COMMITS else PlantedFaultError)(f"the simulated store failed {name}")

    def reach(self) -> None:
        """Raise UnavailableError while the store is away."""
        if not self.is_calm and self._clocks.elapsed < self.away_until:
            self.failed_at = self._clocks.elapsed
            raise UnavailableError("the simulated store is away")

    @contextmanager
    def none(self) -> Iterator[None]:
        """Let nothing go wrong for a while: for what the simulation itself looks at."""
        was, self.is_calm = self.is_calm, True
        try:
            yield
        finally:
            self.is_calm = was

    @contextmanager
    def immortal(self) -> Iterator[None]:
        """Let nobody die for a while."""
        was, self.is_mortal = self.is_mortal, False
        try:
            yield
        finally:
            self.is_mortal = was


class StormyDatabase(MemoryDatabase):
    """A real SQLite database in memory, with all tables, in storms."""

    def __init__(self, storms: Storms) -> None:
        super().__init__()
        self._connection.deserialize(_migrated())
        self._storms = storms

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begin; keep what was done at the end of the block, or undo it if it raises or the storm hits it."""
        self._storms.reach()
        self._connection.execute("BEGIN")
        try:
            yield Connection(self._connection, SQLITE)
            self._storms.point("before_commit")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        self._storms.point("after_commit")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give it for reading."""
        self._storms.reach()
        yield Connection(self._connection, SQLITE)

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Return what is in the tables, whatever the weather."""
        return self._connection.execute(sql, values).fetchall()


@cache
def _migrated() -> bytes:
    with closing(MemoryDatabase()) as database:
        migrate(database)
        connection: sqlite3.Connection = database._connection
        return connection.serialize()
