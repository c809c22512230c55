"""/deliveries and /invitations: what was sent to whom, and what their calendars hold."""

from collections.abc import Callable
from functools import partial

from tocsin.api.call import Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.domain.delivery import Delivery
from tocsin.schemas.deliveries import (
    AttemptOut,
    DeliveriesAnswer,
    DeliveriesQuery,
    DeliveryAnswer,
    DeliveryOut,
    FullDeliveryOut,
    InvitationOut,
    InvitationsAnswer,
    InvitationsQuery,
)
from tocsin.schemas.paging import listing
from tocsin.services import bookings, deliveries, interventions
from tocsin.services.ports import Transaction


def index(call: Call, query: DeliveriesQuery) -> Reply:
    """List deliveries, the newest first."""
    with call.reading() as tx:
        found, total = deliveries.page(tx, query.wanted, query.page)
    return Reply(body=listing("deliveries", [DeliveryOut.of(delivery) for delivery in found], total, query.page))


def show(call: Call) -> Reply:
    """Show a delivery with every attempt."""
    with call.reading() as tx:
        return Reply(body=_shown(tx, deliveries.get(tx, call.path["id"])))


def message(call: Call) -> Reply:
    """Give the exact message of a delivery, as its recipient gets it; of the call of a webhook, its body."""
    with call.reading() as tx:
        delivery, frozen = deliveries.get(tx, call.path["id"]), deliveries.message(tx, call.path["id"])
    if delivery.is_call:
        return Reply(raw=frozen.message)
    headers = {"Content-Disposition": 'attachment; filename="message.eml"'}
    return Reply(raw=frozen.message, media_type="message/rfc822", headers=headers)


def retry(call: Call) -> Reply:
    """Put a failed or expired delivery back into the queue."""

    def work(tx: Transaction) -> Reply:
        return Reply(body=_shown(tx, deliveries.retry(tx, call.path["id"], now=call.app.clock())))

    return call.write(work)


def intervene(call: Call, work_on: Callable[..., Delivery]) -> Reply:
    """Pause, resume or skip a delivery that waits."""

    def work(tx: Transaction) -> Reply:
        delivery = work_on(tx, call.path["id"], by=call.by, now=call.app.clock())
        return Reply(body=_shown(tx, delivery))

    return call.write(work)


def invitations(call: Call, query: InvitationsQuery) -> Reply:
    """List what the recipients' calendars hold about a booking."""
    with call.reading() as tx:
        booking = bookings.get(tx, query.booking_id)
        found, message_ids = tx.invitations.of_booking(booking.id), tx.invitations.message_ids(booking.id)
    return Reply(body=InvitationsAnswer(invitations=[InvitationOut.of(one, message_ids) for one in found]).wire())


def _shown(tx: Transaction, delivery: Delivery) -> dict[str, object]:
    attempts = [AttemptOut.of(attempt, delivery) for attempt in deliveries.history(tx, delivery.id)]
    shown = FullDeliveryOut.of(delivery).model_copy(update={"attempts": attempts})
    return DeliveryAnswer(delivery=shown).wire()


_PATH = "/deliveries"
_READ, _WRITE = Scope.DELIVERIES_READ, Scope.DELIVERIES_WRITE
ROUTES = [
    Route(method="GET", path=_PATH, handler=index, scope=_READ, summary="List deliveries",
          query=DeliveriesQuery, answer=DeliveriesAnswer),
    Route(method="GET", path=f"{_PATH}/{{id}}", handler=show, scope=_READ, summary="Show a delivery with its attempts",
          answer=DeliveryAnswer),
    Route(method="GET", path=f"{_PATH}/{{id}}/message", handler=message, scope=_READ,
          summary="Download the exact message (message/rfc822; the JSON body of the call of a webhook)"),
    Route(method="POST", path=f"{_PATH}/{{id}}/retry", handler=retry, scope=_WRITE,
          summary="Retry a failed or expired delivery", answer=DeliveryAnswer),
    *(
        Route(method="POST", path=f"{_PATH}/{{id}}/{verb}", handler=partial(intervene, work_on=work_on), scope=_WRITE,
              summary=summary, answer=DeliveryAnswer)
        for verb, work_on, summary in (
            ("pause", interventions.pause, "Keep a delivery that waits from being sent until it is resumed"),
            ("resume", interventions.resume, "Let a paused delivery be due as before; it expires if it is too late"),
            ("skip", interventions.skip, "End a delivery that waits: it is never sent"),
        )
    ),
    Route(method="GET", path="/invitations", handler=invitations, scope=_READ,
          summary="List what recipients' calendars hold about a booking", query=InvitationsQuery,
          answer=InvitationsAnswer),
]  # fmt: skip
