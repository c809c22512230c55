"""The nouns: workspace, member, scheduling link, booking, meeting outcome. Ids are types of their own."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType

from tocsin.domain.errors import ConflictError, InvalidInputError

WorkspaceId = NewType("WorkspaceId", str)
MemberId = NewType("MemberId", str)
LinkId = NewType("LinkId", str)
BookingId = NewType("BookingId", str)
OutcomeId = NewType("OutcomeId", str)

GUESTS_QUESTION = "guest_email_s"  # the question of a booking form that is answered with the guests' addresses
MOST_GUESTS = 50
MOST_ANSWERS = 50  # to the questions of one booking form


class BookingStatus(StrEnum):
    """Where a booking stands. The wire uses these very words."""

    CONFIRMED = "confirmed"
    AWAITING_APPROVAL = "awaiting_approval"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class LinkKind(StrEnum):
    """Who attends a booking of a link: its one host, one of them in turn, all of them, or many clients at once."""

    ONE_ON_ONE = "one_on_one"
    ROUND_ROBIN = "round_robin"
    MULTIHOST = "multihost"
    GROUPED = "grouped"


class OutcomeKind(StrEnum):
    """A meeting outcome is the built-in no-show or one that the workspace made."""

    CUSTOM = "custom"
    NO_SHOW = "no_show"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The tenant. `mail_from` is its own sender and ORGANIZER; None means the server's (TOCSIN_MAIL_FROM).

    `restored_at` is when it was brought back from a backup last.
    """

    id: WorkspaceId
    subdomain: str
    name: str
    time_zone: str
    locale: str
    mail_from: str | None
    created_at: datetime
    restored_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody of the workspace, who can be the host of a link."""

    id: MemberId
    name: str
    email: str
    time_zone: str
    role: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulingLink:
    """A page on which clients book. On the wire it is a `meeting`.

    A template link only serves to make others and is never booked. `extras` keeps wire fields that mean nothing to
    Tocsin but that clients expect to read back.
    """

    id: LinkId
    sid: str
    slug: str
    name: str
    description: str
    kind: LinkKind
    duration: timedelta
    hosts: tuple[Member, ...]
    spot: str
    spot_details: str
    scheduling_url: str
    is_template: bool
    is_disabled: bool
    requires_approval: bool
    extras: dict[str, Any]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingOutcome:
    """How a meeting went, in the workspace's own words."""

    id: OutcomeId
    name: str
    color: str
    kind: OutcomeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The person who booked."""

    name: str
    email: str
    time_zone: str

    @property
    def first_name(self) -> str:
        """The first word of the name."""
        return self.name.partition(" ")[0]

    @property
    def last_name(self) -> str:
        """All of the name after its first word; empty if there is none."""
        return self.name.partition(" ")[2].strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the meeting is: a spot of the scheduler (`zoom`, `in_person`), words about it, and the address to join."""

    spot: str = ""
    details: str = ""
    join_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One reserved time on a scheduling link.

    `revision` counts every change, from 0. `uid` is what all calendars call the booking, for its whole life (RFC 5545,
    3.8.4.7). The first of `hosts` is the host; a multihost link books all of its members. `guests` are the addresses of those
    whom the client brings, each once, and never the client's or a host's. `source_uid` is what the invitations of the scheduler
    call the booking that it came from, if they call it anything. Times are aware and in UTC.
    """

    id: BookingId
    sid: str
    uid: str
    link_id: LinkId
    client: Client
    hosts: tuple[Member, ...]
    starts_at: datetime
    ends_at: datetime
    status: BookingStatus
    place: Place
    revision: int
    created_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None = None
    cancel_reason: str = ""
    cancelled_by: str = ""
    reschedule_reason: str = ""
    is_no_show: bool = False
    outcome: MeetingOutcome | None = None
    form_responses: tuple[tuple[str, str], ...] = ()
    guests: tuple[str, ...] = ()
    source_uid: str = ""

    def __post_init__(self) -> None:
        for field, moment in (("starts_at", self.starts_at), ("ends_at", self.ends_at)):
            if moment.utcoffset() != timedelta(0):
                raise InvalidInputError.of(field, "times are kept in UTC")
        if self.ends_at <= self.starts_at:
            raise InvalidInputError.of("ends_at", "a booking ends after it starts")

    @property
    def host(self) -> Member:
        """The host, or the first of them."""
        return self.hosts[0]

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the client and the guests are written to; hosts are members, whose addresses do not change."""
        return self.client.email, *self.guests

    @property
    def answers(self) -> tuple[tuple[str, str], ...]:
        """What was answered to the questions of the form, the guests among them."""
        return (*self.form_responses, (GUESTS_QUESTION, ", ".join(self.guests))) if self.guests else self.form_responses

    @property
    def is_over(self) -> bool:
        """Whether the booking was cancelled or rejected."""
        return self.status in (BookingStatus.CANCELLED, BookingStatus.REJECTED)

    def differs_in_the_calendar(self, other: "Booking") -> bool:
        """Tell whether time, hosts or place changed, which is what `booking_rescheduled` means."""
        return (self.starts_at, self.ends_at, self.place, [h.id for h in self.hosts]) != (
            other.starts_at,
            other.ends_at,
            other.place,
            [h.id for h in other.hosts],
        )

    def approved(self) -> "Booking":
        """Return this booking confirmed. Raises ConflictError unless it awaits approval."""
        self._must_await("approved")
        return replace(self, status=BookingStatus.CONFIRMED)

    def rejected(self, *, now: datetime, reason: str) -> "Booking":
        """Return this booking rejected. Raises ConflictError unless it awaits approval."""
        self._must_await("rejected")
        return replace(self, status=BookingStatus.REJECTED, cancelled_at=now, cancel_reason=reason)

    def cancelled(self, *, now: datetime, reason: str, by: str) -> "Booking":
        """Return this booking cancelled. Raises ConflictError if it is over already."""
        if self.is_over:
            raise ConflictError(f"the booking is {self.status.value} already")
        return replace(self, status=BookingStatus.CANCELLED, cancelled_at=now, cancel_reason=reason, cancelled_by=by)

    def _must_await(self, deed: str) -> None:
        if self.status is not BookingStatus.AWAITING_APPROVAL:
            raise ConflictError(f"only a booking that awaits approval can be {deed}; this one is {self.status.value}")
