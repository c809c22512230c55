"""What a recipient's calendar must be told: UID, SEQUENCE, DTSTAMP and METHOD.

Most receivers are last-write-wins and do not look at SEQUENCE, and some lose a change whose SEQUENCE did not rise, so the
number rises whenever the content differs and never otherwise (RFC 5546, 2.1.4 and 2.1.5).
"""

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.domain.model import Booking, BookingId


class Method(StrEnum):
    """What the message asks of the calendar (RFC 5546, 1.4)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a VEVENT shows to one recipient: everything but its SEQUENCE and DTSTAMP. Times are in UTC, to the second."""

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

    @property
    def digest(self) -> str:
        """A hash that is the same if and only if the content is."""
        parts = [str(getattr(self, field.name)) for field in fields(self)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """A VEVENT with its revision: `sequence` (RFC 5545, 3.8.7.4) and `stamp` (DTSTAMP, 3.8.7.2)."""

    entry: Entry
    sequence: int
    stamp: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What one recipient's calendar was last told about one booking; the ledger's row.

    `calendar` is the very object, because a repeat must be the same bytes even after Tocsin changed. The `held` pair is
    what the recipient's server took last; None until it took one. `thread_id` is the Message-ID of the first message, to
    which the later ones refer.
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
    held_method: Method | None = None
    held_sequence: int | None = None


def method_for(booking: Booking) -> Method:
    """Return the method that the booking's state calls for, whatever the rule was: an ended booking is never a REQUEST."""
    return Method.CANCEL if booking.is_over else Method.REQUEST


def is_told(entry: Entry, told: Invitation) -> bool:
    """Tell whether the very object that the recipient was told last says `entry`, so that it is to be sent again.

    After a CANCEL the UID is dead, and whatever comes is answered by the same CANCEL.
    """
    return told.method is Method.CANCEL or told.digest == entry.digest


def revise(entry: Entry, told: Invitation | None, *, now: datetime) -> Invite:
    """Return the invite that tells `entry` to a recipient who was `told` something else before, or nothing yet."""
    stamp = now.replace(microsecond=0)
    if told is None:
        # A CANCEL is a change of an entry that counts as revision 0, even if it was never sent.
        return Invite(entry=entry, sequence=int(entry.method is Method.CANCEL), stamp=stamp)
    # DTSTAMP breaks ties between equal SEQUENCEs: it rises too, even if two changes share a second or a clock went back.
    return Invite(entry=entry, sequence=told.sequence + 1, stamp=max(stamp, told.stamp + timedelta(seconds=1)))
