"""Tables booking_revisions and rsvps, read: which bookings a window of time concerns, and their lives."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from tocsin.domain.life import Given, Life
from tocsin.domain.model import Booking, BookingId, LinkId, Member, WorkspaceId
from tocsin.domain.rsvp import Rsvp
from tocsin.storage.bookings import SqlBookings, booking_of
from tocsin.storage.columns import Row, as_json, instant, micros
from tocsin.storage.database import Connection
from tocsin.storage.members import COLUMNS as MEMBER_COLUMNS
from tocsin.storage.members import member_of

_LONGEST = timedelta(days=1)  # that a booking takes; so that those that end in a window are found by their start
_OF_LINKS = "SELECT b.id FROM bookings b WHERE b.workspace_id = :workspace_id AND b.link_id {any_of}(:links)"


class SqlHistory:
    """The past of the bookings of one workspace. People, outcomes and links are known as they are now."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id
        self._bookings = SqlBookings(connection, workspace_id)

    def changed(
        self, link_ids: Iterable[LinkId], *, since: datetime, made_before: datetime, limit: int
    ) -> set[BookingId]:
        """Return bookings of these links to which something happened, or was answered, since a moment."""
        found: set[BookingId] = set()
        for happened in (
            "b.updated_at >= :since",
            """EXISTS (SELECT 1 FROM rsvps r WHERE r.workspace_id = b.workspace_id AND r.booking_id = b.id
                          AND r.answered_at >= :since)""",
        ):
            statement = f"{_OF_LINKS} AND b.created_at < :made_before AND {happened} LIMIT :limit"
            found |= self._ids(
                statement, links=link_ids, since=micros(since), made_before=micros(made_before), limit=limit
            )
        return found

    def starting(self, link_ids: Iterable[LinkId], *, start: datetime, end: datetime, limit: int) -> set[BookingId]:
        """Return bookings of these links that start from `start` on and before `end`."""
        statement = f"{_OF_LINKS} AND b.starts_at >= :start AND b.starts_at < :end LIMIT :limit"
        return self._ids(statement, links=link_ids, start=micros(start), end=micros(end), limit=limit)

    def ending(self, link_ids: Iterable[LinkId], *, start: datetime, end: datetime, limit: int) -> set[BookingId]:
        """Return bookings of these links that end from `start` on and before `end`."""
        statement = f"""{_OF_LINKS} AND b.ends_at >= :start AND b.ends_at < :end
               AND b.starts_at >= :earliest AND b.starts_at < :end LIMIT :limit"""
        earliest = micros(start - _LONGEST)
        return self._ids(
            statement, links=link_ids, start=micros(start), end=micros(end), earliest=earliest, limit=limit
        )

    def first_of_clients(self, emails: Iterable[str]) -> set[BookingId]:
        """Return the first booking of each of these clients, by the addresses that bookings have now."""
        statement = """
            SELECT b.id FROM bookings b
             WHERE b.workspace_id = :workspace_id AND b.client_email {any_of}(:emails)
               AND NOT EXISTS (SELECT 1 FROM bookings o
                                WHERE o.workspace_id = b.workspace_id AND o.client_email = b.client_email
                                  AND (o.created_at, o.id) < (b.created_at, b.id))"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, emails=as_json(sorted(set(emails))))
        return {BookingId(row["id"]) for row in rows}

    def lives(self, booking_ids: Iterable[BookingId]) -> list[Life]:
        """Return the lives of these bookings, in the order in which they were made."""
        present = self._bookings.of(booking_ids)
        states, given = self._states(present), self._given(present)
        lives = [
            Life(states=_complete(states.get(booking.id, {}), booking), given=tuple(given.get(booking.id, ())))
            for booking in present.values()
        ]
        return sorted(lives, key=lambda life: (life.now.created_at, life.now.id))

    def _ids(self, statement: str, *, links: Iterable[LinkId], **values: object) -> set[BookingId]:
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, links=as_json(list(links)), **values)
        return {BookingId(row["id"]) for row in rows}

    def _states(self, present: Mapping[BookingId, Booking]) -> dict[BookingId, dict[int, Booking]]:
        statement = """
            SELECT booking_id, booking FROM booking_revisions
             WHERE workspace_id = :workspace_id AND booking_id {any_of}(:ids)"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, ids=as_json(list(present)))
        kept = [json.loads(row["booking"]) for row in rows]
        members, outcomes = self._members(kept), self._outcomes()
        found: dict[BookingId, dict[int, Booking]] = {}
        for one in kept:
            booking = _state(one, members, outcomes)
            found.setdefault(booking.id, {})[booking.revision] = booking
        return found

    def _given(self, present: Mapping[BookingId, Booking]) -> dict[BookingId, list[Given]]:
        statement = """
            SELECT booking_id, recipient, rsvp, answered_at FROM rsvps
             WHERE workspace_id = :workspace_id AND booking_id {any_of}(:ids) ORDER BY answered_at, number"""
        found: dict[BookingId, list[Given]] = {}
        for row in self._connection.rows(statement, workspace_id=self._workspace_id, ids=as_json(list(present))):
            given = Given(recipient=row["recipient"], rsvp=Rsvp(row["rsvp"]), at=instant(row["answered_at"]))
            found.setdefault(BookingId(row["booking_id"]), []).append(given)
        return found

    def _members(self, kept: Iterable[Row]) -> dict[str, Member]:
        statement = (
            f"SELECT {MEMBER_COLUMNS} FROM members m WHERE m.workspace_id = :workspace_id AND m.id {{any_of}}(:ids)"
        )
        ids = sorted({host for one in kept for host in one["hosts"]})
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, ids=as_json(ids))
        return {row["id"]: member_of(row) for row in rows}

    def _outcomes(self) -> dict[str, Row]:
        # Deleted ones too: a booking keeps its outcome.
        statement = """
            SELECT id, name AS outcome_name, color AS outcome_color, kind AS outcome_kind FROM meeting_outcomes
             WHERE workspace_id = :workspace_id"""
        return {row["id"]: row for row in self._connection.rows(statement, workspace_id=self._workspace_id)}


def _state(kept: Row, members: Mapping[str, Member], outcomes: Mapping[str, Row]) -> Booking:
    outcome = outcomes.get(kept["outcome_id"], {})
    return booking_of({**kept, **outcome, "id": kept["id"]}, [members[one] for one in kept["hosts"]])


def _complete(states: Mapping[int, Booking], present: Booking) -> tuple[Booking, ...]:
    """Return the states in order; the present one is there even if an older program wrote it, which keeps no revisions."""
    whole = {**states, present.revision: present}
    return tuple(whole[number] for number in sorted(whole) if number <= present.revision)
