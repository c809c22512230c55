"""For how long a workspace keeps the words of messages, and up to where they are forgotten."""

from datetime import datetime

from tocsin.domain.model import WorkspaceId
from tocsin.storage.columns import micros
from tocsin.storage.database import Connection

# A revision that no booking has: a message without its words is never sent again.
BLANK = "UPDATE messages SET message = :nothing, booking_revision = -1 WHERE workspace_id = :workspace_id"


class SqlRetention:
    """What is kept of one workspace's messages."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def days(self) -> int | None:
        """Return for how many days words are kept, or None where nobody has said."""
        return self._standing()["messages_kept_days"]

    def keep(self, days: int | None) -> None:
        """Keep words for so many days; None takes it back."""
        statement = "UPDATE workspaces SET messages_kept_days = :days WHERE workspace_id = :workspace_id"
        self._connection.run(statement, workspace_id=self._workspace_id, days=days)

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

    def _standing(self) -> dict[str, int | None]:
        statement = """
            SELECT messages_kept_days, messages_forgotten_until FROM workspaces WHERE workspace_id = :workspace_id"""
        row = self._connection.row(statement, workspace_id=self._workspace_id)
        return {"messages_kept_days": None, "messages_forgotten_until": None} if row is None else dict(row)
