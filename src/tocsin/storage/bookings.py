"""Tables bookings, booking_hosts and events."""

import json
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from tocsin.domain.events import Event, EventKind
from tocsin.domain.explain import Happened
from tocsin.domain.model import (
    Booking,
    BookingId,
    BookingStatus,
    Client,
    LinkId,
    MeetingOutcome,
    Member,
    MemberId,
    OutcomeId,
    OutcomeKind,
    Place,
    WorkspaceId,
)
from tocsin.services.ports import BookingFilter
from tocsin.storage.booking_filters import ORDERS, conditions
from tocsin.storage.booking_revisions import remember
from tocsin.storage.columns import Row, as_json, instant, maybe_instant, maybe_micros, micros
from tocsin.storage.database import Connection
from tocsin.storage.deliveries import WAITING
from tocsin.storage.members import COLUMNS as MEMBER_COLUMNS
from tocsin.storage.members import member_of

_OWN = """id, sid, uid, link_id, client_name, client_email, client_time_zone, starts_at, ends_at, status, place_spot,
    place_details, place_join_url, revision, is_no_show, outcome_id, cancel_reason, cancelled_by, cancelled_at,
    reschedule_reason, form_responses, guests, source_uid, created_at, updated_at"""
_NAMES = _OWN.replace("\n", "").replace(" ", "").split(",")
_SELECT = f"""
    SELECT {", ".join("b." + name for name in _NAMES)},
           o.name AS outcome_name, o.color AS outcome_color, o.kind AS outcome_kind
      FROM bookings b
      LEFT JOIN meeting_outcomes o ON o.workspace_id = b.workspace_id AND o.id = b.outcome_id
     WHERE b.workspace_id = :workspace_id"""


