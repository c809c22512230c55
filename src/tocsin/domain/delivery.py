"""A delivery: one message to one recipient, its states, and what an attempt at it can end in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, NewType

from tocsin.domain.actions.types import ActionType
from tocsin.domain.discretion import PERSON
from tocsin.domain.events import TIMED, EventKind
from tocsin.domain.model import Booking, BookingId, WorkspaceId
from tocsin.domain.retry import backoff

DeliveryId = NewType("DeliveryId", str)


class State(StrEnum):
    """Where a delivery stands; every one ends in a state from `sent` on, and none ends silently."""

    SCHEDULED = "scheduled"
    SENDING = "sending"
    RETRYING = "retrying"
    PAUSED = "paused"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"


OPEN = frozenset({State.SCHEDULED, State.SENDING, State.RETRYING, State.PAUSED})


class Cause(StrEnum):
    """Why there is a delivery: a rule fired, an invite that somebody holds is to be kept true, or somebody tries a rule.

    A test belongs to no rule and no booking: its ids of them are its own, so that nothing that is asked about one finds it.
    """

    RULE_FIRED = "rule_fired"
    KEEP_IN_SYNC = "keep_in_sync"
    TEST = "test"


class Result(StrEnum):
    """How an attempt ended. `transport` is the relay's own trouble and says nothing of this delivery."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"
    TRANSPORT = "transport"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one attempt ended, with the server's reply (RFC 5321, 4.2; enhanced codes RFC 3463).

    `unknown` means that the whole message was handed over and no answer came: nobody can know whether it was taken
    (RFC 1047), so it is sent again, with the same bytes. `wait` is for how long the server asks to be left alone.
    """

    result: Result
    code: int | None = None
    enhanced_code: str = ""
    reply: str = ""
    wait: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one recipient about one booking; the row in the queue.

    `attempts` numbers the attempt in hand and fences its settlement: whoever lost the lease cannot write. `next_at` is
    when to act next: the due moment, the next try, or the end of the lease. `about` is whose answer the event was, if any.
    A call of a webhook has the URL for its recipient.
    """

    id: DeliveryId
    workspace_id: WorkspaceId
    rule_id: str
    rule_revision: int
    action_index: int
    booking_id: BookingId
    booking_revision: int
    event: EventKind
    recipient: str
    state: State
    reason: str
    due_at: datetime
    expires_at: datetime
    next_at: datetime
    attempts: int
    failures: int
    crashes: int
    created_at: datetime
    settled_at: datetime | None
    cause: Cause = Cause.RULE_FIRED
    about: str = ""
    action: ActionType = ActionType.SEND_CALENDAR_INVITE_TO_ANYONE

    @property
    def is_call(self) -> bool:
        """Whether it calls a webhook. A call reports what happened; a mail says what is true."""
        return self.action is ActionType.CALL_WEBHOOK

    @property
    def claim(self) -> "Claim":
        """The attempt that is under way, or was last."""
        return Claim(self.workspace_id, self.id, self.attempts)

    @property
    def in_logs(self) -> dict[str, str]:
        """What a log line about it names. The person stands in no line as he is here (domain/discretion.py)."""
        ids = {"workspace": self.workspace_id, "delivery": self.id, "booking": self.booking_id, "rule": self.rule_id}
        # The URL of a webhook may be all that somebody needs to write to it.
        return ids if self.is_call else {**ids, PERSON: self.recipient}

    @property
    def asked_for_by(self) -> tuple[str, int, EventKind, int]:
        """The action and the event, at its revision of the booking, that this is a message of; whoever gets it."""
        return self.rule_id, self.action_index, self.event, self.booking_revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One SMTP dialogue for one delivery. `outcome` is None while it runs, or if its worker died."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None


class Claim(NamedTuple):
    """One attempt at one delivery, as its worker took it."""

    workspace_id: WorkspaceId
    delivery_id: DeliveryId
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """That the relay took a message, noted by the worker that handed it over."""

    claim: Claim
    code: int | None
    enhanced_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The state that a delivery goes to next, why, and when to act on it (None: never again)."""

    state: State
    reason: str = ""
    next_at: datetime | None = None


# How a message ends that makes way for one of a newer change. It waits again if that one is not sent, and is known by this.
REPLACED = Verdict(state=State.SUPERSEDED, reason="a newer change went instead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How an attempt at `delivery` is written down. `outcome` is None if no dialogue took place."""

    delivery: Delivery
    outcome: Outcome | None
    verdict: Verdict

    @property
    def counts(self) -> bool:
        """Whether it was a failure of this delivery, which makes the next wait longer."""
        return self.outcome is not None and self.outcome.result in (Result.TEMPORARY, Result.UNKNOWN)


NO_ENTRY = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A finished message as it is kept before it is first sent, so that a repeat is the same bytes.

    It holds as long as the booking is at `booking_revision`; `sequence` is that of the entry inside, NO_ENTRY without one.
    """

    booking_revision: int
    sequence: int
    message_id: str
    sender: str
    message: bytes
    frozen_at: datetime


_SENT = Verdict(state=State.SENT)


def stale(delivery: Delivery, booking: Booking, *, now: datetime) -> Verdict | None:
    """Return how `delivery` ends without being sent, or None if it is still to be sent."""
    if now >= delivery.expires_at:
        return Verdict(state=State.EXPIRED, reason=f"not sent by {delivery.expires_at:%Y-%m-%d %H:%M} UTC")
    if booking.is_over and _withdrawn(delivery, booking):
        return Verdict(state=State.CANCELLED, reason=f"the booking was {booking.status.value} first")
    return None


def verdict(delivery: Delivery, outcome: Outcome, *, now: datetime, jitter: float, pause: timedelta) -> Verdict:
    """Return what an attempt's outcome means for its delivery; `pause` is how long the relay is left alone."""
    match outcome.result:
        case Result.ACCEPTED:
            return _SENT
        case Result.PERMANENT:
            return Verdict(state=State.FAILED, reason=outcome.reply)
        case Result.TRANSPORT | Result.WITHDRAWN:
            waiting = State.RETRYING if delivery.failures else State.SCHEDULED
            wait = pause if outcome.result is Result.TRANSPORT else timedelta(0)
            return Verdict(state=waiting, reason=outcome.reply, next_at=now + wait)
        case Result.TEMPORARY | Result.UNKNOWN:  # pragma: no branch  mypy proves that no other is left
            return _again(delivery, outcome, at=now + max(backoff(delivery.failures + 1, jitter=jitter), outcome.wait))


def _again(delivery: Delivery, outcome: Outcome, *, at: datetime) -> Verdict:
    # A last try at the very end is worth more than an early end: a wait that passes the expiry is cut to just before it.
    at = min(at, max(delivery.expires_at - timedelta(seconds=1), delivery.next_at))
    return Verdict(state=State.RETRYING, reason=outcome.reply, next_at=at)


def _withdrawn(delivery: Delivery, booking: Booking) -> bool:
    if delivery.event is EventKind.BOOKING_CANCELLED or (delivery.is_call and delivery.event not in TIMED):
        return False
    asked_before = booking.cancelled_at is None or delivery.created_at < booking.cancelled_at
    return delivery.event in TIMED or asked_before
