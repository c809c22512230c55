"""Intervention: a person pauses, resumes or skips a delivery that waits. What each means, and when it is not possible."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.domain.delivery import Cause, Delivery, DeliveryId, State, Verdict
from tocsin.domain.errors import ConflictError

SKIPPED = "skipped by "  # how the reason begins of what was skipped: it is known by this, and not planned again


class Deed(StrEnum):
    """What a person did to a delivery."""

    PAUSED = "paused"
    RESUMED = "resumed"
    SKIPPED = "skipped"
    TAKEN_AS_SENT = "taken_as_sent"

    @property
    def words(self) -> str:
        """Say it in words."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """Who did what to a delivery, and when."""

    delivery_id: DeliveryId
    deed: Deed
    by: str
    at: datetime


def paused(delivery: Delivery, *, by: str, now: datetime) -> Verdict:
    """Return where `delivery` stands once `by` has paused it. Raises ConflictError unless it waits."""
    if delivery.state is State.PAUSED:
        raise ConflictError(f"this delivery is paused already: {delivery.reason}")
    _must_wait(delivery, "paused")
    return Verdict(state=State.PAUSED, reason=f"paused by {by} at {now:%Y-%m-%d %H:%M} UTC", next_at=delivery.next_at)


def resumed(delivery: Delivery, *, now: datetime) -> Verdict:
    """Return where a paused delivery stands once it is resumed: due as before, or too late. Raises ConflictError.

    The rule is the same as after the workers were away: what was due meanwhile is sent at once unless it is too late.
    """
    if delivery.state is not State.PAUSED:
        raise ConflictError(f"only a paused delivery can be resumed; this one is {delivery.state.value}")
    if now >= delivery.expires_at:
        return lapsed(delivery)
    return Verdict(state=State.RETRYING if delivery.failures else State.SCHEDULED, next_at=delivery.next_at)


def lapsed(delivery: Delivery) -> Verdict:
    """Return how a paused delivery ends that was not resumed in time."""
    reason = f"{delivery.reason}, and not resumed by {delivery.expires_at:%Y-%m-%d %H:%M} UTC"
    return Verdict(state=State.EXPIRED, reason=reason)


def skipped(delivery: Delivery, *, by: str) -> Verdict:
    """Return how `delivery` ends because `by` does not want it to be sent. Raises ConflictError unless it waits.

    What keeps an invite true is not skipped: the recipient's calendar would be wrong, and nothing left to say so.
    """
    if delivery.cause is Cause.KEEP_IN_SYNC:
        raise ConflictError(
            "this message keeps an invite true that the recipient may hold, so it cannot be skipped; it can be paused"
        )
    if delivery.state is not State.PAUSED:
        _must_wait(delivery, "skipped")
    return Verdict(state=State.CANCELLED, reason=f"{SKIPPED}{by}")


def _must_wait(delivery: Delivery, deed: str) -> None:
    if delivery.state is State.SENDING:
        raise ConflictError(f"this delivery is on its way now, so it cannot be {deed}; look at it again in a minute")
    if delivery.state not in (State.SCHEDULED, State.RETRYING):
        raise ConflictError(f"only what waits can be {deed}; this delivery is {delivery.state.value}")
