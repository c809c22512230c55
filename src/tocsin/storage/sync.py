"""Table inviters, and the deliveries that keep invites in sync: who was invited by which action, and what waits for them."""

from collections.abc import Iterable
from datetime import datetime

from tocsin.domain.delivery import REPLACED, Delivery
from tocsin.domain.model import BookingId, WorkspaceId
from tocsin.domain.plan import Planned
from tocsin.domain.recipients import recipient_key
from tocsin.domain.rules import RuleId
from tocsin.domain.sync import LONGEST_SETTLE, Inviter
from tocsin.services.ports import NewId
from tocsin.storage.columns import Row, as_json, instant, micros
from tocsin.storage.database import Connection
from tocsin.storage.deliveries import WAITING
from tocsin.storage.planned_columns import ADD, note, values_of

_COLUMNS = "rule_id, rule_revision, action_index, keeps, is_active, invited_at"
# A change joins the message that waits already, so that a booking that changes often is told of once: its moment moves on
# with the change, up to `longest` after the first. What waits for another try until later waits no shorter.
_MOMENT = """
    CASE WHEN :due_at < created_at + :longest THEN :due_at
         WHEN :now < created_at + :longest THEN created_at + :longest ELSE :now END"""
_JOIN = f"""
    UPDATE deliveries
       SET rule_id = :rule_id, rule_revision = :rule_revision, action_index = :action_index,
           booking_revision = :booking_revision, event = :event, expires_at = :expires_at,
           due_at = {_MOMENT},
           next_at = CASE WHEN state = 'retrying' AND next_at > {_MOMENT} THEN next_at ELSE {_MOMENT} END
     WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND recipient_key = :recipient_key
       AND cause = 'keep_in_sync' AND {WAITING} AND (state <> 'paused' OR :event = 'booking_rescheduled')"""
# A pause holds back what it was said of. That an invite is withdrawn is other news, and comes in the place of it.
_REPLACE_PAUSED = f"""
    UPDATE deliveries SET state = '{REPLACED.state}', reason = '{REPLACED.reason}', settled_at = :now
     WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND recipient_key = :recipient_key
       AND cause = 'keep_in_sync' AND {WAITING} AND state = 'paused'"""

_JOINED = ("workspace_id", "rule_id", "rule_revision", "action_index", "booking_id", "booking_revision", "event",
           "recipient_key", "due_at", "expires_at", "now")  # fmt: skip


