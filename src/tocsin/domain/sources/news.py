"""What the call of a source says of one of its bookings, and what is known of that after any number of calls.

Senders repeat, reorder and lose calls. So each thing that is known carries the moment at which it was so: the newest wins, and
nothing comes back from its end. The same calls lead to the same knowledge, in whatever order and however often they come.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

from tocsin.domain.model import BookingStatus

T = TypeVar("T")
EVERYBODY = ""  # in the place of who did not show, where a source marks the booking as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody as the source knows him; name and time zone may be empty."""

    email: str
    name: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalLink:
    """What the source calls an event type, a service or an appointment type. Its `id` there never changes."""

    id: str
    name: str
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """All that a booking is beside where it stands. Times are in UTC. `hosts` may be empty: then the source's own host is."""

    starts_at: datetime
    ends_at: datetime
    link: ExternalLink
    client: Person
    hosts: tuple[Person, ...] = ()
    guests: tuple[str, ...] = ()
    spot: str = ""
    place: str = ""
    join_url: str = ""
    answers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a booking ended. `is_moved`: another takes its place, which its own call names."""

    status: BookingStatus
    reason: str = ""
    by: str = ""
    is_moved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one call says of the booking that the source calls `booking`, as it was `at` that moment.

    What is None or empty is not spoken of. `continues` is the booking in whose place this one is; `no_shows` are persons and
    whether they are marked; `uid` is what the source's own invitations call the booking. `is_of_all`: where the booking has
    seats, it is of all of them.
    """

    booking: str
    at: datetime
    details: Details | None = None
    is_confirmed: bool = False
    ending: Ending | None = None
    no_shows: tuple[tuple[str, bool], ...] = ()
    outcome: str | None = None
    uid: str = ""
    continues: str = ""
    is_of_all: bool = False

    def of_seat(self, seat: str) -> "News":
        """Return what it says of one seat, by what that is called: who did not come, and nothing that would make a booking."""
        marks = tuple((who, is_so) for who, is_so in self.no_shows if seat == f"{self.booking}/{who}")
        return News(booking=seat, at=self.at, no_shows=marks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped(Generic[T]):
    """Something that was so at a moment of the sender's clock."""

    at: datetime
    value: T


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a booking of a source; None: nothing yet."""

    details: Stamped[Details] | None = None
    is_confirmed: bool = False
    ending: Stamped[Ending] | None = None
    no_shows: tuple[tuple[str, Stamped[bool]], ...] = field(default=())
    outcome: Stamped[str] | None = None
    uid: Stamped[str] | None = None
    continues: Stamped[str] | None = None

    @property
    def status(self) -> BookingStatus:
        """Where it stands: awaiting approval until it is confirmed, and ended for good."""
        if self.ending is not None:
            return self.ending.value.status
        return BookingStatus.CONFIRMED if self.is_confirmed else BookingStatus.AWAITING_APPROVAL

    @property
    def is_no_show(self) -> bool:
        """Whether anybody is marked as not having come."""
        return any(mark.value for _, mark in self.no_shows)

    @property
    def predecessor(self) -> str:
        """The booking in whose place it is, or nothing."""
        return "" if self.continues is None else self.continues.value

    @property
    def was_moved(self) -> bool:
        """Whether another takes its place."""
        return self.ending is not None and self.ending.value.is_moved


def merge(known: Known, news: News) -> Known:
    """Return what is known after `news`. The order of merging never matters, and neither does merging twice."""
    return replace(
        known,
        details=_newer(known.details, news.at, news.details),
        is_confirmed=known.is_confirmed or news.is_confirmed,
        ending=_newer(known.ending, news.at, news.ending),
        no_shows=_marked(known, news),
        outcome=_newer(known.outcome, news.at, news.outcome),
        uid=_newer(known.uid, news.at, news.uid or None),
        continues=_newer(known.continues, news.at, news.continues or None),
    )


def _marked(known: Known, news: News) -> tuple[tuple[str, Stamped[bool]], ...]:
    marks: dict[str, Stamped[bool] | None] = dict(known.no_shows)
    for who, is_marked in news.no_shows:
        marks[who] = _newer(marks.get(who), news.at, is_marked)
    return tuple(sorted((who, mark) for who, mark in marks.items() if mark is not None))  # a person stands there once


def _newer(known: Stamped[T] | None, at: datetime, value: T | None) -> Stamped[T] | None:
    """Return the newer of two; of two from the same moment it is always the same one, whichever came first."""
    if value is None:
        return known
    told = Stamped(at=at, value=value)
    return told if known is None else max(known, told, key=lambda one: (one.at, repr(one.value)))
