"""Table invitations: the ledger of what each recipient's calendar was told and holds."""

from collections.abc import Iterable

from tocsin.domain.delivery import NO_ENTRY, Delivery
from tocsin.domain.invite import Answered, Invitation, Method, Proposed
from tocsin.domain.model import BookingId, WorkspaceId
from tocsin.domain.recipients import recipient_key
from tocsin.domain.rsvp import Rsvp
from tocsin.storage.columns import Row, as_json, instant, micros
from tocsin.storage.database import Connection

_COLUMNS = """booking_id, recipient, uid, organizer_email, method, sequence, stamp_at, digest, calendar, thread_id,
    booking_revision, id, held_method, held_sequence, rsvp, answered_sequence, answer_stamp_at, answered_at, answer_comment,
    proposed_starts_at, proposed_ends_at, proposed_at, proposal_comment"""
_PUT = """
    INSERT INTO invitations (workspace_id, recipient_key, booking_id, recipient, uid, organizer_email, method, sequence,
           stamp_at, digest, calendar, thread_id, booking_revision, id)
    VALUES (:workspace_id, :recipient_key, :booking_id, :recipient, :uid, :organizer_email, :method, :sequence,
           :stamp_at, :digest, :calendar, :thread_id, :booking_revision, :id)
    ON CONFLICT (workspace_id, booking_id, recipient_key) DO UPDATE
       SET held_method = CASE WHEN invitations.uid = excluded.uid THEN invitations.held_method END,
           held_sequence = CASE WHEN invitations.uid = excluded.uid THEN invitations.held_sequence END,
           uid = excluded.uid, method = excluded.method, sequence = excluded.sequence, stamp_at = excluded.stamp_at,
           digest = excluded.digest, calendar = excluded.calendar, booking_revision = excluded.booking_revision,
           thread_id = excluded.thread_id"""

MOST_ANSWERS_KEPT = 100  # of one recipient about one booking; from then on each takes the place of the last
_REMEMBER = """
    INSERT INTO rsvps (workspace_id, booking_id, recipient_key, number, recipient, rsvp, answered_at)
    SELECT :workspace_id, :booking_id, :recipient_key, CASE WHEN count(*) < :last THEN count(*) ELSE :last END, :recipient,
           :rsvp, :at
      FROM rsvps WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND recipient_key = :recipient_key
    ON CONFLICT (workspace_id, booking_id, recipient_key, number) DO UPDATE
       SET rsvp = excluded.rsvp, answered_at = excluded.answered_at"""