class SqlBookings:
    """The bookings of one workspace and what happened to them."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def put(self, booking: Booking) -> None:
        """Store a booking, new or changed, with its hosts, and keep what it is at this revision."""
        fixed = {"id", "sid", "uid", "link_id", "created_at"}
        statement = f"""
            INSERT INTO bookings (workspace_id, {_OWN}) VALUES (:workspace_id, {", ".join(":" + name for name in _NAMES)})
            ON CONFLICT (workspace_id, id) DO UPDATE
               SET {", ".join(f"{name} = excluded.{name}" for name in _NAMES if name not in fixed)}"""
        values = values_of(booking)
        self._connection.run(statement, workspace_id=self._workspace_id, **values)
        remember(self._connection, self._workspace_id, values, hosts=[host.id for host in booking.hosts])
        key = {"workspace_id": self._workspace_id, "booking_id": booking.id}
        self._connection.run(
            "DELETE FROM booking_hosts WHERE workspace_id = :workspace_id AND booking_id = :booking_id", **key
        )
        self._connection.run_each(
            """INSERT INTO booking_hosts (workspace_id, booking_id, place, member_id)
               VALUES (:workspace_id, :booking_id, :place, :member_id)""",
            ({**key, "place": place, "member_id": host.id} for place, host in enumerate(booking.hosts)),
        )

    def record(self, event: Event) -> None:
        """Keep that `event` happened."""
        statement = """
            INSERT INTO events (workspace_id, booking_id, booking_revision, kind, about, occurred_at)
            VALUES (:workspace_id, :booking_id, :revision, :kind, :about, :occurred_at)"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            booking_id=event.booking.id,
            revision=event.booking.revision,
            kind=event.kind.value,
            about=event.about,
            occurred_at=micros(event.occurred_at),
        )
        self._connection.changes.happened(event.kind, event.booking.id)

    def events(self, booking_id: BookingId) -> list[Happened]:
        """Return what happened to a booking, in order."""
        statement = """
            SELECT kind, booking_revision, about, occurred_at FROM events
             WHERE workspace_id = :workspace_id AND booking_id = :id ORDER BY booking_revision, occurred_at"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, id=booking_id)
        return [
            Happened(
                kind=EventKind(row["kind"]),
                booking_revision=row["booking_revision"],
                occurred_at=instant(row["occurred_at"]),
                about=row["about"],
            )
            for row in rows
        ]

    def get(self, booking_id: str, *, lock: bool = False) -> Booking | None:
        """Return the booking with this id or sid; locked, nobody else changes it until the end."""
        if lock:
            statement = (
                "SELECT id FROM bookings WHERE workspace_id = :workspace_id AND (id = :id OR sid = :id) {for_update}"
            )
            self._connection.lock(statement, workspace_id=self._workspace_id, id=booking_id)
        found = self._bookings(f"{_SELECT} AND (b.id = :id OR b.sid = :id)", id=booking_id)
        return found[0] if found else None

    def of(self, booking_ids: Iterable[BookingId]) -> dict[BookingId, Booking]:
        """Return the bookings with these ids, by id."""
        found = self._bookings(f"{_SELECT} AND b.id {{any_of}}(:ids)", ids=as_json(sorted(set(booking_ids))))
        return {booking.id: booking for booking in found}

    def revisions(self, booking_ids: Iterable[BookingId]) -> dict[BookingId, int]:
        """Return which revision each of these bookings is at now, by id."""
        statement = "SELECT id, revision FROM bookings WHERE workspace_id = :workspace_id AND id {any_of}(:ids)"
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, ids=as_json(sorted(set(booking_ids))))
        return {BookingId(row["id"]): int(row["revision"]) for row in rows}

    def hold(self, booking_ids: Iterable[BookingId]) -> None:
        """Keep everybody else from changing these bookings until the end."""
        statement = """
            SELECT id FROM bookings WHERE workspace_id = :workspace_id AND id {any_of}(:ids) ORDER BY id {for_share}"""
        self._connection.lock(statement, workspace_id=self._workspace_id, ids=as_json(sorted(set(booking_ids))))

    def page(self, wanted: BookingFilter, *, now: datetime, limit: int, offset: int) -> tuple[list[Booking], int]:
        """Return a page of the bookings that `wanted` names, and the number of all of them."""
        clauses, values = conditions(wanted, now=now)
        statement = (
            f"{_SELECT}{clauses} ORDER BY {ORDERS[wanted.order_by, wanted.descending]} LIMIT :limit OFFSET :offset"
        )
        found = self._bookings(statement, limit=limit, offset=offset, **values)
        counting = f"SELECT count(*) AS n FROM bookings b WHERE b.workspace_id = :workspace_id{clauses}"
        return found, self._connection.number(counting, workspace_id=self._workspace_id, **values)

    def coming(
        self, link_ids: Iterable[LinkId], *, rule_id: str, now: datetime, after_id: str, limit: int
    ) -> list[Booking]:
        """Return confirmed bookings that have not ended and that a rule concerns, by id from `after_id` on, at most `limit`.

        These are the bookings of its links, and those for which something of it waits or somebody was invited by it.
        """
        statement = f"""{_SELECT} AND b.ends_at > :now AND b.status = 'confirmed' AND b.id > :after_id
               AND (b.link_id {{any_of}}(:links)
                    OR EXISTS (SELECT 1 FROM inviters i WHERE i.workspace_id = b.workspace_id AND i.rule_id = :rule_id
                                  AND i.booking_id = b.id)
                    OR EXISTS (SELECT 1 FROM deliveries d WHERE d.workspace_id = b.workspace_id AND d.rule_id = :rule_id
                                  AND d.booking_id = b.id AND d.{WAITING}))
             ORDER BY b.id LIMIT :limit"""
        return self._bookings(
            statement,
            links=as_json(list(link_ids)),
            rule_id=rule_id,
            now=micros(now),
            after_id=after_id,
            limit=limit,
        )

    def clashing(self, booking: Booking, *, shared_link: LinkId | None) -> Booking | None:
        """Return a live booking of one of the same hosts at an overlapping time.

        On a grouped link (`shared_link`) many clients share one start, so bookings of it at the same start do not clash.
        """
        statement = f"""{_SELECT} AND b.id <> :id AND b.status IN ('confirmed', 'awaiting_approval')
               AND b.starts_at < :ends_at AND b.ends_at > :starts_at
               AND NOT (b.link_id = :shared_link AND b.starts_at = :starts_at)
               AND EXISTS (SELECT 1 FROM booking_hosts h WHERE h.workspace_id = b.workspace_id
                              AND h.booking_id = b.id AND h.member_id {{any_of}}(:hosts))
             ORDER BY b.starts_at LIMIT 1"""
        found = self._bookings(
            statement,
            id=booking.id,
            starts_at=micros(booking.starts_at),
            ends_at=micros(booking.ends_at),
            shared_link=shared_link or "",
            hosts=as_json([host.id for host in booking.hosts]),
        )
        return found[0] if found else None

    def is_first_of_client(self, booking: Booking) -> bool:
        """Tell whether the client's address has no older booking, whatever became of it."""
        statement = """
            SELECT count(*) AS n FROM bookings
             WHERE workspace_id = :workspace_id AND client_email = :email AND (created_at, id) < (:created_at, :id)"""
        older = self._connection.number(
            statement,
            workspace_id=self._workspace_id,
            email=booking.client.email,
            created_at=micros(booking.created_at),
            id=booking.id,
        )
        return older == 0

    def load(self, member_id: MemberId, *, now: datetime) -> int:
        """Return how many coming bookings a member has."""
        statement = """
            SELECT count(*) AS n
              FROM booking_hosts h JOIN bookings b ON b.workspace_id = h.workspace_id AND b.id = h.booking_id
             WHERE h.workspace_id = :workspace_id AND h.member_id = :member_id AND b.ends_at > :now
               AND b.status IN ('confirmed', 'awaiting_approval')"""
        return self._connection.number(statement, workspace_id=self._workspace_id, member_id=member_id, now=micros(now))

    def _bookings(self, statement: str, **values: object) -> list[Booking]:
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, **values)
        hosts: dict[str, list[Member]] = {row["id"]: [] for row in rows}
        query = f"""
            SELECT h.booking_id, {MEMBER_COLUMNS}
              FROM booking_hosts h JOIN members m ON m.workspace_id = h.workspace_id AND m.id = h.member_id
             WHERE h.workspace_id = :workspace_id AND h.booking_id {{any_of}}(:ids)
             ORDER BY h.booking_id, h.place"""
        members: dict[str, Member] = {}  # one member hosts many
        for host in self._connection.rows(query, workspace_id=self._workspace_id, ids=as_json(list(hosts))):
            member = members.get(host["id"]) or members.setdefault(host["id"], member_of(host))
            hosts[host["booking_id"]].append(member)
        return [booking_of(row, hosts[row["id"]]) for row in rows]


