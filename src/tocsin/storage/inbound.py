"""Table inbound_counts, what comes back of deliveries, and whose the addresses are that it came to, within one workspace."""

from datetime import UTC, datetime

from tocsin.domain.delivery import DeliveryId
from tocsin.domain.model import WorkspaceId
from tocsin.domain.recipients import recipient_key
from tocsin.storage.columns import micros
from tocsin.storage.database import Connection


class SqlInboundCounts:
    """How much mail came for one workspace, by day and by what became of it."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def add(self, verdict: str, *, now: datetime) -> None:
        """Count one mail."""
        statement = """
            INSERT INTO inbound_counts (workspace_id, day, verdict, number)
            VALUES (:workspace_id, :day, :verdict, 1)
            ON CONFLICT (workspace_id, day, verdict) DO UPDATE SET number = inbound_counts.number + 1"""
        self._connection.run(statement, workspace_id=self._workspace_id, day=_day(now), verdict=verdict)

    def since(self, moment: datetime) -> dict[str, int]:
        """Return how many mails came on the day of `moment` in UTC and after it, by verdict."""
        statement = """
            SELECT verdict, sum(number) AS n FROM inbound_counts
             WHERE workspace_id = :workspace_id AND day >= :day GROUP BY verdict ORDER BY verdict"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, day=_day(moment))
        return {row["verdict"]: int(row["n"]) for row in rows}


class SqlBounces:
    """What came back of the deliveries of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def end(self, delivery_id: DeliveryId, *, reason: str, sent_since: datetime, now: datetime) -> bool:
        """Fail a delivery that was sent, at `sent_since` or later; return False if it was not, or is failed already."""
        statement = """
            UPDATE deliveries SET state = 'failed', reason = :reason, settled_at = :now
             WHERE workspace_id = :workspace_id AND id = :id AND state = 'sent' AND settled_at >= :sent_since"""
        touched = self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            id=delivery_id,
            reason=reason,
            sent_since=micros(sent_since),
            now=micros(now),
        )
        return touched == 1

    def mark_dead(self, delivery_id: DeliveryId, *, now: datetime) -> None:
        """Note that a delivery came back because nobody is at its recipient's address."""
        statement = "UPDATE deliveries SET bounced_at = :now WHERE workspace_id = :workspace_id AND id = :id"
        self._connection.run(statement, workspace_id=self._workspace_id, id=delivery_id, now=micros(now))

    def number_dead(self, recipient: str) -> int:
        """Return how many deliveries came back because nobody is at this address."""
        statement = """
            SELECT count(*) AS n FROM deliveries
             WHERE workspace_id = :workspace_id AND recipient_key = :recipient_key AND bounced_at IS NOT NULL"""
        return self._connection.number(
            statement, workspace_id=self._workspace_id, recipient_key=recipient_key(recipient)
        )

    def complain(self, delivery_id: DeliveryId, *, now: datetime) -> bool:
        """Note that the recipient of a delivery called it spam; return False if that is known, or there is no such one."""
        statement = """
            UPDATE deliveries SET complained_at = :now
             WHERE workspace_id = :workspace_id AND id = :id AND complained_at IS NULL"""
        return self._connection.run(statement, workspace_id=self._workspace_id, id=delivery_id, now=micros(now)) == 1


class SqlOwnIds:
    """The whole ids of things of one workspace, of which an address of ours has room for the beginning only."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def of_invitation(self, bounds: tuple[str, str]) -> str | None:
        """Return the id from the first to the last of `bounds` that an invitation has; None if none has one, or two have."""
        return self._only("invitations", bounds)

    def of_delivery(self, bounds: tuple[str, str]) -> str | None:
        """Return the id from the first to the last of `bounds` that a delivery has; None if none has one, or two have."""
        return self._only("deliveries", bounds)

    def _only(self, table: str, bounds: tuple[str, str]) -> str | None:
        # All ids are of one length and shape, so every collation sorts them as their octets do.
        statement = f"""
            SELECT id FROM {table} WHERE workspace_id = :workspace_id AND id >= :first AND id <= :last LIMIT 2"""
        first, last = bounds
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, first=first, last=last)
        return rows[0]["id"] if len(rows) == 1 else None


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
