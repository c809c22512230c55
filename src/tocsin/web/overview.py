"""The overview: what went out today, what comes next, what failed and what to do about it, and how the transport does."""

from datetime import date

from tocsin.domain.delivery import Result
from tocsin.domain.rsvp import Rsvp
from tocsin.services import source_counts
from tocsin.services.overview import Overview, overview
from tocsin.web import charts
from tocsin.web.visit import Page, Shown, Visit

_RESULTS = {
    Result.ACCEPTED: "accepted",
    Result.TEMPORARY: "put off by the other server",
    Result.PERMANENT: "refused for good",
    Result.UNKNOWN: "without an answer",
    Result.TRANSPORT: "not begun: the relay could not be used",
    Result.WITHDRAWN: "withdrawn",
}


def show(visit: Visit) -> Shown:
    """Show the overview."""
    now = visit.now
    with visit.reading() as tx:
        found = overview(tx, time_zone=visit.workspace.time_zone, now=now)
        troubled = source_counts.troubled(tx, now=now)
        held_number = 0 if visit.workspace.restored_at is None else tx.held.number()
    rsvps = {rsvp.value: found.rsvps.get(rsvp, 0) for rsvp in Rsvp}
    return {
        "overview": found,
        "troubled": troubled,
        "held_number": held_number,
        "columns": charts.columns([_label(day.day) for day in found.days], [day.counts for day in found.days]),
        "rsvps": {name: number for name, number in rsvps.items() if number},
        "rsvp_bar": charts.shares(rsvps),
        "results": {
            words: found.transport.results[one] for one, words in _RESULTS.items() if found.transport.results[one]
        },
        "is_late": found.transport.is_late(now),
        "step": _first_step(found),
    }


def _label(day: date) -> str:
    return f"{day.day}.{day.month}."


def _first_step(found: Overview) -> str:
    """Return which of links, rules and bookings is to be made first; empty if there is some of each."""
    return next((name for name, is_there in found.has.items() if not is_there), "")


PAGES = [Page(path="/overview", view=show, template="overview.html")]
