"""Hints between the processes on one PostgreSQL, by LISTEN and NOTIFY: something may have fallen due.

A hint may come late, twice, for nothing, or never; polling is the truth. It is sent in a transaction of its own, after the one
it tells of: a transaction that notifies takes a lock of the whole server when it commits, and those that take bookings in
would wait for each other.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tocsin.storage.postgres import PostgresDatabase, is_direct

CHANNEL = "tocsin_due"
PROOF_S = 5.0  # seconds in which a hint to oneself has to arrive; one takes less than a millisecond


class Ears:
    """A session that hears hints."""

    def __init__(self, session: psycopg.Connection[tuple[object, ...]], name: str) -> None:
        self._session = session
        self._name = name

    def heard(self, *, within_s: float) -> bool:
        """Wait at most `within_s` seconds; tell whether another process hinted. Raises UnavailableError."""
        return any(word != self._name for word in self.words(within_s=within_s))

    def words(self, *, within_s: float) -> list[str]:
        """Return the names of the processes that hinted, this one's too."""
        return [one.payload for one in self._session.notifies(timeout=within_s, stop_after=1)]


class PostgresHints:
    """Sends hints through the pool and hears them on a session of its own."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._name = uuid.uuid4().hex  # of this process, so that it does not wake itself

    def tell(self) -> None:
        """Hint to all other processes. Raises UnavailableError."""
        with self._database.aside() as connection:
            connection.rows("SELECT pg_notify(:channel, :name)", channel=CHANNEL, name=self._name)

    @contextmanager
    def listening(self) -> Iterator[Ears | None]:
        """Give what hears hints, or None where they do not arrive. Raises UnavailableError."""
        with self._database.apart() as session:
            yield self._ears(session)

    def _ears(self, session: psycopg.Connection[tuple[object, ...]]) -> Ears | None:
        # A pooler in transaction mode takes LISTEN, and keeps it on a server connection that then serves others. It is known by
        # the process id it made up, and not asked; whatever else may stand between shows in a hint that does not arrive.
        if not is_direct(session):
            return None
        session.execute(f"LISTEN {CHANNEL}".encode())
        ears = Ears(session, self._name)
        self.tell()
        return ears if ears.words(within_s=PROOF_S) else None
