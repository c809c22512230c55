"""Bookings: the list, and the timeline of one with what can be done about it."""

from functools import partial
from typing import Literal

from tocsin.domain.accounts import Role
from tocsin.services import bookings
from tocsin.services.bookings import BookingChange
from tocsin.services.ports import BookingFilter, Transaction
from tocsin.services.ports import Page as Part
from tocsin.web import timeline
from tocsin.web.fields import Clock, Day, Form, Id, Line, Number, Paragraph, Zone
from tocsin.web.paging import SHOWN, Paging
from tocsin.web.slots import slot
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit

_MOST_LINKS = 200  # in the list to choose from


class Filters(Form):
    """Which bookings are wanted."""

    q: Line = ""
    client: Line = ""
    link: Id = ""
    when: Literal["upcoming", "past", "cancelled"] | None = None
    status: Literal["confirmed", "awaiting_approval", "cancelled", "rejected"] | None = None
    page: Number = 1


class Reason(Form):
    """Why a booking is cancelled or rejected."""

    reason: Paragraph = ""


class Reschedule(Form):
    """When the meeting is to be instead, as clocks in a zone show it. The names are those that services complain of."""

    slot_date: Day
    slot_start_time: Clock
    time_zone: Zone
    reschedule_reason: Paragraph = ""


class NoShow(Form):
    """Whether nobody came."""

    no_show: Literal["yes", "no"]


class Outcome(Form):
    """How the meeting went; empty takes the outcome away."""

    meeting_outcome_id: Id = ""


def index(visit: Visit, filters: Filters) -> Shown:
    """List bookings: what comes first first, and of the rest the latest first."""
    wanted = BookingFilter(
        type=filters.when or "",
        status=filters.status or "",
        client_email=filters.client,
        link_id=filters.link,
        search=filters.q,
        order_by="starts_at",
        descending=filters.when != "upcoming",
    )
    with visit.reading() as tx:
        found, total = bookings.page(tx, wanted, Part(number=filters.page, size=SHOWN), now=visit.now)
        links, _ = tx.links.page(templates=False, search="", host_email="", limit=_MOST_LINKS, offset=0)
        names = {one.id: one.name for one in tx.links.named({booking.link_id for booking in found})}
    return {
        "bookings": found,
        "names": names,
        "links": links,
        "filters": filters,
        "paging": Paging(path="/bookings", query=visit.query, number=filters.page, total=total),
    }


def show(visit: Visit) -> Shown:
    """Show a booking with all that happened to it, was sent about it, and was answered."""
    with visit.reading() as tx:
        return timeline.values(tx, visit)


def cancel(visit: Visit, form: Reason) -> Answer:
    """Cancel a booking."""
    change = BookingChange(status="cancelled", reason=form.reason, by=visit.who.email)
    return _changed(visit, change, notice="cancelled")


def approve(visit: Visit, _form: Form) -> Answer:
    """Approve a booking."""
    return _changed(visit, BookingChange(status="approved"), notice="approved")


def reject(visit: Visit, form: Reason) -> Answer:
    """Reject a booking."""
    return _changed(visit, BookingChange(status="rejected", reason=form.reason), notice="rejected")


def mark(visit: Visit, form: NoShow) -> Answer:
    """Mark a booking as no-show, or take that back."""
    is_no_show = form.no_show == "yes"
    return _changed(visit, BookingChange(no_show=is_no_show), notice="no-show" if is_no_show else "show")


def set_outcome(visit: Visit, form: Outcome) -> Answer:
    """Set the outcome of a booking."""
    return _changed(visit, BookingChange(outcome_id=form.meeting_outcome_id), notice="outcome")


def reschedule(visit: Visit, form: Reschedule) -> Answer:
    """Move a booking. The client's zone stays, in whatever zone the time is given."""

    def work(tx: Transaction) -> None:
        booking = bookings.get(tx, visit.path["id"])
        wanted = slot(form.slot_date, form.slot_start_time, zone=form.time_zone, own=booking.client.time_zone)
        change = BookingChange(slot=wanted, reschedule_reason=form.reschedule_reason)
        bookings.change(tx, booking.id, change, now=visit.now, chance=visit.app.chance)

    visit.write(work)
    return _back(visit, "moved")


def _changed(visit: Visit, change: BookingChange, *, notice: str) -> Answer:
    visit.write(
        lambda tx: bookings.change(tx, visit.path["id"], change, now=visit.now, chance=visit.app.chance),
    )
    return _back(visit, notice)


def _back(visit: Visit, notice: str) -> Answer:
    return Goto(to=f"/bookings/{visit.path['id']}", notice=notice)


_PATH, _TEMPLATE = "/bookings/{id}", "booking.html"
_deed = partial(Page, method="POST", role=Role.ADMIN, template=_TEMPLATE, again=show)
PAGES = [
    Page(path="/bookings", view=index, template="bookings.html", query=Filters),
    Page(path=_PATH, view=show, template=_TEMPLATE),
    _deed(path=f"{_PATH}/cancel", view=cancel, form=Reason),
    _deed(path=f"{_PATH}/approve", view=approve),
    _deed(path=f"{_PATH}/reject", view=reject, form=Reason),
    _deed(path=f"{_PATH}/no-show", view=mark, form=NoShow),
    _deed(path=f"{_PATH}/outcome", view=set_outcome, form=Outcome),
    _deed(path=f"{_PATH}/reschedule", view=reschedule, form=Reschedule),
]
