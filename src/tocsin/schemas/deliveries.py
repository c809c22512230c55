"""Deliveries and invitations on the wire: ours."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from tocsin.domain.delivery import OPEN, Attempt, Delivery, State
from tocsin.domain.invite import Invitation, Proposed
from tocsin.domain.recipients import recipient_key
from tocsin.domain.webhook import LONGEST_URL
from tocsin.schemas.fields import Asked, Shown, plain
from tocsin.schemas.paging import PageQuery, Pagination
from tocsin.services.ports import DeliveryFilter

_States = Literal[
    "scheduled", "sending", "retrying", "paused", "sent", "failed", "cancelled", "superseded", "expired", "suppressed"
]


class DeliveriesQuery(PageQuery):
    """Which deliveries are wanted."""

    state: _States | None = None
    booking_id: Annotated[str, Field(max_length=64), plain] = ""
    rule_id: Annotated[str, Field(max_length=64), plain] = ""
    recipient: Annotated[str, Field(max_length=LONGEST_URL), plain] = ""

    @property
    def wanted(self) -> DeliveryFilter:
        """The same in our words."""
        return DeliveryFilter(
            state=self.state or "", booking_id=self.booking_id, rule_id=self.rule_id, recipient=self.recipient
        )


class DeliveryOut(Shown):
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
    due_at: datetime
    expires_at: datetime
    next_attempt_at: datetime | None
    attempts_count: int
    created_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """Return `delivery` as it is shown."""
        return cls(
            id=delivery.id,
            state=delivery.state.value,
            reason=delivery.reason or None,
            cause=delivery.cause.value,
            event=delivery.event.value,
            about=delivery.about or None,
            rule_id=delivery.rule_id,
            rule_revision=delivery.rule_revision,
            action_index=delivery.action_index,
            action_type=delivery.action.value,
            booking_id=delivery.booking_id,
            booking_revision=delivery.booking_revision,
            recipient=delivery.recipient,
            due_at=delivery.due_at,
            expires_at=delivery.expires_at,
            next_attempt_at=delivery.next_at if delivery.state in OPEN - {State.PAUSED} else None,
            attempts_count=delivery.attempts,
            created_at=delivery.created_at,
            settled_at=delivery.settled_at,
        )


class AttemptOut(Shown):
    """One SMTP dialogue, or one call of a webhook, whose status is `code`.

    `result` is null while it runs, and `interrupted` if its worker died.
    """

    number: int
    started_at: datetime
    ended_at: datetime | None
    result: str | None
    code: int | None
    enhanced_code: str | None
    reply: str | None

    @classmethod
    def of(cls, attempt: Attempt, delivery: Delivery) -> Self:
        """Return `attempt` as it is shown."""
        outcome = attempt.outcome
        runs = delivery.state is State.SENDING and attempt.number == delivery.attempts
        return cls(
            number=attempt.number,
            started_at=attempt.started_at,
            ended_at=attempt.ended_at,
            result=outcome.result.value if outcome else None if runs else "interrupted",
            code=outcome.code if outcome else None,
            enhanced_code=(outcome.enhanced_code or None) if outcome else None,
            reply=(outcome.reply or None) if outcome else None,
        )


class FullDeliveryOut(DeliveryOut):
    """A delivery with its attempts."""

    attempts: list[AttemptOut] = Field(default_factory=list)


class DeliveryAnswer(Shown):
    """The answer to show and retry."""

    delivery: FullDeliveryOut


class DeliveriesAnswer(Shown):
    """The answer to list."""

    deliveries: list[DeliveryOut]
    pagination: Pagination


class InvitationsQuery(Asked):
    """Whose invitations are wanted."""

    booking_id: Annotated[str, Field(min_length=1, max_length=64, description="a booking's id or sid"), plain]


class ProposalOut(Shown):
    """Another time that a recipient proposed. Nothing moves by it."""

    starts_at: datetime
    ends_at: datetime
    comment: str | None
    proposed_at: datetime

    @classmethod
    def of(cls, proposed: Proposed) -> Self:
        """Return `proposed` as it is shown."""
        return cls(
            starts_at=proposed.starts_at,
            ends_at=proposed.ends_at,
            comment=proposed.comment or None,
            proposed_at=proposed.at,
        )


class InvitationOut(Shown):
    """What one recipient's calendar was told last, what it is known to hold, and what the recipient answered to it.

    `rsvp` is the answer to what he was told last: after a change he is asked again.
    """

    booking_id: str
    recipient: str
    uid: str
    sequence: int
    method: str
    dtstamp: datetime
    message_ids: list[str]
    held_sequence: int | None
    held_method: str | None
    rsvp: str
    answered_at: datetime | None
    comment: str | None
    proposal: ProposalOut | None

    @classmethod
    def of(cls, invitation: Invitation, message_ids: Mapping[str, list[str]]) -> Self:
        """Return `invitation` as it is shown, with the ids of the messages that its recipient's server took, by key."""
        return cls(
            booking_id=invitation.booking_id,
            recipient=invitation.recipient,
            uid=invitation.uid,
            sequence=invitation.sequence,
            method=invitation.method.value,
            dtstamp=invitation.stamp,
            held_sequence=invitation.held_sequence,
            held_method=None if invitation.held_method is None else invitation.held_method.value,
            message_ids=message_ids.get(recipient_key(invitation.recipient), []),
            rsvp=invitation.rsvp.value,
            answered_at=None if invitation.answered is None else invitation.answered.at,
            comment=None if invitation.answered is None else invitation.answered.comment or None,
            proposal=None if invitation.proposed is None else ProposalOut.of(invitation.proposed),
        )


class InvitationsAnswer(Shown):
    """The answer to list."""

    invitations: list[InvitationOut]
