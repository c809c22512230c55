"""Table deliveries as a calendar of what waits, of one workspace.

Mail, calls and what is paused have an index each, so each is asked for by itself.
"""

from collections.abc import Iterable
from datetime import timedelta

from tocsin.domain.delivery import Delivery, State
from tocsin.domain.model import BookingId, WorkspaceId
from tocsin.domain.recipients import recipient_key
from tocsin.services.ports_overview import QUARTER, Tally
from tocsin.services.ports_planned import PlannedFilter
from tocsin.storage.columns import as_json, instant, micros
from tocsin.storage.database import Connection
from tocsin.storage.deliveries import COLUMNS, OPEN, QUEUED, WAITING, deliveries_in

_QUARTER = QUARTER // timedelta(microseconds=1)
# Where mail and calls lie that are queued, with what makes its index serve.
BY_DUE = (
    ("deliveries {by_due_mail}", f"{QUEUED} AND action <> 'call_webhook'"),
    ("deliveries {by_due_calls}", f"{QUEUED} AND action = 'call_webhook'"),
)
_SHELVES = (*((*one, State.SCHEDULED) for one in BY_DUE), ("deliveries", "state = 'paused'", State.PAUSED))
_OF_LINK = """EXISTS (SELECT 1 FROM bookings b
                       WHERE b.workspace_id = deliveries.workspace_id AND b.id = deliveries.booking_id
                         AND b.link_id = :link_id)"""
_ASKED = {"rule_id": "rule_id = :rule_id", "recipient_key": "recipient_key = :recipient_key", "link_id": _OF_LINK}


class SqlComing:
    """What waits in one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def tallies(self, wanted: PlannedFilter) -> list[Tally]:
        """Return how much waits for a worker (`scheduled`), and how much is paused, by quarters of an hour."""
        clauses, values = self._clauses(wanted)
        found = []
        for table, which, state in _SHELVES:
            statement = f"""
                SELECT next_at / {_QUARTER} AS quarter, count(*) AS n FROM {table}
                 WHERE workspace_id = :workspace_id AND {which} AND {clauses} GROUP BY 1"""
            found += [
                Tally(began_at=instant(row["quarter"] * _QUARTER), state=state, number=row["n"])
                for row in self._connection.rows(statement, **values)
            ]
        return found

    def page(self, wanted: PlannedFilter, *, limit: int, offset: int) -> tuple[list[Delivery], int]:
        """Return a page of what waits, the first first, and the number of all that does."""
        clauses, values = self._clauses(wanted)
        parts = (
            f"SELECT {COLUMNS} FROM {table} WHERE workspace_id = :workspace_id AND {which} AND {clauses}"
            for table, which, _ in _SHELVES
        )
        statement = f"{' UNION ALL '.join(parts)} ORDER BY next_at, id LIMIT :limit OFFSET :offset"
        rows = self._connection.rows(statement, limit=limit, offset=offset, **values)
        numbers = [
            self._connection.number(
                f"SELECT count(*) AS n FROM {table} WHERE workspace_id = :workspace_id AND {which} AND {clauses}",
                **values,
            )
            for table, which, _ in _SHELVES
        ]
        return deliveries_in(rows), sum(numbers)

    def of_bookings(self, booking_ids: Iterable[BookingId]) -> list[Delivery]:
        """Return all that is open about some bookings."""
        statement = f"""
            SELECT {COLUMNS} FROM deliveries
             WHERE workspace_id = :workspace_id AND booking_id {{any_of}}(:bookings) AND {OPEN}
             ORDER BY due_at, id"""
        rows = self._connection.rows(
            statement, workspace_id=self._workspace_id, bookings=as_json(sorted(set(booking_ids)))
        )
        return deliveries_in(rows)

    def bookings_of(self, rule_id: str, *, limit: int) -> list[BookingId]:
        """Return the bookings about which something of a rule waits, by id, at most `limit`."""
        statement = f"""
            SELECT DISTINCT booking_id FROM deliveries
             WHERE workspace_id = :workspace_id AND rule_id = :rule_id AND {WAITING} ORDER BY booking_id LIMIT :limit"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, rule_id=rule_id, limit=limit)
        return [BookingId(row["booking_id"]) for row in rows]

    def _clauses(self, wanted: PlannedFilter) -> tuple[str, dict[str, object]]:
        asked = {
            "rule_id": wanted.rule_id,
            "recipient_key": recipient_key(wanted.recipient) if wanted.recipient else "",
            "link_id": wanted.link_id,
        }
        values: dict[str, object] = {name: value for name, value in asked.items() if value}
        clauses = " AND ".join(["next_at >= :since AND next_at < :until", *(_ASKED[name] for name in values)])
        window = {"since": micros(wanted.since), "until": micros(wanted.until)}
        return clauses, {"workspace_id": self._workspace_id, **window, **values}
