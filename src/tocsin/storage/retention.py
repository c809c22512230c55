"""For how long a workspace keeps what was, and how it is forgotten."""

from collections.abc import Iterable
from datetime import datetime

from tocsin.domain.model import BookingId, WorkspaceId
from tocsin.domain.retention import Kept
from tocsin.storage.columns import as_json, micros
from tocsin.storage.database import Connection

_STANDING = ("messages_kept_days", "bookings_kept_days", "messages_forgotten_until")
# A revision that no booking has: a message without its words is never sent again.
BLANK = "UPDATE messages SET message = :nothing, booking_revision = -1 WHERE workspace_id = :workspace_id"
_IS_OVER = """
    b.workspace_id = :workspace_id AND b.ends_at < :before
       AND NOT EXISTS (SELECT 1 FROM deliveries d
                        WHERE d.workspace_id = b.workspace_id AND d.booking_id = b.id AND d.settled_at IS NULL)"""
# Links of a chain know no booking of ours while a later one holds it, so they are found by what they continue.
_CHAINS = """
    WITH RECURSIVE chain (workspace_id, source_id, id, continues) AS (
        SELECT workspace_id, source_id, id, continues FROM source_bookings
         WHERE workspace_id = :workspace_id AND booking_id {any_of}(:ids)
        UNION
        SELECT s.workspace_id, s.source_id, s.id, s.continues FROM source_bookings s
          JOIN chain c ON s.workspace_id = c.workspace_id AND s.source_id = c.source_id
                      AND (s.id = c.continues OR s.continues = c.id)
         WHERE s.workspace_id = :workspace_id AND s.booking_id IS NULL)
    DELETE FROM source_bookings
     WHERE workspace_id = :workspace_id AND (source_id, id) IN (SELECT source_id, id FROM chain)"""
# In an order in which each still finds what it goes by.
_OF_DELIVERIES = ("attempts", "messages", "interventions")
_OF_BOOKINGS = ("deliveries", "invitations", "inviters", "rsvps", "events", "booking_revisions", "booking_hosts")


class SqlRetention:
    """What is kept of one workspace's bookings and messages."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def kept(self) -> Kept:
        """Return for how long what is kept, as far as somebody has said."""
        standing = self._standing()
        return Kept(messages=standing["messages_kept_days"], bookings=standing["bookings_kept_days"])

    def keep(self, kept: Kept) -> None:
        """Keep it for so long."""
        statement = """
            UPDATE workspaces SET messages_kept_days = :messages, bookings_kept_days = :bookings
             WHERE workspace_id = :workspace_id"""
        self._connection.run(statement, workspace_id=self._workspace_id, messages=kept.messages, bookings=kept.bookings)

    def forget_messages(self, *, before: datetime) -> int:
        """Forget the words of messages whose deliveries ended before a moment, since the last time; return how many."""
        since, until = self._standing()["messages_forgotten_until"] or 0, micros(before)
        if since >= until:
            return 0
        statement = f"""{BLANK} AND booking_revision >= 0 AND delivery_id IN (
            SELECT d.id FROM deliveries d
             WHERE d.workspace_id = :workspace_id AND d.settled_at >= :since AND d.settled_at < :until)"""
        gone = self._connection.run(statement, workspace_id=self._workspace_id, since=since, until=until, nothing=b"")
        moved = "UPDATE workspaces SET messages_forgotten_until = :until WHERE workspace_id = :workspace_id"
        self._connection.run(moved, workspace_id=self._workspace_id, until=until)
        return gone

    def over(self, *, before: datetime, most: int) -> list[BookingId]:
        """Return bookings that ended before a moment and of which no delivery is open, the oldest first."""
        statement = f"SELECT b.id FROM bookings b WHERE {_IS_OVER} ORDER BY b.ends_at, b.id LIMIT :most"
        asked = {"workspace_id": self._workspace_id, "before": micros(before), "most": most}
        return [BookingId(row["id"]) for row in self._connection.rows(statement, **asked)]

    def forget_bookings(self, booking_ids: Iterable[BookingId], *, before: datetime) -> int:
        """Forget those that are still over, with all that is known of them; return how many."""
        ids = self._locked(booking_ids, before=before)
        own = "workspace_id = :workspace_id"
        of_them = f"SELECT id FROM deliveries WHERE {own} AND booking_id {{any_of}}(:ids)"
        for table in _OF_DELIVERIES:
            self._gone(f"DELETE FROM {table} WHERE {own} AND delivery_id IN ({of_them})", ids)
        for table in _OF_BOOKINGS:
            self._gone(f"DELETE FROM {table} WHERE {own} AND booking_id {{any_of}}(:ids)", ids)
        self._gone(_CHAINS, ids)
        return self._gone(f"DELETE FROM bookings WHERE {own} AND id {{any_of}}(:ids)", ids)

    def _locked(self, booking_ids: Iterable[BookingId], *, before: datetime) -> str:
        """Keep others from changing them, and look at them again, because somebody may have moved one meanwhile."""
        asked = {"workspace_id": self._workspace_id, "ids": as_json(sorted(booking_ids))}
        among = "id {any_of}(:ids)"
        locks = f"SELECT id FROM bookings WHERE workspace_id = :workspace_id AND {among} ORDER BY id {{for_update}}"
        self._connection.lock(locks, **asked)
        statement = f"SELECT b.id FROM bookings b WHERE {_IS_OVER} AND b.{among}"
        return as_json([row["id"] for row in self._connection.rows(statement, **asked, before=micros(before))])

    def _gone(self, statement: str, ids: str) -> int:
        return self._connection.run(statement, workspace_id=self._workspace_id, ids=ids)

    def _standing(self) -> dict[str, int | None]:
        statement = f"SELECT {', '.join(_STANDING)} FROM workspaces WHERE workspace_id = :workspace_id"
        row = self._connection.row(statement, workspace_id=self._workspace_id)
        return dict.fromkeys(_STANDING) if row is None else dict(row)
