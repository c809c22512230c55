"""What must hold at every step of a simulation. Complaints are kept, for an error inside of a mailer would be caught."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.calendars import ReceivedInvite, read
from tests.torture.simulation.relay import Copy
from tocsin.domain.delivery import OPEN
from tocsin.domain.letter import Envelope
from tocsin.domain.model import Booking, WorkspaceId
from tocsin.storage.columns import instant

if TYPE_CHECKING:
    from tests.torture.simulation.engine import Engine
    from tests.torture.simulation.workers import Process

FOR_GOOD = frozenset({"sent", "failed", "suppressed"})  # what was never handed over may be planned anew
IS_OPEN = frozenset(state.value for state in OPEN)
_LEASE = timedelta(seconds=60)
_NOW = "SELECT workspace_id, state, leased_by, attempts, due_at, booking_id, cause FROM deliveries WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery as it stands in the table at the moment that it is handed over."""

    workspace_id: WorkspaceId
    state: str
    leased_by: str | None
    attempts: int
    due_at: datetime
    booking_id: str
    is_sync: bool


def is_invite(envelope: Envelope) -> bool:
    """Tell whether a message has an entry for a calendar."""
    return b"text/calendar" in envelope.message


@dataclass
class Watch:
    """Looks at what is handed over, and at the table after each step."""

    engine: "Engine"
    wrong: list[str] = field(default_factory=list)
    seen: dict[str, tuple[str, str]] = field(default_factory=dict)
    octets: dict[tuple[object, ...], str] = field(default_factory=dict)
    due: dict[str, datetime] = field(default_factory=dict)  # when what keeps an invite true was due first
    invites: dict[bytes, ReceivedInvite] = field(default_factory=dict)  # what was read, by message
    bookings: dict[tuple[str, object], Booking | None] = field(default_factory=dict)  # as each revision of them was
    handed_over: int = 0
    repeated: int = 0

    def row(self, delivery_id: str) -> Row:
        """Return a delivery as it stands in the table."""
        ((workspace_id, state, leased_by, attempts, due_at, booking_id, cause),) = self.engine.database.rows(
            _NOW, delivery_id
        )
        found: Any = (workspace_id, state, leased_by, attempts, instant(due_at), booking_id, cause == "keep_in_sync")
        return Row(*found)

    def is_held(self, process: "Process", row: Row) -> bool:
        """Tell whether a delivery that stands so in the table is this process's."""
        return row.state == "sending" and row.leased_by == process.seat.name

    def read(self, envelope: Envelope) -> ReceivedInvite:
        """Return what an invite says to its recipient; bytes that were read already say the same."""
        if envelope.message not in self.invites:
            self.invites[envelope.message] = read(envelope.message)
        return self.invites[envelope.message]

    def handed(self, process: "Process", envelope: Envelope) -> None:
        """Look at a message at the very moment that it is handed over."""
        self.handed_over += 1
        row = self.row(envelope.claim.delivery_id)
        process.handed[envelope.claim.delivery_id] = row.attempts
        text = f"{envelope.claim.delivery_id} to {envelope.recipient} by process {process.number}"
        self.engine.note("handed", process.number, envelope.claim.delivery_id, row.attempts, _digest(envelope))
        # What keeps an invite true waits anew when there is another change; once it was due, it may go. After a clock
        # that was ahead is set right, the new moment is the earlier one.
        first_due_at = self.due.setdefault(envelope.claim.delivery_id, row.due_at)
        due_at = min(first_due_at, row.due_at) if row.is_sync else row.due_at
        if due_at > process.began_at:
            self.wrong.append(f"early: {text} at {process.began_at}, due {row.due_at}")
        # Whoever stood still, or could not renew, has to find out by himself. That the clock was set nobody can.
        is_set = self.engine.clocks.jumped_at is not None and self.engine.clocks.jumped_at >= process.began
        if not self.is_held(process, row) and not is_set:
            self.wrong.append(f"not its own: {text}, {row.state}, {row.leased_by}")
        revision = self.engine.revision(row.booking_id)
        self._same_octets(envelope, revision, text)
        self._not_taken_before(process, envelope, row, text)
        with self.engine.storms.none(), self.engine.store.reading(row.workspace_id) as tx:
            if (row.booking_id, revision) not in self.bookings:
                self.bookings[row.booking_id, revision] = tx.bookings.get(row.booking_id)
            is_listed = bool(tx.suppressions.of_recipient(envelope.recipient))
        booking = self.bookings[row.booking_id, revision]
        if is_listed:
            self.wrong.append(f"suppressed: {text}")
        if booking is None:
            self.wrong.append(f"about nothing: {text}")
        elif is_invite(envelope):
            self.wrong += [f"untrue: {text} {what}" for what in _untrue(self.read(envelope), booking)]

    def _same_octets(self, envelope: Envelope, revision: object, text: str) -> None:
        digest = _digest(envelope)
        for key in ((envelope.claim.delivery_id, revision), _message_id(envelope)):
            if self.octets.setdefault(key, digest) != digest:
                self.wrong.append(f"other octets: {text}, {key}")

    def _not_taken_before(self, process: "Process", envelope: Envelope, row: Row, text: str) -> None:
        statement = "SELECT count(*) FROM attempts WHERE delivery_id = ? AND result = 'accepted'"
        if self.engine.database.rows(statement, envelope.claim.delivery_id) != [(0,)]:
            self.wrong.append(f"marked as sent, and sent again: {text}")
        if process.heard.get(envelope.claim.delivery_id) == row.attempts - 1:
            self.wrong.append(f"known to be sent, and sent again: {text}")
        for copy in self.engine.relay.copies_of(envelope.claim.delivery_id):
            if not self._is_excused(copy):
                self.wrong.append(f"sent twice without a reason: {text}")

    def _is_excused(self, copy: Copy) -> bool:
        """Tell whether nobody could know that a copy was taken, or whoever knew could not write it down."""
        process = self.engine.processes[copy.process]
        is_dead = process.life != copy.life or process.back_at is not None
        return copy.name != "taken" or copy.is_late or is_dead or self._is_shaken_since(copy.at - _LEASE)

    def _is_shaken_since(self, moment: timedelta) -> bool:
        """Tell whether since then the clock was set, a store failed, or a process stood still."""
        engine = self.engine
        shakes = (engine.clocks.jumped_at, engine.storms.failed_at, engine.stopped_at)
        return any(one is not None and one >= moment for one in shakes)

    def took(self, copy: Copy) -> None:
        """Count the copies that came before."""
        self.repeated += any(
            one.envelope.message == copy.envelope.message
            for one in self.engine.relay.copies_of(copy.envelope.claim.delivery_id)
        )

    def step(self) -> None:
        """Look at the table: nothing is gone, and what ended for good stays."""
        now: Any = self.engine.database.rows("SELECT id, state, reason FROM deliveries")
        found = {delivery_id: (state, reason) for delivery_id, state, reason in now}
        self.wrong += [f"gone: {one}" for one in self.seen if one not in found]
        for one, was in self.seen.items():
            if was[0] in FOR_GOOD and found.get(one, was) != was:
                self.wrong.append(f"{one} was {was} and is {found[one]}")
        heard = {copy.envelope.claim.delivery_id for copy in self.engine.relay.copies if copy.name == "taken"}
        self.wrong += [
            f"never taken: {one}" for one, (state, _) in found.items() if state == "sent" and one not in heard
        ]
        self.seen = found


def _untrue(invite: ReceivedInvite, booking: Booking) -> list[str]:
    shown, place = invite.appointment, booking.place.join_url or booking.place.details
    if invite.method == "CANCEL":
        return []
    if booking.is_over:
        return [f"invites to a booking that is {booking.status}"]
    is_so = (shown.starts_at, shown.location, shown.host) == (booking.starts_at, place, booking.host.name)
    return [] if is_so else [f"{shown} is not revision {booking.revision} at {booking.starts_at}, {place}"]


def _digest(envelope: Envelope) -> str:
    return hashlib.sha256(envelope.message).hexdigest()[:16]


def _message_id(envelope: Envelope) -> tuple[bytes, ...]:
    head = envelope.message.partition(b"\r\n\r\n")[0].lower()
    return tuple(line for line in head.split(b"\r\n") if line.startswith(b"message-id:"))
