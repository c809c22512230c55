"""Tools for bookings and scheduling links. They read only."""

from tocsin.domain.access import Scope
from tocsin.domain.model import Booking
from tocsin.mcp.marks import as_data
from tocsin.mcp.tool import Caller, OfOne, Told, Tool
from tocsin.schemas.booking_filters import BookingsQuery
from tocsin.schemas.bookings import BookingOut
from tocsin.schemas.explain import ExplainAnswer, ExplainQuery
from tocsin.schemas.links import LinkOut, LinksQuery
from tocsin.schemas.paging import listing
from tocsin.services import bookings, links
from tocsin.services.explain import explain
from tocsin.services.ports import Transaction

_LINK = ("id", "sid", "name", "slug", "description", "kind", "duration", "hosts", "scheduling_url", "disabled",
         "requires_approval")  # fmt: skip
_VERSION = 2


class ExplainOf(ExplainQuery, OfOne):
    """About which booking; all of its rules and recipients, or one."""


def index(caller: Caller, query: BookingsQuery) -> Told:
    """List bookings."""
    with caller.reading() as tx:
        link = tx.links.by_sid(query.meeting_sid) if query.meeting_sid else None
        link_id = "" if not query.meeting_sid else "none" if link is None else link.id
        found, total = bookings.page(tx, query.wanted(link_id=link_id), query.page, now=caller.app.clock())
        shown = [_shown(tx, booking) for booking in found]
    body = listing("bookings", shown, total, query.page)
    for one in body["bookings"]:
        del one["form_responses_as_hash"]
    return Told(body=as_data(body))


def show(caller: Caller, one: OfOne) -> Told:
    """Show a booking."""
    with caller.reading() as tx:
        shown = _shown(tx, bookings.get(tx, one.id)).wire()
    del shown["form_responses_as_hash"]  # the same as form_responses, with what a booker wrote as names
    return Told(body={"booking": as_data(shown)})


def why(caller: Caller, asked: ExplainOf) -> Told:
    """Say why each rule wrote, or did not write, about a booking."""
    with caller.reading() as tx:
        found = explain(tx, asked.id, rule_id=asked.rule_id, recipient=asked.recipient)
    return Told(body=as_data(ExplainAnswer.of(found).wire()))


def list_links(caller: Caller, query: LinksQuery) -> Told:
    """List scheduling links."""
    with caller.reading() as tx:
        found, total = links.page(tx, query.page, templates=False, search=query.search, host_email=query.host_email)
    base_url = caller.app.settings.workspace_url(caller.workspace.subdomain)
    body = listing("links", [LinkOut.of(link, base_url=base_url) for link in found], total, query.page)
    body["links"] = [{name: one[name] for name in _LINK} for one in body["links"]]
    return Told(body=body)


def _shown(tx: Transaction, booking: Booking) -> BookingOut:
    link = tx.links.get(booking.link_id, deleted_too=True)
    return BookingOut.of(booking, link_name="" if link is None else link.name, version=_VERSION)


_READ = (Scope.BOOKINGS_READ,)
TOOLS = [
    Tool(
        name="list_bookings",
        does="List bookings: coming, past or cancelled ones, of a host, a client, a link, or between two moments.",
        takes=BookingsQuery,
        scopes=_READ,
        run=index,
    ),
    Tool(name="show_booking", does="Show one booking, by id or sid.", takes=OfOne, scopes=_READ, run=show),
    Tool(
        name="explain_booking",
        does="Say why each rule did, or did not, write to anybody about a booking, and what recipients' calendars hold. "
        "Narrow it with rule_id or recipient where you can.",
        takes=ExplainOf,
        scopes=_READ,
        run=why,
    ),
    Tool(
        name="list_links",
        does="List scheduling links; rules name them in meeting_ids by their id.",
        takes=LinksQuery,
        scopes=(Scope.LINKS_READ,),
        run=list_links,
    ),
]
