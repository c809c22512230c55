"""What can happen to a booking: NeetoCal's seven events, two of which are timed, and what its recipients answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from tocsin.domain.model import Booking, BookingStatus


class EventKind(StrEnum):
    """The seven events in the order of the original text, then ours."""

    MARKED_NO_SHOW = "marked_no_show"
    BOOKING_CONFIRMED = "booking_confirmed"
    BOOKING_RESCHEDULED = "booking_rescheduled"
    BOOKING_CANCELLED = "booking_cancelled"
    BEFORE_MEETING_STARTS = "before_meeting_starts"
    AFTER_MEETING_ENDS = "after_meeting_ends"
    MEETING_OUTCOME_CHANGED = "meeting_outcome_changed"
    INVITE_ACCEPTED = "invite_accepted"
    INVITE_DECLINED = "invite_declined"
    RECIPIENT_REMOVED = "recipient_removed"


# What a rule can be made for. That a recipient was taken off a rule only concerns who kept his invite in sync.
OF_RULES = tuple(kind for kind in EventKind if kind is not EventKind.RECIPIENT_REMOVED)

HAPPENS: Mapping[EventKind, str] = {
    EventKind.MARKED_NO_SHOW: "the booking is marked as no-show",
    EventKind.BOOKING_CONFIRMED: "a booking is made confirmed, or is approved",
    EventKind.BOOKING_RESCHEDULED: "its time, host or place changes",
    EventKind.BOOKING_CANCELLED: "it is cancelled or rejected",
    EventKind.BEFORE_MEETING_STARTS: "`offset_minutes` before the start (30 if left out)",
    EventKind.AFTER_MEETING_ENDS: "`offset_minutes` after the end (0 if left out)",
    EventKind.MEETING_OUTCOME_CHANGED: "the meeting outcome really changes",
    EventKind.INVITE_ACCEPTED: "the answer of somebody who was invited changes to accepted",
    EventKind.INVITE_DECLINED: "the answer of somebody who was invited changes to declined",
}
TIMED = frozenset({EventKind.BEFORE_MEETING_STARTS, EventKind.AFTER_MEETING_ENDS})
# Events after which an invite that still waits is stale, because the entry it shows has changed.
ENTRY_CHANGES = frozenset({EventKind.BOOKING_RESCHEDULED, EventKind.BOOKING_CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to `booking`, which is the booking as it is after it.

    `about` is the address of the recipient whose answer it was, empty for all that is not an answer.
    """

    kind: EventKind
    booking: Booking
    occurred_at: datetime
    about: str = ""

    @property
    def key(self) -> str:
        """What makes it this event and no other; several people may answer while the booking stays as it is."""
        answered = f"/{self.about}/{int(self.occurred_at.timestamp() * 1_000_000)}" if self.about else ""
        return f"{self.booking.id}/{self.booking.revision}/{self.kind.value}{answered}"


def events_between(before: Booking | None, after: Booking, *, now: datetime) -> list[Event]:
    """Return what happened to a booking that was `before` (None: it did not exist) and now is `after`.

    A change that changes nothing yields nothing; neither does taking a no-show mark away, nor anything that happens to a
    booking while it awaits approval: nobody was told of it yet.
    """
    return [Event(kind=kind, booking=after, occurred_at=now) for kind in _kinds(before, after)]


def is_possible(kind: EventKind, booking: Booking) -> bool:
    """Tell whether `kind` can happen to a booking as it is; for what is timed, whether its moment can come."""
    return kind is EventKind.MEETING_OUTCOME_CHANGED or not booking.is_over


def supposed(kind: EventKind, booking: Booking, *, now: datetime) -> Booking:
    """Return a booking as it would be if `kind`, which is possible, had just happened to it."""
    if kind is EventKind.BOOKING_CANCELLED:
        return booking.cancelled(now=now, reason="", by="")
    if booking.status is BookingStatus.AWAITING_APPROVAL:
        booking = booking.approved()
    return replace(booking, is_no_show=True) if kind is EventKind.MARKED_NO_SHOW else booking


def _kinds(before: Booking | None, after: Booking) -> list[EventKind]:
    was_confirmed = before is not None and before.status is BookingStatus.CONFIRMED
    is_confirmed = after.status is BookingStatus.CONFIRMED
    kinds: list[EventKind] = []
    if is_confirmed and not was_confirmed:
        kinds.append(EventKind.BOOKING_CONFIRMED)
    if before is None:
        return kinds
    if was_confirmed and is_confirmed and after.differs_in_the_calendar(before):
        kinds.append(EventKind.BOOKING_RESCHEDULED)
    if after.is_over and not before.is_over:
        kinds.append(EventKind.BOOKING_CANCELLED)
    if after.is_no_show and not before.is_no_show:
        kinds.append(EventKind.MARKED_NO_SHOW)
    if _outcome(after) != _outcome(before) and after.status is not BookingStatus.AWAITING_APPROVAL:
        kinds.append(EventKind.MEETING_OUTCOME_CHANGED)
    return kinds


def _outcome(booking: Booking) -> str | None:
    return None if booking.outcome is None else booking.outcome.id
