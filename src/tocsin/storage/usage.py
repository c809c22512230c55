"""Tables usage and workspace_limits: what a workspace has sent, how much it may, and whether it is paused.

Whoever counts locks the workspace's row of workspace_limits first, and then touches rows of usage in order. So two workers
never both take the last place, and never wait for each other.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from tocsin.domain.delivery import DeliveryId
from tocsin.domain.limits import Buckets
from tocsin.domain.model import WorkspaceId
from tocsin.domain.pause import Pause
from tocsin.services.ports_recipients import Meter, Overrides
from tocsin.storage.columns import Row, as_json, instant, maybe_micros, micros
from tocsin.storage.database import Connection
from tocsin.storage.deliveries import AT_ONCE, OPEN

_STANDING = "workspace_limit, recipient_limit, domain_limit, sending_paused_at, sending_paused_because"


class SqlUsage:
    """What is counted and limited of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id
        self._is_locked = False
        self._read: Row | None = None  # the workspace's row, which nobody else changes while it is locked

    def lock(self) -> None:
        """Let nobody else count for this workspace until the transaction ends."""
        if not self._is_locked:
            self._lock()
            self._is_locked = True

    def _lock(self) -> None:
        if self._locked():
            return
        # Two who find no row insert it at the same moment: the second waits for the first, does nothing, and then locks.
        self._connection.run(
            """
            INSERT INTO workspace_limits (workspace_id, sending_paused_because) VALUES (:workspace_id, '')
            ON CONFLICT DO NOTHING""",
            workspace_id=self._workspace_id,
        )
        self._locked()

    def overrides(self) -> Overrides:
        """Return the limits that an operator has set for this workspace."""
        row = self._standing()
        if row is None:
            return Overrides()
        return Overrides(workspace=row["workspace_limit"], recipient=row["recipient_limit"], domain=row["domain_limit"])

    def override(self, overrides: Overrides) -> None:
        """Set the limits of this workspace; None takes the installation's."""
        self.lock()
        self._read = None
        self._connection.run(
            """
            UPDATE workspace_limits
               SET workspace_limit = :workspace, recipient_limit = :recipient, domain_limit = :domain
             WHERE workspace_id = :workspace_id""",
            workspace_id=self._workspace_id,
            workspace=overrides.workspace,
            recipient=overrides.recipient,
            domain=overrides.domain,
        )

    def pause(self) -> Pause | None:
        """Return since when and why sending is paused, or None."""
        row = self._standing()
        if row is None or row["sending_paused_at"] is None:
            return None
        return Pause(since_at=instant(row["sending_paused_at"]), because=row["sending_paused_because"])

    def set_pause(self, pause: Pause | None) -> None:
        """Pause sending, or let it go on."""
        self.lock()
        self._read = None
        self._connection.run(
            """
            UPDATE workspace_limits SET sending_paused_at = :since_at, sending_paused_because = :because
             WHERE workspace_id = :workspace_id""",
            workspace_id=self._workspace_id,
            since_at=maybe_micros(None if pause is None else pause.since_at),
            because="" if pause is None else pause.because,
        )

    def read(self, meters: Iterable[Meter]) -> dict[Meter, Buckets]:
        """Return what each meter has counted; nothing for one that has no row."""
        wanted = sorted(set(meters))
        rows = self._connection.rows(
            """
            SELECT kind, name, window_s, buckets FROM usage
             WHERE workspace_id = :workspace_id AND kind {any_of}(:kinds) AND name {any_of}(:names)
             ORDER BY kind, name, window_s""",
            workspace_id=self._workspace_id,
            kinds=as_json(sorted({meter.kind for meter in wanted})),
            names=as_json(sorted({meter.name for meter in wanted})),
        )
        found = {_meter(row): _buckets(row) for row in rows}
        return {meter: found.get(meter, Buckets()) for meter in wanted}

    def write(self, counted: Mapping[Meter, Buckets]) -> None:
        """Store what was counted."""
        self._connection.run_each(
            """
            INSERT INTO usage (workspace_id, kind, name, window_s, buckets, ends_at)
            VALUES (:workspace_id, :kind, :name, :window_s, :buckets, :ends_at)
            ON CONFLICT (workspace_id, kind, name, window_s) DO UPDATE
               SET buckets = excluded.buckets, ends_at = excluded.ends_at""",
            (self._values(meter, counted[meter]) for meter in sorted(counted)),
        )

    def forget(self, *, kinds: Iterable[str] = (), before: datetime | None = None) -> None:
        """Delete what was counted of some kinds, or all that counts nothing any more at a moment."""
        self._connection.run(
            "DELETE FROM usage WHERE workspace_id = :workspace_id AND (kind {any_of}(:kinds) OR ends_at <= :before)",
            workspace_id=self._workspace_id,
            kinds=as_json(list(kinds)),
            before=0 if before is None else micros(before),
        )

    def charged(self, delivery_ids: Iterable[DeliveryId]) -> set[DeliveryId]:
        """Return those of the deliveries that were counted already."""
        statement = "SELECT id FROM deliveries WHERE workspace_id = :workspace_id AND id {any_of}(:ids) AND charged"
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, ids=as_json(sorted(delivery_ids)))
        return {DeliveryId(row["id"]) for row in rows}

    def charge(self, delivery_ids: Iterable[DeliveryId]) -> None:
        """Mark deliveries as counted."""
        statement = "UPDATE deliveries SET charged = TRUE WHERE workspace_id = :workspace_id AND id {any_of}(:ids)"
        self._connection.run(statement, workspace_id=self._workspace_id, ids=as_json(sorted(delivery_ids)))

    def release(self, reason: str, *, now: datetime) -> int:
        """Let go at once what was due and waits for a reason that begins so; return how many."""
        statement = f"""
            UPDATE deliveries SET next_at = {AT_ONCE}, reason = ''
             WHERE workspace_id = :workspace_id AND {OPEN}
               AND state IN ('scheduled', 'retrying') AND reason LIKE :beginning"""
        return self._connection.run(statement, workspace_id=self._workspace_id, beginning=f"{reason}%", now=micros(now))

    def _locked(self) -> bool:
        statement = "SELECT workspace_id FROM workspace_limits WHERE workspace_id = :workspace_id {for_update}"
        return self._connection.row(statement, workspace_id=self._workspace_id) is not None

    def _standing(self) -> Row | None:
        if self._read is None or not self._is_locked:
            statement = f"SELECT {_STANDING} FROM workspace_limits WHERE workspace_id = :workspace_id"
            self._read = self._connection.row(statement, workspace_id=self._workspace_id)
        return self._read

    def _values(self, meter: Meter, buckets: Buckets) -> dict[str, object]:
        return {
            "workspace_id": self._workspace_id,
            "kind": meter.kind,
            "name": meter.name,
            "window_s": int(meter.window.total_seconds()),
            "buckets": as_json(buckets.counts),
            "ends_at": micros(buckets.ends_at(meter.window)),
        }


def _meter(row: Row) -> Meter:
    return Meter(kind=row["kind"], name=row["name"], window=timedelta(seconds=row["window_s"]))


def _buckets(row: Row) -> Buckets:
    return Buckets(counts=tuple((number, count) for number, count in json.loads(row["buckets"])))
