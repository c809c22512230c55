"""What is known of a booking when the conditions of a rule are asked: before a message leaves, and when somebody asks why."""

from collections.abc import Iterable, Sequence

from tocsin.domain.conditions import AnyOf, Condition, Field, looks_at
from tocsin.domain.invite import Invitation
from tocsin.domain.judgement import Known
from tocsin.domain.model import Booking, Workspace
from tocsin.domain.rsvp import Rsvp
from tocsin.formats import zones
from tocsin.services.ports import Transaction


def known(
    tx: Transaction,
    booking: Booking,
    workspace: Workspace,
    conditions: Iterable[Condition | AnyOf],
    *,
    invitations: Sequence[Invitation],
    told: Invitation | None,
) -> Known:
    """Return what `conditions` can look at, as it is now; `invitations` are the booking's, `told` is the recipient's own."""
    return Known(
        booking=booking,
        own=rsvp_of(told),
        all=tuple(one.rsvp for one in invitations),
        is_new_client=looks_at(conditions, Field.CLIENT_IS_NEW) and tx.bookings.is_first_of_client(booking),
        start_in=lambda zone: zones.local(booking.starts_at, zone or workspace.time_zone),
    )


def rsvp_of(invitation: Invitation | None) -> Rsvp:
    """Return what a recipient has answered; who was never invited has not."""
    return Rsvp.NEEDS_ACTION if invitation is None else invitation.rsvp
