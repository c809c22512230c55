"""Bookings on the wire."""

from datetime import datetime, time
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator

from tocsin.domain.model import Booking, Client, Place
from tocsin.formats import zones
from tocsin.schemas.answers import Answers
from tocsin.schemas.fields import (
    Address,
    Day,
    Line,
    Name,
    OptionalLine,
    Reason,
    Sent,
    Shown,
    Url,
    WallClock,
    Zone,
    plain,
)
from tocsin.schemas.outcomes import OutcomeOut
from tocsin.schemas.paging import Pagination
from tocsin.services.bookings import BookingChange, BookingDraft, Slot


class BookingIn(Sent):
    """A booking as it is asked for. `status` may be `awaiting_approval`; `room_url` and `spot_details` are ours."""

    meeting_slug: Line
    name: Name
    email: Address
    time_zone: Zone
    slot_date: Day
    slot_start_time: WallClock
    preferred_meeting_spot: OptionalLine = ""
    spot_details: OptionalLine = ""
    room_url: Url = ""
    host_email: Address | None = None
    form_responses: Answers = Answers()
    override_availability: bool = False
    status: Literal["confirmed", "awaiting_approval"] = "confirmed"

    def draft(self) -> BookingDraft:
        """Return the same in our words."""
        return BookingDraft(
            link_slug=self.meeting_slug,
            client=Client(name=self.name, email=self.email, time_zone=self.time_zone),
            slot=Slot(day=self.slot_date, clock=self.slot_start_time),
            place=Place(spot=self.preferred_meeting_spot, details=self.spot_details, join_url=self.room_url),
            host_email=self.host_email or "",
            form_responses=self.form_responses.others(),
            guests=self.form_responses.guests or (),
            override_availability=self.override_availability,
            awaits_approval=self.status == "awaiting_approval",
        )


class BookingPatch(Sent):
    """What to change of a booking; what is left out, or null, stays. An empty `meeting_outcome_id` takes the outcome away.

    Of `form_responses` the answers that are sent take the place of former ones; the others stay.
    """

    name: Name | None = None
    email: Address | None = None
    time_zone: Zone | None = None
    slot_date: Day | None = None
    slot_start_time: Annotated[WallClock | None, Field(validate_default=True)] = None
    preferred_meeting_spot: OptionalLine | None = None
    spot_details: OptionalLine | None = None
    room_url: Url | None = None
    host_email: Address | None = None
    status: Literal["approved", "confirmed", "rejected", "cancelled"] | None = None
    cancel_reason: Reason = ""
    rejection_reason: Reason = ""
    cancelled_by: OptionalLine = ""
    reschedule_reason: Reason | None = None
    no_show: bool | None = None
    meeting_outcome_id: Annotated[str, Field(max_length=64), plain] | None = None
    meeting_outcome: (
        Annotated[str, Field(max_length=64, description="the same as meeting_outcome_id"), plain] | None
    ) = None
    form_responses: Answers = Answers()
    override_availability: bool = False

    @field_validator("slot_start_time")
    @classmethod
    def _whole_slot(cls, value: time | None, known: ValidationInfo) -> time | None:
        # A date that is wrong is not known here, and complained of by itself.
        if "slot_date" in known.data and (known.data["slot_date"] is None) != (value is None):
            raise ValueError("slot_date and slot_start_time go together: send both")
        return value

    def change(self, booking: Booking) -> BookingChange:
        """Return the same in our words; `booking` is what it was before."""
        slot = None
        if self.slot_date is not None and self.slot_start_time is not None:
            slot = Slot(day=self.slot_date, clock=self.slot_start_time)
        place = Place(
            spot=_given(self.preferred_meeting_spot, booking.place.spot),
            details=_given(self.spot_details, booking.place.details),
            join_url=_given(self.room_url, booking.place.join_url),
        )
        return BookingChange(
            name=self.name,
            email=self.email,
            time_zone=self.time_zone,
            slot=slot,
            place=None if place == booking.place else place,
            host_email=self.host_email,
            status="approved" if self.status == "confirmed" else self.status,
            reason=self.cancel_reason or self.rejection_reason,
            by=self.cancelled_by,
            reschedule_reason=self.reschedule_reason,
            no_show=self.no_show,
            outcome_id=self.meeting_outcome if self.meeting_outcome_id is None else self.meeting_outcome_id,
            form_responses=self.form_responses.others(),
            guests=self.form_responses.guests,
            override_availability=self.override_availability,
        )


class HostOut(Shown):
    """One of several hosts."""

    name: str
    email: str


class BookingOut(Shown):
    """A booking."""

    id: str
    sid: str
    parent_booking_id: str | None = None
    meeting_id: str
    meeting: dict[str, str]
    name: str
    email: str
    time_zone: str
    starts_at_for_client: str
    ends_at_for_client: str
    host_name: str
    host_email: str
    is_multihost: bool
    multihosts: list[HostOut]
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    updated_at: datetime
    status: str
    cancel_reason: str | None
    cancelled_by: str | None
    reschedule_requested: bool = False
    reschedule_reason: str | None
    no_show: bool
    meeting_outcome: OutcomeOut | str | None
    preferred_meeting_spot: str | None
    room_type: str | None
    room_url: str | None
    room_id: str | None = None
    spot_details: str | None
    notes_url: str | None = None
    internal_notes: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    admin_booking_url: str | None = None
    client_booking_url: str | None = None
    form_responses: list[dict[str, str]]
    form_responses_as_hash: dict[str, str]

    @classmethod
    def of(cls, booking: Booking, *, link_name: str, version: int) -> Self:
        """Return `booking` as it is shown; v1 gives the outcome as its name, v2 as an object."""
        zone, outcome = booking.client.time_zone, booking.outcome
        shown_outcome = None if outcome is None else outcome.name if version == 1 else OutcomeOut.of(outcome)
        return cls(
            id=booking.id,
            sid=booking.sid,
            meeting_id=booking.link_id,
            meeting={"name": link_name},
            name=booking.client.name,
            email=booking.client.email,
            time_zone=zone,
            starts_at_for_client=zones.local(booking.starts_at, zone).isoformat(),
            ends_at_for_client=zones.local(booking.ends_at, zone).isoformat(),
            host_name=booking.host.name,
            host_email=booking.host.email,
            is_multihost=len(booking.hosts) > 1,
            multihosts=[HostOut(name=host.name, email=host.email) for host in booking.hosts[1:] and booking.hosts],
            starts_at=booking.starts_at,
            ends_at=booking.ends_at,
            created_at=booking.created_at,
            updated_at=booking.updated_at,
            status=booking.status.value,
            cancel_reason=booking.cancel_reason or None,
            cancelled_by=booking.cancelled_by or None,
            reschedule_reason=booking.reschedule_reason or None,
            no_show=booking.is_no_show,
            meeting_outcome=shown_outcome,
            preferred_meeting_spot=booking.place.spot or None,
            room_type=booking.place.spot or None,
            room_url=booking.place.join_url or None,
            spot_details=booking.place.details or None,
            form_responses=[
                {"field": field, "value": value, "type": "text", "field_code": field}
                for field, value in booking.answers
            ],
            form_responses_as_hash=dict(booking.answers),
        )


class BookingAnswer(Shown):
    """The answer to show, create and update in v2; v1 gives the booking unwrapped."""

    booking: BookingOut


class DecidedAnswer(Shown):
    """The answer of v1 to cancel, approve and reject: a sentence."""

    message: str


class BookingsAnswer(Shown):
    """The answer to list."""

    bookings: list[BookingOut]
    pagination: Pagination


def _given(value: str | None, former: str) -> str:
    return former if value is None else value
