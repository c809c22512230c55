"""Table interventions, and what they do to deliveries: who paused, resumed or skipped which."""

from collections.abc import Iterable
from datetime import datetime

from tocsin.domain.delivery import Delivery, DeliveryId, Verdict
from tocsin.domain.intervention import Deed, Intervention
from tocsin.domain.model import BookingId, WorkspaceId
from tocsin.storage.columns import as_json, instant, micros
from tocsin.storage.database import Connection
from tocsin.storage.deliveries import OPEN


class SqlInterventions:
    """What people did to the deliveries of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def settle(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> bool:
        """Bring a delivery where a verdict says; return False if it is no more as it was seen."""
        statement = """
            UPDATE deliveries SET state = :state, reason = :reason, next_at = :next_at, settled_at = :settled_at
             WHERE workspace_id = :workspace_id AND id = :id AND state = :before AND attempts = :attempts"""
        ends = verdict.next_at is None
        touched = self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            id=delivery.id,
            before=delivery.state.value,
            attempts=delivery.attempts,
            state=verdict.state.value,
            reason=verdict.reason,
            next_at=micros(verdict.next_at or now),
            settled_at=micros(now) if ends else None,
        )
        if ends:
            self._connection.changes.counts["ended", verdict.state.value] += touched
        return touched == 1

    def record(self, made: Intervention, *, reason: str) -> None:
        """Keep who did what; `reason` is the one that the delivery has by it."""
        statement = """
            INSERT INTO interventions (workspace_id, delivery_id, number, deed, made_by, made_at, reason)
            VALUES (:workspace_id, :delivery_id,
                    (SELECT count(*) FROM interventions WHERE workspace_id = :workspace_id AND delivery_id = :delivery_id),
                    :deed, :made_by, :made_at, :reason)"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            delivery_id=made.delivery_id,
            deed=made.deed.value,
            made_by=made.by,
            made_at=micros(made.at),
            reason=reason,
        )

    def of(self, delivery_ids: Iterable[DeliveryId]) -> list[Intervention]:
        """Return what was done to these deliveries, in order."""
        statement = """
            SELECT delivery_id, deed, made_by, made_at FROM interventions
             WHERE workspace_id = :workspace_id AND delivery_id {any_of}(:ids) ORDER BY delivery_id, number"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, ids=as_json(sorted(set(delivery_ids))))
        return [
            Intervention(
                delivery_id=DeliveryId(row["delivery_id"]),
                deed=Deed(row["deed"]),
                by=row["made_by"],
                at=instant(row["made_at"]),
            )
            for row in rows
        ]

    def is_any_paused(self, booking_id: BookingId, *, rule_id: str = "") -> bool:
        """Tell whether something about a booking is paused, of one rule if it is given."""
        statement = f"""
            SELECT count(*) AS n FROM deliveries
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND {OPEN} AND state = 'paused'
               AND (rule_id = :rule_id OR :rule_id = '')"""
        found = self._connection.number(
            statement, workspace_id=self._workspace_id, booking_id=booking_id, rule_id=rule_id
        )
        return found > 0
