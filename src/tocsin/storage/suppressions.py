"""Table suppressions: who gets no more messages, and what of theirs still waits."""

from collections.abc import Iterable
from datetime import datetime

from tocsin.domain.delivery import State
from tocsin.domain.model import WorkspaceId
from tocsin.domain.person import tombstone
from tocsin.domain.suppression import Suppression, SuppressionReason, suppression_key
from tocsin.storage.columns import Row, as_json, containing, instant, micros
from tocsin.storage.database import Connection
from tocsin.storage.deliveries import OPEN

_COLUMNS = "recipient, rule_id, reason, since_at, note"
_NOT_HIS_OWN = """
    AND NOT EXISTS (SELECT 1 FROM bookings b
                     WHERE b.workspace_id = deliveries.workspace_id AND b.id = deliveries.booking_id
                       AND lower(b.client_email) = :lowered)
    AND NOT EXISTS (SELECT 1 FROM booking_hosts h
                      JOIN members m ON m.workspace_id = h.workspace_id AND m.id = h.member_id
                     WHERE h.workspace_id = deliveries.workspace_id AND h.booking_id = deliveries.booking_id
                       AND lower(m.email) = :lowered)"""


class SqlSuppressions:
    """The suppression list of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id
        self.key = b""  # under which it is kept of who was erased that he gets no more messages

    def add(self, suppression: Suppression) -> bool:
        """Put an entry on the list; return False if one for the same thing and reason is there, which then stays."""
        statement = f"""
            INSERT INTO suppressions (workspace_id, recipient_key, {_COLUMNS})
            VALUES (:workspace_id, :recipient_key, :recipient, :rule_id, :reason, :since_at, :note)
            ON CONFLICT DO NOTHING"""
        added = self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            recipient_key=suppression_key(suppression.recipient),
            recipient=suppression.recipient,
            rule_id=suppression.rule_id,
            reason=suppression.reason.value,
            since_at=micros(suppression.since_at),
            note=suppression.note,
        )
        return added == 1

    def of_recipient(self, recipient: str) -> list[Suppression]:
        """Return all entries for an address, the oldest first."""
        return self.of([recipient]).get(suppression_key(recipient), [])

    def of(self, recipients: Iterable[str]) -> dict[str, list[Suppression]]:
        """Return all entries for these addresses, the oldest first, by `suppression_key`; nothing for one that has none."""
        keys = {key: key for key in map(suppression_key, recipients)}
        rows = self._listed(keys)
        if any(row["erased_at"] is not None for row in rows[:1]):
            # Somebody was erased here, perhaps one of these. Else it is not asked: each message that leaves waits for it.
            keys |= {tombstone(key, workspace_id=self._workspace_id, key=self.key): key for key in keys}
            rows = self._listed(keys)
        found: dict[str, list[Suppression]] = {}
        for row in rows:
            if row["recipient_key"] is not None:
                found.setdefault(keys[row["recipient_key"]], []).append(_suppression(row))
        return found

    def _listed(self, keys: Iterable[str]) -> list[Row]:
        """Return all entries for these keys, each with when a person was erased last; without an entry that alone."""
        statement = f"""
            SELECT w.erased_at, recipient_key, {_COLUMNS} FROM workspaces w
              LEFT JOIN suppressions ON suppressions.workspace_id = w.workspace_id AND recipient_key {{any_of}}(:keys)
             WHERE w.workspace_id = :workspace_id ORDER BY since_at, rule_id, reason"""
        return self._connection.rows(statement, workspace_id=self._workspace_id, keys=as_json(sorted(keys)))

    def page(self, *, recipient: str, search: str = "", limit: int, offset: int) -> tuple[list[Suppression], int]:
        """Return a page of the list, the newest first, and the number of all entries.

        Of one address only, if `recipient` is given; with `search` of those that contain it.
        """
        values = {"recipient_key": suppression_key(recipient)} if recipient else {}
        where = "WHERE workspace_id = :workspace_id" + "".join(f" AND {name} = :{name}" for name in values)
        if search:
            values["pattern"] = containing(search)
            where += " AND lower(recipient) LIKE :pattern ESCAPE '~'"
        statement = f"""
            SELECT {_COLUMNS} FROM suppressions {where}
             ORDER BY since_at DESC, recipient_key, rule_id, reason LIMIT :limit OFFSET :offset"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, limit=limit, offset=offset, **values)
        counting = f"SELECT count(*) AS n FROM suppressions {where}"
        number = self._connection.number(counting, workspace_id=self._workspace_id, **values)
        return [_suppression(row) for row in rows], number

    def remove(self, recipient: str, *, rule_id: str, reasons: Iterable[SuppressionReason] = SuppressionReason) -> int:
        """Take entries with one of `reasons` for exactly this rule, or the whole workspace, off the list; return how many."""
        statement = """
            DELETE FROM suppressions
             WHERE workspace_id = :workspace_id AND recipient_key = :recipient_key AND rule_id = :rule_id
               AND reason {any_of}(:reasons)"""
        return self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            recipient_key=suppression_key(recipient),
            rule_id=rule_id,
            reasons=as_json([reason.value for reason in reasons]),
        )

    def end_waiting(self, suppression: Suppression, *, now: datetime) -> int:
        """End what waits for the recipient and is covered by an entry; return how many.

        An opt-out leaves messages about a booking of the recipient's own. Where SQL's idea of a letter's case is narrower
        than ours, the delivery is ended when it falls due.
        """
        statement = f"""
            UPDATE deliveries SET state = 'suppressed', reason = :reason, settled_at = :now
             WHERE workspace_id = :workspace_id AND {OPEN} AND state <> 'sending'
               AND lower(recipient_key) = :lowered AND (rule_id = :rule_id OR :rule_id = '')"""
        if suppression.reason is SuppressionReason.OPTED_OUT:
            statement += _NOT_HIS_OWN
        ended = self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            lowered=suppression.recipient.lower(),
            rule_id=suppression.rule_id,
            reason=suppression.sentence,
            now=micros(now),
        )
        self._connection.changes.counts["ended", State.SUPPRESSED.value] += ended
        return ended


def _suppression(row: Row) -> Suppression:
    return Suppression(
        recipient=row["recipient"],
        rule_id=row["rule_id"],
        reason=SuppressionReason(row["reason"]),
        since_at=instant(row["since_at"]),
        note=row["note"],
    )
