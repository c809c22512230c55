"""Table messages: the bytes of each message, frozen before it is first sent."""

from collections.abc import Iterable, Mapping

from tocsin.domain.delivery import NO_ENTRY, DeliveryId, Frozen
from tocsin.domain.model import WorkspaceId
from tocsin.storage.columns import Row, as_json, instant, micros
from tocsin.storage.database import Connection

_COLUMNS = "m.delivery_id, m.booking_revision, m.sequence, m.message_id, m.sender, m.message, m.frozen_at"


class SqlMessages:
    """The messages of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def get(self, delivery_id: DeliveryId) -> Frozen | None:
        """Return the message of a delivery, if it was frozen already."""
        statement = f"SELECT {_COLUMNS} FROM messages m WHERE m.workspace_id = :workspace_id AND m.delivery_id = :id"
        row = self._connection.row(statement, workspace_id=self._workspace_id, id=delivery_id)
        return None if row is None else _frozen(row)

    def current(self, delivery_ids: Iterable[DeliveryId]) -> dict[DeliveryId, Frozen]:
        """Return the messages that were frozen already and hold what their recipients are told now, by delivery."""
        statement = f"""
            SELECT {_COLUMNS} FROM messages m
              JOIN deliveries d ON d.workspace_id = m.workspace_id AND d.id = m.delivery_id
              LEFT JOIN invitations i ON i.workspace_id = d.workspace_id AND i.booking_id = d.booking_id
               AND i.recipient_key = d.recipient_key
             WHERE m.workspace_id = :workspace_id AND m.delivery_id {{any_of}}(:ids)
               AND (i.sequence = m.sequence OR m.sequence = {NO_ENTRY})"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, ids=as_json(sorted(delivery_ids)))
        return {DeliveryId(row["delivery_id"]): _frozen(row) for row in rows}

    def number(self) -> int:
        """Return how many there are, also without their words."""
        statement = "SELECT count(*) AS n FROM messages WHERE workspace_id = :workspace_id"
        return self._connection.number(statement, workspace_id=self._workspace_id)

    def freeze(self, messages: Mapping[DeliveryId, Frozen]) -> None:
        """Keep the messages of deliveries, each in the place of an older one that no longer holds."""
        statement = """
            INSERT INTO messages (workspace_id, delivery_id, booking_revision, sequence, message_id, sender, message, frozen_at)
            VALUES (:workspace_id, :delivery_id, :booking_revision, :sequence, :message_id, :sender, :message, :frozen_at)
            ON CONFLICT (workspace_id, delivery_id) DO UPDATE
               SET booking_revision = excluded.booking_revision, sequence = excluded.sequence,
                   message_id = excluded.message_id, sender = excluded.sender, message = excluded.message,
                   frozen_at = excluded.frozen_at"""
        self._connection.run_each(statement, (self._values(*each) for each in messages.items()))

    def _values(self, delivery_id: DeliveryId, frozen: Frozen) -> dict[str, object]:
        return {
            "workspace_id": self._workspace_id,
            "delivery_id": delivery_id,
            "booking_revision": frozen.booking_revision,
            "sequence": frozen.sequence,
            "message_id": frozen.message_id,
            "sender": frozen.sender,
            "message": frozen.message,
            "frozen_at": micros(frozen.frozen_at),
        }


def _frozen(row: Row) -> Frozen:
    return Frozen(
        booking_revision=row["booking_revision"],
        sequence=row["sequence"],
        message_id=row["message_id"],
        sender=row["sender"],
        message=bytes(row["message"]),
        frozen_at=instant(row["frozen_at"]),
    )
