"""Restoring: a store that was brought back is older than the world, so what may have left meanwhile is not sent by itself."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from tocsin.domain.delivery import Delivery, State, Verdict
from tocsin.domain.errors import ConflictError
from tocsin.domain.intervention import Deed, Intervention
from tocsin.domain.invite import Invitation
from tocsin.domain.model import Booking

# By how much SEQUENCE jumps at the first new entry after a restore: more than one booking is changed between two backups.
GAP = 1_000
HELD = "held since the restore at "  # how the reason begins of what a restore holds back: it is known by this
TAKEN_AS_SENT = "taken as sent before the restore, by "
BY = "tocsin restore"


class Decision(StrEnum):
    """What is decided about a delivery that a restore holds back: it has left already, or it is to be sent."""

    DONE = "done"
    SEND = "send"

    @property
    def deed(self) -> Deed:
        """What stands with the delivery once it is decided."""
        return Deed.TAKEN_AS_SENT if self is Decision.DONE else Deed.RESUMED


def held_because(*, taken_at: datetime | None, restored_at: datetime) -> str:
    """Return why a delivery waits that may have left after the backup was taken; of a foreign copy nobody knows when."""
    since = "since the backup was taken" if taken_at is None else f"after the backup of {taken_at:%Y-%m-%d %H:%M} UTC"
    return f"{HELD}{restored_at:%Y-%m-%d %H:%M} UTC: it may have left {since}"


def is_held(delivery: Delivery) -> bool:
    """Tell whether a restore holds `delivery` back."""
    return delivery.state is State.PAUSED and delivery.reason.startswith(HELD)


def was_taken_as_sent(delivery: Delivery) -> bool:
    """Tell whether `delivery` ended because somebody said that it had left before the restore: nothing left since."""
    return delivery.state is State.SENT and delivery.reason.startswith(TAKEN_AS_SENT)


def must_be_held(delivery: Delivery) -> None:
    """Raise ConflictError unless a restore holds `delivery` back."""
    if not is_held(delivery):
        raise ConflictError(f"no restore holds this delivery; it is {delivery.state.value}")


def decided(interventions: Sequence[Intervention]) -> Deed | None:
    """Return what was done first to a delivery since a restore held it back last; None: nothing, or none has held it."""
    holds = [number for number, one in enumerate(interventions) if (one.deed, one.by) == (Deed.PAUSED, BY)]
    since = interventions[holds[-1] + 1 :] if holds else ()
    return since[0].deed if since else None


def taken_as_sent(delivery: Delivery, *, by: str) -> Verdict:
    """Return how `delivery` ends of which `by` says that it left before the restore. Raises ConflictError unless it is held."""
    must_be_held(delivery)
    return Verdict(state=State.SENT, reason=f"{TAKEN_AS_SENT}{by}")


def gap(booking: Booking, told: Invitation | None, restored_at: datetime | None) -> int:
    """Return how many numbers of SEQUENCE may have been used up of which this store knows nothing.

    What a recipient was told since the restore is known. A booking that another scheduler reports anew may be an old one.
    """
    if restored_at is None:
        return 0
    if told is None:
        return GAP if booking.source_uid or booking.created_at <= restored_at else 0
    return GAP if told.stamp <= restored_at else 0
