"""What was written for a former attempt, if that is still what is to be sent."""

from tocsin.domain.actions import ActionType, SendInvite
from tocsin.domain.delivery import NO_ENTRY, Delivery, Frozen
from tocsin.services.facts import Facts


def former(facts: Facts, delivery: Delivery) -> Frozen | None:
    """Return the bytes of a former attempt, if they are still what the recipient is to be told.

    An older entry must never come again.
    """
    frozen, booking = facts.frozen(delivery), facts.booking(delivery)
    if frozen is None or booking is None or not _is_of(frozen, delivery.action):
        return None  # or the rule does something else by now
    if delivery.is_call:
        # What happened stays what happened, and whoever was called before knows the call by its id; unless it was planned anew.
        return frozen if frozen.booking_revision >= delivery.booking_revision else None
    return frozen if frozen.booking_revision == booking.revision else None


def _is_of(frozen: Frozen, action: ActionType) -> bool:
    has_entry, has_sender = frozen.sequence != NO_ENTRY, bool(frozen.sender)
    return has_entry is (action is SendInvite.type) and has_sender is (action is not ActionType.CALL_WEBHOOK)