def values_of(booking: Booking) -> dict[str, object]:
    """Return the values of a booking's own columns."""
    return {
        "id": booking.id,
        "sid": booking.sid,
        "uid": booking.uid,
        "link_id": booking.link_id,
        "client_name": booking.client.name,
        "client_email": booking.client.email,
        "client_time_zone": booking.client.time_zone,
        "starts_at": micros(booking.starts_at),
        "ends_at": micros(booking.ends_at),
        "status": booking.status.value,
        "place_spot": booking.place.spot,
        "place_details": booking.place.details,
        "place_join_url": booking.place.join_url,
        "revision": booking.revision,
        "is_no_show": booking.is_no_show,
        "outcome_id": None if booking.outcome is None else booking.outcome.id,
        "cancel_reason": booking.cancel_reason,
        "cancelled_by": booking.cancelled_by,
        "cancelled_at": maybe_micros(booking.cancelled_at),
        "reschedule_reason": booking.reschedule_reason,
        "form_responses": as_json(booking.form_responses),
        "guests": as_json(booking.guests),
        "source_uid": booking.source_uid,
        "created_at": micros(booking.created_at),
        "updated_at": micros(booking.updated_at),
    }


def booking_of(row: Row, hosts: list[Member]) -> Booking:
    """Return the booking in a row with its own columns and those of its outcome."""
    return Booking(
        id=BookingId(row["id"]),
        sid=row["sid"],
        uid=row["uid"],
        link_id=LinkId(row["link_id"]),
        client=Client(name=row["client_name"], email=row["client_email"], time_zone=row["client_time_zone"]),
        hosts=tuple(hosts),
        starts_at=instant(row["starts_at"]),
        ends_at=instant(row["ends_at"]),
        status=BookingStatus(row["status"]),
        place=Place(spot=row["place_spot"], details=row["place_details"], join_url=row["place_join_url"]),
        revision=row["revision"],
        created_at=instant(row["created_at"]),
        updated_at=instant(row["updated_at"]),
        cancelled_at=maybe_instant(row["cancelled_at"]),
        cancel_reason=row["cancel_reason"],
        cancelled_by=row["cancelled_by"],
        reschedule_reason=row["reschedule_reason"],
        is_no_show=bool(row["is_no_show"]),
        outcome=_outcome(row),
        form_responses=_form_responses(row["form_responses"]),
        guests=_guests(row["guests"]),
        source_uid=row.get("source_uid", ""),
    )


@lru_cache(maxsize=256)  # many bookings have none, or the same
def _form_responses(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((field, value) for field, value in json.loads(text))


@lru_cache(maxsize=256)
def _guests(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _outcome(row: Row) -> MeetingOutcome | None:
    if row["outcome_id"] is None:
        return None
    return MeetingOutcome(
        id=OutcomeId(row["outcome_id"]),
        name=row["outcome_name"],
        color=row["outcome_color"],
        kind=OutcomeKind(row["outcome_kind"]),
    )
