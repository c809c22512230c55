"""Tables deliveries, attempts and invitations, summed up for the overview of one workspace."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tocsin.domain.delivery import Attempt, Delivery, State
from tocsin.domain.model import WorkspaceId
from tocsin.domain.rsvp import Rsvp
from tocsin.services.ports_overview import QUARTER, Tally
from tocsin.storage.columns import instant, maybe_instant, micros
from tocsin.storage.coming import BY_DUE
from tocsin.storage.database import Connection
from tocsin.storage.deliveries import COLUMNS, OPEN, attempt_of, deliveries_in

_QUARTER = QUARTER // timedelta(microseconds=1)
_LOST = "state IN ('failed', 'expired') AND settled_at >= :since"


class SqlOverview:
    """Sums and extracts over the deliveries of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def ended(self, *, since: datetime) -> list[Tally]:
        """Return how many deliveries ended in which state, by quarters of an hour."""
        statement = f"""
            SELECT settled_at / {_QUARTER} AS quarter, state, count(*) AS n FROM deliveries
             WHERE workspace_id = :workspace_id AND settled_at >= :since GROUP BY 1, 2"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, since=micros(since))
        return [
            Tally(began_at=instant(row["quarter"] * _QUARTER), state=State(row["state"]), number=row["n"])
            for row in rows
        ]

    def lost(self, *, since: datetime, limit: int) -> tuple[list[Delivery], int]:
        """Return what failed or expired since a moment, the latest first, and the number of all that did."""
        return self._some(_LOST, "settled_at DESC, id", limit=limit, since=micros(since))

    def attempts(self, *, limit: int) -> list[Attempt]:
        """Return the last attempts that ended, the latest first: at what ended last, and at what waits for another."""
        found: list[Attempt] = []
        for which in ("settled_at IS NOT NULL ORDER BY settled_at DESC", f"{OPEN} AND attempts > 0 ORDER BY next_at"):
            statement = f"""
                SELECT a.number, a.started_at, a.ended_at, a.result, a.code, a.enhanced_code, a.reply
                  FROM (SELECT workspace_id, id FROM deliveries WHERE workspace_id = :workspace_id AND {which}
                         LIMIT :limit) d
                  JOIN attempts a ON a.workspace_id = d.workspace_id AND a.delivery_id = d.id
                 WHERE a.workspace_id = :workspace_id AND a.ended_at IS NOT NULL
                 ORDER BY a.ended_at DESC LIMIT :limit"""
            rows = self._connection.rows(statement, workspace_id=self._workspace_id, limit=limit)
            found += [attempt_of(row) for row in rows]
        return sorted(found, key=lambda one: one.ended_at or one.started_at, reverse=True)[:limit]

    def oldest_due(self, *, now: datetime) -> datetime | None:
        """Return since when the delivery waits that has been due longest."""
        found = []
        for table, which in BY_DUE:
            statement = f"""
                SELECT min(next_at) AS at FROM {table}
                 WHERE workspace_id = :workspace_id AND {which} AND state <> 'sending' AND next_at <= :now"""
            rows = self._connection.rows(statement, workspace_id=self._workspace_id, now=micros(now))
            found.append(maybe_instant(rows[0]["at"]))
        return min((moment for moment in found if moment is not None), default=None)

    def has_bookings(self) -> bool:
        """Tell whether there is any booking."""
        statement = "SELECT id FROM bookings WHERE workspace_id = :workspace_id LIMIT 1"
        return self._connection.row(statement, workspace_id=self._workspace_id) is not None

    def rsvps(self, *, now: datetime, until: datetime) -> Mapping[Rsvp, int]:
        """Return how many of those who are invited to the bookings that begin until a moment have answered what."""
        # The bookings first: else every invitation there ever was is looked at for its booking.
        statement = """
            WITH coming AS MATERIALIZED (
                 SELECT workspace_id, id FROM bookings WHERE workspace_id = :workspace_id AND status = 'confirmed'
                    AND ends_at > :now AND starts_at < :until)
            SELECT CASE WHEN i.rsvp IS NULL OR i.answered_sequence < i.sequence THEN 'needs_action' ELSE i.rsvp END AS rsvp,
                   count(*) AS n
              FROM coming c JOIN invitations i ON i.workspace_id = c.workspace_id AND i.booking_id = c.id
             WHERE i.workspace_id = :workspace_id AND i.method = 'REQUEST' GROUP BY 1"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, now=micros(now), until=micros(until))
        return {Rsvp(row["rsvp"]): row["n"] for row in rows}

    def _some(self, which: str, order: str, *, limit: int, **values: object) -> tuple[list[Delivery], int]:
        where = f"WHERE workspace_id = :workspace_id AND {which}"
        statement = f"SELECT {COLUMNS} FROM deliveries {where} ORDER BY {order} LIMIT :limit"
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, limit=limit, **values)
        counting = f"SELECT count(*) AS n FROM deliveries {where}"
        number = self._connection.number(counting, workspace_id=self._workspace_id, **values)
        return deliveries_in(rows), number