class SqlInvitations:
    """The invitations of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def get(self, booking_id: BookingId, recipient: str) -> Invitation | None:
        """Return what this recipient was told about this booking, or None if nothing yet."""
        return self.of([booking_id], [recipient]).get((booking_id, recipient_key(recipient)))

    def of(
        self, booking_ids: Iterable[BookingId], recipients: Iterable[str]
    ) -> dict[tuple[BookingId, str], Invitation]:
        """Return what any of these recipients were told about any of these bookings, by booking and recipient's key."""
        # `|| ''` keeps the index from being asked for every pair of a booking and a recipient.
        statement = f"""
            SELECT recipient_key, {_COLUMNS} FROM invitations
             WHERE workspace_id = :workspace_id AND booking_id {{any_of}}(:bookings)
               AND recipient_key || '' {{any_of}}(:keys)"""
        rows = self._connection.rows(
            statement,
            workspace_id=self._workspace_id,
            bookings=as_json(sorted(set(booking_ids))),
            keys=as_json(sorted(set(map(recipient_key, recipients)))),
        )
        return {(BookingId(row["booking_id"]), row["recipient_key"]): _invitation(row) for row in rows}

    def of_booking(self, booking_id: BookingId) -> list[Invitation]:
        """Return all invitations of a booking."""
        statement = f"""
            SELECT {_COLUMNS} FROM invitations
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id ORDER BY recipient_key"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, booking_id=booking_id)
        return [_invitation(row) for row in rows]

    def message_ids(self, booking_id: BookingId) -> dict[str, list[str]]:
        """Return the Message-IDs of what each recipient's server took about a booking, the first first, by recipient's key."""
        statement = """
            SELECT d.recipient_key, m.message_id
              FROM deliveries d JOIN messages m ON m.workspace_id = d.workspace_id AND m.delivery_id = d.id
             WHERE d.workspace_id = :workspace_id AND d.booking_id = :booking_id AND d.state = 'sent'
               AND d.action = 'send_calendar_invite_to_anyone'
             ORDER BY d.settled_at, m.sequence, d.id"""
        found: dict[str, list[str]] = {}
        for row in self._connection.rows(statement, workspace_id=self._workspace_id, booking_id=booking_id):
            found.setdefault(row["recipient_key"], []).append(row["message_id"])
        return found

    def by_id(self, invitation_id: str) -> Invitation | None:
        """Return the invitation that answers to this id; nobody else changes it until the end."""
        statement = f"""
            SELECT {_COLUMNS} FROM invitations WHERE workspace_id = :workspace_id AND id = :id {{for_update}}"""
        row = self._connection.row(statement, workspace_id=self._workspace_id, id=invitation_id)
        return None if row is None else _invitation(row)

    def put(self, *invitations: Invitation) -> None:
        """Store what recipients are told from now on; what they hold stays until the message was taken.

        With another UID a recipient holds nothing yet, and what he answered before says nothing of it.
        """
        self._connection.run_each(_PUT, (_values(one) | {"workspace_id": self._workspace_id} for one in invitations))

    def recount(self, delivery: Delivery) -> None:
        """Note anew what the recipient of a delivery holds of its booking: the last of what has reached him, or nothing."""
        key = self._key(delivery.booking_id, delivery.recipient)
        statement = f"""
            SELECT max(m.sequence) AS held
              FROM deliveries d JOIN messages m ON m.workspace_id = d.workspace_id AND m.delivery_id = d.id
             WHERE d.workspace_id = :workspace_id AND d.booking_id = :booking_id AND d.recipient_key = :recipient_key
               AND d.state = 'sent' AND m.sequence <> {NO_ENTRY}"""
        held = self._connection.rows(statement, **key)[0]["held"]
        # What came before the last word was an invite: nothing follows a CANCEL but that CANCEL.
        statement = """
            UPDATE invitations
               SET held_sequence = :held,
                   held_method = CASE WHEN :is_held THEN CASE WHEN sequence = :held THEN method ELSE 'REQUEST' END END
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND recipient_key = :recipient_key"""
        self._connection.run(statement, held=held, is_held=held is not None, **key)

    def answer(self, invitation: Invitation, answered: Answered) -> None:
        """Keep what a recipient answered, in the ledger and in the history of the booking."""
        statement = """
            UPDATE invitations SET rsvp = :rsvp, answered_sequence = :sequence, answer_stamp_at = :stamp, answered_at = :at,
                   answer_comment = :comment
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND recipient_key = :recipient_key"""
        self._connection.run(
            statement,
            rsvp=answered.rsvp.value,
            sequence=answered.sequence,
            stamp=micros(answered.stamp),
            at=micros(answered.at),
            comment=answered.comment,
            **self._key(invitation.booking_id, invitation.recipient),
        )
        self._connection.run(
            _REMEMBER,
            recipient=invitation.recipient,
            rsvp=answered.rsvp.value,
            at=micros(answered.at),
            last=MOST_ANSWERS_KEPT - 1,
            **self._key(invitation.booking_id, invitation.recipient),
        )

    def propose(self, invitation: Invitation, proposed: Proposed) -> None:
        """Keep which other time a recipient proposed."""
        statement = """
            UPDATE invitations SET proposed_starts_at = :starts_at, proposed_ends_at = :ends_at, proposed_at = :at,
                   proposal_comment = :comment
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND recipient_key = :recipient_key"""
        self._connection.run(
            statement,
            starts_at=micros(proposed.starts_at),
            ends_at=micros(proposed.ends_at),
            at=micros(proposed.at),
            comment=proposed.comment,
            **self._key(invitation.booking_id, invitation.recipient),
        )

    def _key(self, booking_id: BookingId, recipient: str) -> dict[str, object]:
        return {
            "workspace_id": self._workspace_id,
            "booking_id": booking_id,
            "recipient_key": recipient_key(recipient),
        }


def _values(invitation: Invitation) -> dict[str, object]:
    return {
        "recipient_key": recipient_key(invitation.recipient),
        "booking_id": invitation.booking_id,
        "recipient": invitation.recipient,
        "uid": invitation.uid,
        "organizer_email": invitation.organizer_email,
        "method": invitation.method.value,
        "sequence": invitation.sequence,
        "stamp_at": micros(invitation.stamp),
        "digest": invitation.digest,
        "calendar": invitation.calendar,
        "thread_id": invitation.thread_id,
        "booking_revision": invitation.booking_revision,
        "id": invitation.id,
    }


def _invitation(row: Row) -> Invitation:
    return Invitation(
        booking_id=BookingId(row["booking_id"]),
        recipient=row["recipient"],
        uid=row["uid"],
        organizer_email=row["organizer_email"],
        method=Method(row["method"]),
        sequence=row["sequence"],
        stamp=instant(row["stamp_at"]),
        digest=row["digest"],
        calendar=row["calendar"],
        thread_id=row["thread_id"],
        booking_revision=row["booking_revision"],
        id=row["id"],
        held_method=None if row["held_method"] is None else Method(row["held_method"]),
        held_sequence=row["held_sequence"],
        answered=_answered(row),
        proposed=_proposed(row),
    )


def _answered(row: Row) -> Answered | None:
    if row["rsvp"] is None:
        return None
    return Answered(
        rsvp=Rsvp(row["rsvp"]),
        sequence=row["answered_sequence"],
        stamp=instant(row["answer_stamp_at"]),
        at=instant(row["answered_at"]),
        comment=row["answer_comment"],
    )


def _proposed(row: Row) -> Proposed | None:
    if row["proposed_at"] is None:
        return None
    return Proposed(
        starts_at=instant(row["proposed_starts_at"]),
        ends_at=instant(row["proposed_ends_at"]),
        at=instant(row["proposed_at"]),
        comment=row["proposal_comment"],
    )
