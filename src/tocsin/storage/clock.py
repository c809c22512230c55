"""One clock per store: on PostgreSQL the database's, so that hosts whose clocks differ agree on what is due."""

import threading
import time
from datetime import datetime, timedelta

from tocsin.storage.columns import instant
from tocsin.storage.database import Database

RESYNC = timedelta(seconds=10)
_NOW = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) AS n"


class DatabaseClock:
    """The database's time, asked for every RESYNC and carried on by the monotonic clock in between."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._asked_at = -RESYNC.total_seconds()
        self._answer = instant(0)
        self._ask()

    def __call__(self) -> datetime:
        """Return the time now, in UTC. Raises UnavailableError if the database is away when it has to be asked."""
        with self._lock:
            if time.monotonic() - self._asked_at >= RESYNC.total_seconds():
                self._ask()
            return self._answer + timedelta(seconds=time.monotonic() - self._asked_at)

    def _ask(self) -> None:
        with self._database.reading() as connection:
            self._answer = instant(connection.number(_NOW))
            # Looked at after the answer came and not before it was asked for: a slow answer must make this clock slow, because
            # a fast one would send early.
            self._asked_at = time.monotonic()
