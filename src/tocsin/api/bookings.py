"""/bookings"""

from functools import partial

from tocsin.api.call import V1, Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.domain.model import Booking
from tocsin.schemas.booking_filters import BookingsQuery, CancelQuery
from tocsin.schemas.bookings import (
    BookingAnswer,
    BookingIn,
    BookingOut,
    BookingPatch,
    BookingsAnswer,
    DecidedAnswer,
)
from tocsin.schemas.explain import ExplainAnswer, ExplainQuery
from tocsin.schemas.paging import listing
from tocsin.schemas.reading import read
from tocsin.services import bookings
from tocsin.services.bookings import BookingChange
from tocsin.services.explain import explain
from tocsin.services.ports import Transaction


def index(call: Call, query: BookingsQuery) -> Reply:
    """List bookings."""
    with call.reading() as tx:
        link = tx.links.by_sid(query.meeting_sid) if query.meeting_sid else None
        link_id = "" if not query.meeting_sid else "none" if link is None else link.id
        found, total = bookings.page(tx, query.wanted(link_id=link_id), query.page, now=call.app.clock())
        shown = [_shown(tx, call, booking) for booking in found]
    return Reply(body=listing("bookings", shown, total, query.page))


def create(call: Call, sent: dict[str, object]) -> Reply:
    """Create a booking, confirmed unless its link requires approval."""
    wanted = read(BookingIn, sent)

    def work(tx: Transaction) -> Reply:
        booking = bookings.create(tx, wanted.draft(), now=call.app.clock(), chance=call.app.chance)
        return call.created(_wrapped(tx, call, booking))

    return call.write(work)


def show(call: Call) -> Reply:
    """Show a booking, by id or sid."""
    with call.reading() as tx:
        return Reply(body=_wrapped(tx, call, bookings.get(tx, call.path["id"])))


def why(call: Call, query: ExplainQuery) -> Reply:
    """Say why each rule wrote, or did not write, to anybody about a booking, and who holds what."""
    with call.reading() as tx:
        found = explain(tx, call.path["id"], rule_id=query.rule_id, recipient=query.recipient)
    return Reply(body=ExplainAnswer.of(found).wire())


def update(call: Call, sent: dict[str, object]) -> Reply:
    """Reschedule, cancel, approve, reject, mark no-show or set the outcome of a booking."""
    wanted = read(BookingPatch, sent)

    def work(tx: Transaction) -> Reply:
        change = wanted.change(bookings.get(tx, call.path["id"]))
        return Reply(body=_wrapped(tx, call, _changed(tx, call, change)))

    return call.write(work)


def decide(call: Call, query: CancelQuery, *, status: str) -> Reply:
    """v1's own routes for cancel, approve and reject."""

    def work(tx: Transaction) -> Reply:
        change = BookingChange(status=status, reason=query.cancel_reason or query.rejection_reason)
        _changed(tx, call, change)
        return Reply(body=DecidedAnswer(message=f"Booking {status} successfully").wire())

    return call.write(work)


def _changed(tx: Transaction, call: Call, change: BookingChange) -> Booking:
    return bookings.change(tx, call.path["id"], change, now=call.app.clock(), chance=call.app.chance)


def _shown(tx: Transaction, call: Call, booking: Booking) -> BookingOut:
    link = tx.links.get(booking.link_id, deleted_too=True)
    return BookingOut.of(booking, link_name="" if link is None else link.name, version=call.version.number)


def _wrapped(tx: Transaction, call: Call, booking: Booking) -> dict[str, object]:
    shown = _shown(tx, call, booking).wire()
    return shown if call.version is V1 else {"booking": shown}


_PATH = "/bookings"
_READ, _WRITE = Scope.BOOKINGS_READ, Scope.BOOKINGS_WRITE
ROUTES = [
    Route(method="GET", path=_PATH, handler=index, scope=_READ, summary="List bookings",
          query=BookingsQuery, answer=BookingsAnswer),
    Route(method="POST", path=_PATH, handler=create, scope=_WRITE, summary="Create a booking",
          body=BookingIn, answer=BookingAnswer, answer_v1=BookingOut, status=201),
    Route(method="GET", path=f"{_PATH}/{{id}}", handler=show, scope=_READ, summary="Show a booking",
          answer=BookingAnswer, answer_v1=BookingOut),
    Route(method="GET", path=f"{_PATH}/{{id}}/explain", handler=why, scope=_READ,
          summary="Say why each rule did, or did not, write about a booking", query=ExplainQuery, answer=ExplainAnswer),
    Route(method="PATCH", path=f"{_PATH}/{{id}}", handler=update, scope=_WRITE,
          summary="Reschedule, cancel, approve, reject or mark a booking", body=BookingPatch, answer=BookingAnswer,
          answer_v1=BookingOut),
    *(
        Route(method="POST", path=f"{_PATH}/{{id}}/{verb}", handler=partial(decide, status=status), scope=_WRITE,
              summary=f"{verb.capitalize()} a booking", query=CancelQuery, answer=DecidedAnswer, versions=(V1,))
        for verb, status in (("cancel", "cancelled"), ("approve", "approved"), ("reject", "rejected"))
    ),
]  # fmt: skip
