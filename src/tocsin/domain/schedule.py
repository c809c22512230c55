"""When a delivery falls due and when it is too late to send it. Offsets are elapsed time between instants."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from tocsin.domain.events import EventKind
from tocsin.domain.model import Booking

HORIZON = timedelta(hours=72)  # the last retry; Stripe and Standard Webhooks give up after about as long
AFTER_THE_END = timedelta(hours=24)  # how late a mail after the meeting still makes sense
# A reminder with offset 0 is due at the very start, so "not once the meeting has started" would leave it no time at all.
AT_THE_START = timedelta(minutes=15)


def due_at(kind: EventKind, booking: Booking, *, offset: timedelta) -> datetime:
    """Return when the timed event `kind` of `booking` falls due."""
    if kind is EventKind.BEFORE_MEETING_STARTS:
        return booking.starts_at - offset
    return booking.ends_at + offset


def moments(kind: EventKind, booking: Booking, offsets: Iterable[timedelta]) -> list[tuple[datetime, datetime]]:
    """Return when a timed rule falls due about `booking`, the first moment first, each with when it is too late.

    At the latest that is when its next moment has come: nobody wants two reminders at once.
    """
    due = sorted(due_at(kind, booking, offset=offset) for offset in offsets)
    nexts = [*due[1:], datetime.max.replace(tzinfo=UTC)]
    return [(at, min(expires_at(kind, booking, due=at), then)) for at, then in zip(due, nexts, strict=True)]


def expires_at(kind: EventKind, booking: Booking, *, due: datetime) -> datetime:
    """Return the moment from which a delivery that was due at `due` is recorded as expired instead of sent."""
    if kind is EventKind.BEFORE_MEETING_STARTS:
        return booking.starts_at if due < booking.starts_at else due + AT_THE_START
    if kind is EventKind.AFTER_MEETING_ENDS:
        return max(due, booking.ends_at) + AFTER_THE_END
    return due + HORIZON


def is_coming(kind: EventKind, booking: Booking, *, now: datetime) -> bool:
    """Tell whether a rule made at `now` for the timed event `kind` still concerns `booking`."""
    if kind is EventKind.BEFORE_MEETING_STARTS:
        return booking.starts_at > now
    return booking.ends_at > now