class SqlSync:
    """What keeps the invites of one workspace in sync."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def add(self, planned: Iterable[Planned], *, new_id: NewId, now: datetime) -> None:
        """Store what is to be told: joined to what waits for the same recipient, or as a delivery of its own."""
        for one in planned:
            values = values_of(one, self._workspace_id, new_id=new_id, now=now)
            joining = {name: values[name] for name in _JOINED}
            if not self._connection.run(_JOIN, longest=int(LONGEST_SETTLE.total_seconds() * 1_000_000), **joining):
                replaced = {name: values[name] for name in ("workspace_id", "booking_id", "recipient_key", "now")}
                ended = self._connection.run(_REPLACE_PAUSED, **replaced)
                self._connection.changes.counts["ended", REPLACED.state.value] += ended
                self._connection.run(ADD, **values | {"key": f"sync/{values['id']}"})
                note(self._connection, [one])

    def may_have_arrived(self, delivery: Delivery) -> bool:
        """Tell whether a message to this recipient was handed over and nobody knows what became of it, or may have been.

        The attempt at `delivery` that is in hand does not count.
        """
        statement = """
            SELECT count(*) AS n FROM attempts a
              JOIN deliveries d ON d.workspace_id = a.workspace_id AND d.id = a.delivery_id
             WHERE d.workspace_id = :workspace_id AND d.booking_id = :booking_id AND d.recipient_key = :recipient_key
               AND d.action = 'send_calendar_invite_to_anyone' AND (a.result = 'unknown' OR a.result IS NULL)
               AND NOT (a.delivery_id = :id AND a.number = :number)"""
        found = self._connection.number(
            statement,
            workspace_id=self._workspace_id,
            booking_id=delivery.booking_id,
            recipient_key=recipient_key(delivery.recipient),
            id=delivery.id,
            number=delivery.attempts,
        )
        return found > 0

    def invited(self, invited: Iterable[tuple[BookingId, str, Inviter]]) -> None:
        """Note of each booking and recipient that he was invited by an action."""
        statement = f"""
            INSERT INTO inviters (workspace_id, booking_id, recipient_key, {_COLUMNS})
            VALUES (:workspace_id, :booking_id, :recipient_key, :rule_id, :rule_revision, :action_index, :keeps, :is_active,
                    :invited_at)
            ON CONFLICT (workspace_id, booking_id, recipient_key, rule_id) DO UPDATE
               SET rule_revision = excluded.rule_revision, action_index = excluded.action_index, keeps = excluded.keeps,
                   is_active = excluded.is_active, invited_at = excluded.invited_at"""
        self._connection.run_each(
            statement, (self._key(booking_id, one) | _values(inviter) for booking_id, one, inviter in invited)
        )

    def set_active(self, booking_id: BookingId, recipient: str, rule_id: RuleId, *, is_active: bool) -> None:
        """Note that a recipient was taken off a rule, or is on it again."""
        statement = """
            UPDATE inviters SET is_active = :is_active
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND recipient_key = :recipient_key
               AND rule_id = :rule_id"""
        self._connection.run(statement, **self._key(booking_id, recipient), rule_id=rule_id, is_active=is_active)

    def of(
        self, booking_ids: Iterable[BookingId], recipients: Iterable[str]
    ) -> dict[tuple[BookingId, str], list[Inviter]]:
        """Return who invited any of these recipients to any of these bookings, the latest last, by booking and key."""
        # `|| ''` keeps the index from being asked for every pair of a booking and a recipient.
        statement = f"""
            SELECT booking_id, recipient_key, {_COLUMNS} FROM inviters
             WHERE workspace_id = :workspace_id AND booking_id {{any_of}}(:bookings)
               AND recipient_key || '' {{any_of}}(:keys)
             ORDER BY booking_id, recipient_key, invited_at, rule_id"""
        rows = self._connection.rows(
            statement,
            workspace_id=self._workspace_id,
            bookings=as_json(sorted(set(booking_ids))),
            keys=as_json(sorted(set(map(recipient_key, recipients)))),
        )
        return _by_place(rows)

    def of_bookings(self, booking_ids: Iterable[BookingId]) -> dict[tuple[BookingId, str], list[Inviter]]:
        """Return who invited whom to any of these bookings, the latest last, by booking and recipient's key."""
        statement = f"""
            SELECT booking_id, recipient_key, {_COLUMNS} FROM inviters
             WHERE workspace_id = :workspace_id AND booking_id {{any_of}}(:bookings)
             ORDER BY booking_id, recipient_key, invited_at, rule_id"""
        rows = self._connection.rows(
            statement, workspace_id=self._workspace_id, bookings=as_json(sorted(set(booking_ids)))
        )
        return _by_place(rows)

    def of_booking(self, booking_id: BookingId) -> dict[str, list[Inviter]]:
        """Return who invited whom to a booking, the latest last, by recipient's key."""
        return {key: each for (_, key), each in self.of_bookings([booking_id]).items()}

    def _key(self, booking_id: BookingId, recipient: str) -> dict[str, object]:
        return {
            "workspace_id": self._workspace_id,
            "booking_id": booking_id,
            "recipient_key": recipient_key(recipient),
        }


def _by_place(rows: Iterable[Row]) -> dict[tuple[BookingId, str], list[Inviter]]:
    found: dict[tuple[BookingId, str], list[Inviter]] = {}
    for row in rows:
        found.setdefault((BookingId(row["booking_id"]), row["recipient_key"]), []).append(_inviter(row))
    return found


def _values(inviter: Inviter) -> dict[str, object]:
    return {
        "rule_id": inviter.rule_id,
        "rule_revision": inviter.rule_revision,
        "action_index": inviter.action_index,
        "keeps": inviter.keeps,
        "is_active": inviter.is_active,
        "invited_at": micros(inviter.invited_at),
    }


def _inviter(row: Row) -> Inviter:
    return Inviter(
        rule_id=RuleId(row["rule_id"]),
        rule_revision=row["rule_revision"],
        action_index=row["action_index"],
        keeps=bool(row["keeps"]),
        is_active=bool(row["is_active"]),
        invited_at=instant(row["invited_at"]),
    )
