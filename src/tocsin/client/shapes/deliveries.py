"""Deliveries: shapes of the API, written by `make reference`."""

from typing import NotRequired, TypedDict

from tocsin.client.shapes.paging import Pagination


class Attempt(TypedDict):
    """One SMTP dialogue, or one call of a webhook, whose status is `code`."""

    number: int
    started_at: str
    ended_at: str | None
    result: str | None
    code: int | None
    enhanced_code: str | None
    reply: str | None


class Delivery(TypedDict):
    """A delivery: why it exists, when it is or was due, where it stands and what happens next."""

    id: str
    state: str
    reason: str | None
    cause: str
    event: str
    about: str | None
    rule_id: str
    rule_revision: int
    action_index: int
    action_type: str
    booking_id: str
    booking_revision: int
    recipient: str
    due_at: str
    expires_at: str
    next_attempt_at: str | None
    attempts_count: int
    created_at: str
    settled_at: str | None


class Proposal(TypedDict):
    """Another time that a recipient proposed. Nothing moves by it."""

    starts_at: str
    ends_at: str
    comment: str | None
    proposed_at: str


class DeliveriesAnswer(TypedDict):
    """The answer to list."""

    deliveries: list[Delivery]
    pagination: Pagination


class FullDelivery(TypedDict):
    """A delivery with its attempts."""

    id: str
    state: str
    reason: str | None
    cause: str
    event: str
    about: str | None
    rule_id: str
    rule_revision: int
    action_index: int
    action_type: str
    booking_id: str
    booking_revision: int
    recipient: str
    due_at: str
    expires_at: str
    next_attempt_at: str | None
    attempts_count: int
    created_at: str
    settled_at: str | None
    attempts: NotRequired[list[Attempt]]


class Invitation(TypedDict):
    """What one recipient's calendar was told last, what it is known to hold, and what the recipient answered to it."""

    booking_id: str
    recipient: str
    uid: str
    sequence: int
    method: str
    dtstamp: str
    message_ids: list[str]
    held_sequence: int | None
    held_method: str | None
    rsvp: str
    answered_at: str | None
    comment: str | None
    proposal: Proposal | None


class DeliveryAnswer(TypedDict):
    """The answer to show and retry."""

    delivery: FullDelivery


class InvitationsAnswer(TypedDict):
    """The answer to list."""

    invitations: list[Invitation]
