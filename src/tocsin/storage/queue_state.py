"""The queue as a whole, for whoever watches: how much is due, since when, and how much is in the hands of workers."""

from datetime import datetime

from tocsin.services.ports_telemetry import QueueState
from tocsin.storage.columns import Row, micros
from tocsin.storage.coming import BY_DUE
from tocsin.storage.database import Connection
from tocsin.storage.source_queue import SqlSourceQueue

MOST_COUNTED = 100_000  # of each; what is beyond that is not counted: nobody needs to know, and to count it takes time

_LEASED = "SELECT count(*) AS n FROM deliveries WHERE state = 'sending'"


class SqlQueueState(SqlSourceQueue):
    """Counts over the deliveries of all workspaces."""

    def state(self, *, now: datetime) -> QueueState:
        """Return what waits; of each no more is counted than MOST_COUNTED."""
        with self._database.reading() as connection:
            (mail, oldest_mail), (calls, oldest_call) = (_due(connection, shelf, now) for shelf in BY_DUE)
            leased = connection.number(_LEASED)
            later = sum(_counted(connection, shelf, ">", now)["n"] for shelf in BY_DUE)
        return QueueState(
            due_mail=mail,
            due_calls=calls,
            scheduled=_without(later, leased),
            oldest_due_s=max(oldest_mail, oldest_call),
            leased=leased,
        )


def _without(later: int, leased: int) -> int:
    """A leased one is in the queue too, for when its lease lapses."""
    return max(0, later - leased)


def _due(connection: Connection, shelf: tuple[str, str], now: datetime) -> tuple[int, float]:
    row = _counted(connection, shelf, "<=", now)
    return row["n"], 0.0 if row["at"] is None else (micros(now) - row["at"]) / 1_000_000


def _counted(connection: Connection, shelf: tuple[str, str], when: str, now: datetime) -> Row:
    """Read from the index by which workers claim: of mail, or of calls."""
    table, which = shelf
    statement = f"""
        SELECT count(*) AS n, min(at) AS at FROM (
               SELECT next_at AS at FROM {table}
                WHERE {which} AND next_at {when} :now ORDER BY next_at LIMIT {MOST_COUNTED}) d"""
    return connection.rows(statement, now=micros(now))[0]
