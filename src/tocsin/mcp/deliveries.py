"""Tools for deliveries and invitations: what was sent to whom, and what calendars hold."""

from tocsin.domain.access import Scope
from tocsin.domain.delivery import Delivery
from tocsin.formats.opened import opened, opened_call
from tocsin.mcp.marks import as_data
from tocsin.mcp.tool import Caller, OfOne, Told, Tool
from tocsin.schemas.deliveries import (
    AttemptOut,
    DeliveriesQuery,
    DeliveryOut,
    FullDeliveryOut,
    InvitationOut,
    InvitationsQuery,
)
from tocsin.schemas.paging import listing
from tocsin.services import bookings, deliveries
from tocsin.services.ports import Transaction


def index(caller: Caller, query: DeliveriesQuery) -> Told:
    """List deliveries."""
    with caller.reading() as tx:
        found, total = deliveries.page(tx, query.wanted, query.page)
    return Told(body=as_data(listing("deliveries", [DeliveryOut.of(one) for one in found], total, query.page)))


def show(caller: Caller, one: OfOne) -> Told:
    """Show a delivery with its attempts."""
    with caller.reading() as tx:
        return _told(tx, deliveries.get(tx, one.id))


def message(caller: Caller, one: OfOne) -> Told:
    """Show the message of a delivery as its recipient reads it."""
    with caller.reading() as tx:
        delivery, frozen = deliveries.get(tx, one.id), deliveries.message(tx, one.id)
    parts = (opened_call if delivery.is_call else opened)(frozen.message)
    shown = {"recipient": delivery.recipient, "subject": parts.subject, "text": parts.text, "calendar": parts.calendar}
    return Told(body={"message": as_data(shown)})


def retry(caller: Caller, one: OfOne) -> Told:
    """Put a failed or expired delivery back into the queue."""
    return caller.write(lambda tx: _told(tx, deliveries.retry(tx, one.id, now=caller.app.clock())))


def invitations(caller: Caller, asked: InvitationsQuery) -> Told:
    """List what the recipients' calendars hold about a booking."""
    with caller.reading() as tx:
        booking = bookings.get(tx, asked.booking_id)
        found, message_ids = tx.invitations.of_booking(booking.id), tx.invitations.message_ids(booking.id)
    return Told(body=as_data({"invitations": [InvitationOut.of(one, message_ids).wire() for one in found]}))


def _told(tx: Transaction, delivery: Delivery) -> Told:
    attempts = [AttemptOut.of(attempt, delivery) for attempt in deliveries.history(tx, delivery.id)]
    shown = FullDeliveryOut.of(delivery).model_copy(update={"attempts": attempts})
    return Told(body={"delivery": as_data(shown.wire())})


_READ = (Scope.DELIVERIES_READ,)
TOOLS = [
    Tool(
        name="list_deliveries",
        does="List what was, is being, or will be sent: by state, booking, rule or recipient, the newest first.",
        takes=DeliveriesQuery,
        scopes=_READ,
        run=index,
    ),
    Tool(
        name="show_delivery",
        does="Show one delivery with every attempt and what the other server said.",
        takes=OfOne,
        scopes=_READ,
        run=show,
    ),
    Tool(
        name="show_message",
        does="Show the message of one delivery as its recipient reads it.",
        takes=OfOne,
        scopes=_READ,
        run=message,
    ),
    Tool(
        name="list_invitations",
        does="List what recipients' calendars hold about a booking, and what they answered.",
        takes=InvitationsQuery,
        scopes=_READ,
        run=invitations,
    ),
    Tool(
        name="retry_delivery",
        does="Send a failed or expired delivery again.",
        takes=OfOne,
        scopes=(Scope.DELIVERIES_WRITE,),
        run=retry,
    ),
]
