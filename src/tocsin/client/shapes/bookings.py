"""Bookings: shapes of the API, written by `make reference`."""

from typing import Any, Literal, NotRequired, TypedDict

from tocsin.client.shapes.answers import Answers
from tocsin.client.shapes.outcomes import Outcome
from tocsin.client.shapes.paging import Pagination


class BookingIn(TypedDict):
    """A booking as it is asked for. `status` may be `awaiting_approval`; `room_url` and `spot_details` are ours."""

    meeting_slug: str
    name: str
    email: str
    time_zone: str
    slot_date: str
    slot_start_time: str
    preferred_meeting_spot: NotRequired[str]
    spot_details: NotRequired[str]
    room_url: NotRequired[str]
    host_email: NotRequired[str | None]
    form_responses: NotRequired[Answers]
    override_availability: NotRequired[bool]
    status: NotRequired[Literal["confirmed", "awaiting_approval"]]


class BookingPatch(TypedDict):
    """What to change of a booking; what is left out, or null, stays. An empty `meeting_outcome_id` takes the outcome away."""

    name: NotRequired[str | None]
    email: NotRequired[str | None]
    time_zone: NotRequired[str | None]
    slot_date: NotRequired[str | None]
    slot_start_time: NotRequired[str | None]
    preferred_meeting_spot: NotRequired[str | None]
    spot_details: NotRequired[str | None]
    room_url: NotRequired[str | None]
    host_email: NotRequired[str | None]
    status: NotRequired[Literal["approved", "confirmed", "rejected", "cancelled"] | None]
    cancel_reason: NotRequired[str]
    rejection_reason: NotRequired[str]
    cancelled_by: NotRequired[str]
    reschedule_reason: NotRequired[str | None]
    no_show: NotRequired[bool | None]
    meeting_outcome_id: NotRequired[str | None]
    meeting_outcome: NotRequired[str | None]
    form_responses: NotRequired[Answers]
    override_availability: NotRequired[bool]


class Host(TypedDict):
    """One of several hosts."""

    name: str
    email: str


class Booking(TypedDict):
    """A booking."""

    id: str
    sid: str
    parent_booking_id: NotRequired[str | None]
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
    multihosts: list[Host]
    starts_at: str
    ends_at: str
    created_at: str
    updated_at: str
    status: str
    cancel_reason: str | None
    cancelled_by: str | None
    reschedule_requested: NotRequired[bool]
    reschedule_reason: str | None
    no_show: bool
    meeting_outcome: Outcome | str | None
    preferred_meeting_spot: str | None
    room_type: str | None
    room_url: str | None
    room_id: NotRequired[str | None]
    spot_details: str | None
    notes_url: NotRequired[str | None]
    internal_notes: NotRequired[str | None]
    metadata: NotRequired[dict[str, Any]]
    admin_booking_url: NotRequired[str | None]
    client_booking_url: NotRequired[str | None]
    form_responses: list[dict[str, str]]
    form_responses_as_hash: dict[str, str]


class BookingAnswer(TypedDict):
    """The answer to show, create and update in v2; v1 gives the booking unwrapped."""

    booking: Booking


class BookingsAnswer(TypedDict):
    """The answer to list."""

    bookings: list[Booking]
    pagination: Pagination
