"""Table invitations: the ledger of what each recipient's calendar was told and holds."""

from tocsin.domain.invite import Invitation, Method
from tocsin.domain.model import BookingId, WorkspaceId
from tocsin.domain.rules import recipient_key
from tocsin.storage.columns import Row, instant, micros
from tocsin.storage.database import Connection

_COLUMNS = """booking_id, recipient, uid, organizer_email, method, sequence, stamp_at, digest, calendar, thread_id,
    held_method, held_sequence"""


class SqlInvitations:
    """The invitations of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def get(self, booking_id: BookingId, recipient: str) -> Invitation | None:
        """Return what this recipient was told about this booking, or None if nothing yet."""
        statement = f"""
            SELECT {_COLUMNS} FROM invitations
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id AND recipient_key = :recipient_key"""
        row = self._connection.row(
            statement,
            workspace_id=self._workspace_id,
            booking_id=booking_id,
            recipient_key=recipient_key(recipient),
        )
        return None if row is None else _invitation(row)

    def of_booking(self, booking_id: BookingId) -> list[Invitation]:
        """Return all invitations of a booking."""
        statement = f"""
            SELECT {_COLUMNS} FROM invitations
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id ORDER BY recipient_key"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, booking_id=booking_id)
        return [_invitation(row) for row in rows]

    def put(self, invitation: Invitation) -> None:
        """Store what a recipient is told from now on; what he holds stays until the message was taken."""
        statement = f"""
            INSERT INTO invitations (workspace_id, recipient_key, {_COLUMNS})
            VALUES (:workspace_id, :recipient_key, :booking_id, :recipient, :uid, :organizer_email, :method, :sequence,
                    :stamp_at, :digest, :calendar, :thread_id, NULL, NULL)
            ON CONFLICT (workspace_id, booking_id, recipient_key) DO UPDATE
               SET method = excluded.method, sequence = excluded.sequence, stamp_at = excluded.stamp_at,
                   digest = excluded.digest, calendar = excluded.calendar"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            recipient_key=recipient_key(invitation.recipient),
            booking_id=invitation.booking_id,
            recipient=invitation.recipient,
            uid=invitation.uid,
            organizer_email=invitation.organizer_email,
            method=invitation.method.value,
            sequence=invitation.sequence,
            stamp_at=micros(invitation.stamp),
            digest=invitation.digest,
            calendar=invitation.calendar,
            thread_id=invitation.thread_id,
        )


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
        held_method=None if row["held_method"] is None else Method(row["held_method"]),
        held_sequence=row["held_sequence"],
    )
