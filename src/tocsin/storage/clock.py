"""One clock per store: on PostgreSQL the database's, so that hosts whose clocks differ agree on what is due."""

import threading
import time
from datetime import datetime, timedelta

from tocsin.storage.columns import instant
from tocsin.storage.database import Readable

RESYNC = timedelta(seconds=10)
_NOW = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) AS n"


class DatabaseClock:
    """The database's time, asked for every RESYNC and carried on by the monotonic clock in between."""

    def __init__(self, database: Readable) -> None:
        self._database = database
        self._asking = threading.Lock()
        self._known = self._ask()  # an answer, and when it came in seconds of the monotonic clock

    def __call__(self) -> datetime:
        """Return the time now, in UTC. Raises UnavailableError if the database is away when it has to be asked.

        One asks, and the others do not wait for it: they hold connections, and to ask takes one more.
        """
        answer, asked_at = self._known
        if time.monotonic() - asked_at >= RESYNC.total_seconds() and self._asking.acquire(blocking=False):
            try:
                answer, asked_at = self._known = self._ask()
            finally:
                self._asking.release()
        return answer + timedelta(seconds=time.monotonic() - asked_at)

    def _ask(self) -> tuple[datetime, float]:
        with self._database.reading() as connection:
            answer = instant(connection.number(_NOW))
            # Looked at after the answer came and not before it was asked for: a slow answer must make this clock slow, because
            # a fast one would send early.
            return answer, time.monotonic()
