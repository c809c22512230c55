"""What a recipient's calendar must be told: UID, SEQUENCE, DTSTAMP and METHOD.

Most receivers are last-write-wins and do not look at SEQUENCE, and some lose a change whose SEQUENCE did not rise, so the
number rises whenever the content differs and never otherwise (RFC 5546, 2.1.4 and 2.1.5).
"""

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter

from tocsin.domain.model import Booking, BookingId
from tocsin.domain.recipients import takes_part
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.signed_address import base_of


class Method(StrEnum):
    """What the message asks of the calendar (RFC 5546, 1.4)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a VEVENT shows to one recipient: everything but its SEQUENCE and DTSTAMP. Times are in UTC, to the second.

    `is_still_on` in a CANCEL means that only this recipient was taken off, and the meeting goes on (RFC 5546, 3.2.5).
    """

    method: Method
    uid: str
    summary: str
    description: str
    location: str
    url: str
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    organizer_name: str
    organizer_email: str
    attendee_name: str
    attendee_email: str
    is_still_on: bool = False

    @property
    def takes_counters(self) -> bool:
        """Whether a proposal of another time would be read: answers go to a signed address of ours."""
        return base_of(self.organizer_email) != self.organizer_email

    @property
    def digest(self) -> str:
        """A hash that is the same if and only if the content is."""
        parts = [str(part) for part in _content(self)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


_content = attrgetter(*(field.name for field in fields(Entry)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """A VEVENT with its revision: `sequence` (RFC 5545, 3.8.7.4) and `stamp` (DTSTAMP, 3.8.7.2)."""

    entry: Entry
    sequence: int
    stamp: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a recipient answered (RFC 5546, 3.2.3) to the entry with `sequence`; `stamp` is the answer's own DTSTAMP."""

    rsvp: Rsvp
    sequence: int
    stamp: datetime
    at: datetime
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """The other time that a recipient proposed last (RFC 5546, 3.2.7), in UTC."""

    starts_at: datetime
    ends_at: datetime
    at: datetime
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What one recipient's calendar was last told about one booking, and what he answered; the ledger's row.

    `calendar` is the very object, because a repeat must be the same bytes even after Tocsin changed; `booking_revision` is
    what the booking was at then. The `held` pair is what the recipient's server took last; None until it took one.
    `thread_id` is the Message-ID of the first message, to which the later ones refer. `id` stands in the signed address
    that answers go to; None if answers were not listened to when he was invited.
    """

    booking_id: BookingId
    recipient: str
    uid: str
    organizer_email: str
    method: Method
    sequence: int
    stamp: datetime
    digest: str
    calendar: str
    thread_id: str
    booking_revision: int = 0
    id: str | None = None
    held_method: Method | None = None
    held_sequence: int | None = None
    answered: Answered | None = None
    proposed: Proposed | None = None

    @property
    def is_held(self) -> bool:
        """Whether the recipient's server took what he was told last."""
        return self.held_sequence == self.sequence

    @property
    def rsvp(self) -> Rsvp:
        """His answer to what he was told last; an answer to an older entry says nothing of this one."""
        if self.answered is None or self.answered.sequence < self.sequence:
            return Rsvp.NEEDS_ACTION
        return self.answered.rsvp


def is_told(entry: Entry, told: Invitation) -> bool:
    """Tell whether the very object that the recipient was told last says `entry`, so that it is to be sent again.

    After a CANCEL the UID is dead, and whatever is no new invite is answered by the same CANCEL.
    """
    return told.digest == entry.digest or (told.method is Method.CANCEL and entry.method is Method.CANCEL)


def uid_for(booking: Booking, told: Invitation | None, method: Method, recipient: str, *, gap: int = 0) -> str:
    """Return what the recipient's calendar calls the booking.

    It is the booking's own UID for its whole life, but for somebody who was taken off and is invited again: after a CANCEL
    a UID is dead, and some calendars would ignore a REQUEST for it. Who takes part in a booking that came from another
    scheduler has that one's entry already, and must not get a second. `gap` is as in `revise`.
    """
    if told is None:
        return booking.source_uid if booking.source_uid and takes_part(booking, recipient) else booking.uid
    if told.method is Method.CANCEL and method is Method.REQUEST:
        name, _, domain = booking.uid.rpartition("@")  # never the other scheduler's, which is not ours to number
        return f"{name}.{told.sequence + 1 + gap}@{domain}"
    return told.uid


def revise(entry: Entry, told: Invitation | None, *, now: datetime, gap: int = 0) -> Invite:
    """Return the invite that tells `entry` to a recipient who was `told` something else before, or nothing yet.

    `gap` is how many numbers may have been used up since, of which nothing is known (`domain/restore.py`).
    """
    stamp = now.replace(microsecond=0)
    if told is None:
        # A CANCEL is a change of an entry that counts as revision 0, even if it was never sent.
        return Invite(entry=entry, sequence=int(entry.method is Method.CANCEL) + gap, stamp=stamp)
    # DTSTAMP breaks ties between equal SEQUENCEs: it rises too, even if two changes share a second or a clock went back.
    return Invite(entry=entry, sequence=told.sequence + 1 + gap, stamp=max(stamp, told.stamp + timedelta(seconds=1)))
