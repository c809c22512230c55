"""Deliveries: the log, one of them with its message as it was received, another try, and the log as a file."""

from collections.abc import Callable
from functools import partial
from typing import Literal

from tocsin.domain.accounts import Role
from tocsin.domain.delivery import Delivery, State
from tocsin.domain.errors import ConflictError
from tocsin.domain.restore import is_held
from tocsin.services import deliveries, interventions, rules
from tocsin.services.overview import advice_on
from tocsin.services.ports import DeliveryFilter, Transaction
from tocsin.services.ports import Page as Part
from tocsin.web import csv, message
from tocsin.web.fields import Form, Id, Line, Number, Query
from tocsin.web.paging import SHOWN, Paging
from tocsin.web.visit import Answer, Download, Goto, Page, Shown, Visit

MOST_EXPORTED = 10_000  # the newest; a file of more is for the API
_PART = 1000
_MOST_RULES = 200  # in the list to choose from
_States = Literal[
    "scheduled", "sending", "retrying", "paused", "sent", "failed", "cancelled", "superseded", "expired", "suppressed"
]
_COLUMNS = (
    "id",
    "created",
    "due",
    "ended",
    "state",
    "reason",
    "event",
    "action",
    "recipient",
    "booking",
    "rule",
    "attempts",
)


class Filters(Form):
    """Which deliveries are wanted."""

    state: _States | None = None
    recipient: Line = ""
    rule: Id = ""
    booking: Id = ""
    page: Number = 1

    @property
    def wanted(self) -> DeliveryFilter:
        """The same in the services' words."""
        return DeliveryFilter(
            state=self.state or "", recipient=self.recipient, rule_id=self.rule, booking_id=self.booking
        )


class Back(Form):
    """The query of the calendar to return to; without it the page of the delivery is shown."""

    back: Query = ""


def index(visit: Visit, filters: Filters) -> Shown:
    """List deliveries, the newest first."""
    with visit.reading() as tx:
        found, total = deliveries.page(tx, filters.wanted, Part(number=filters.page, size=SHOWN))
        known, _ = rules.page(tx, Part(size=_MOST_RULES))
    return {
        "deliveries": found,
        "rules": known,
        "states": [state.value for state in State],
        "filters": filters,
        "paging": Paging(path="/deliveries", query=visit.query, number=filters.page, total=total),
        "most_exported": MOST_EXPORTED,
    }


def show(visit: Visit) -> Shown:
    """Show a delivery with its attempts, and its message once there is one."""
    with visit.reading() as tx:
        delivery = deliveries.get(tx, visit.path["id"])
        rule = tx.rules.get(delivery.rule_id)
        return {
            "delivery": delivery,
            "interventions": tx.interventions.of([delivery.id]),
            "attempts": deliveries.history(tx, delivery.id),
            "advice": advice_on(tx, delivery),
            "is_held": is_held(delivery),
            "rule_name": "a rule that is gone" if rule is None else rule.name or "a rule without a name",
            "booking": tx.bookings.get(delivery.booking_id),
            "message": _message(tx, visit, delivery),
        }


def download(visit: Visit) -> Download:
    """Give the exact message."""
    with visit.reading() as tx:
        delivery, frozen = deliveries.get(tx, visit.path["id"]), deliveries.message(tx, visit.path["id"])
    name, media_type = ("call.json", "application/json") if delivery.is_call else ("message.eml", "message/rfc822")
    return Download(name=name, media_type=media_type, content=frozen.message)


def retry(visit: Visit, _form: Form) -> Answer:
    """Put a failed or expired delivery back into the queue."""
    visit.write(lambda tx: deliveries.retry(tx, visit.path["id"], now=visit.now))
    return Goto(to=f"/deliveries/{visit.path['id']}", notice="retrying")


def pause(visit: Visit, form: Back) -> Answer:
    """Keep a delivery from being sent."""
    return _intervened(visit, form, interventions.pause, "paused")


def resume(visit: Visit, form: Back) -> Answer:
    """Let a paused delivery be due as before."""
    return _intervened(visit, form, interventions.resume, "resumed")


def skip(visit: Visit, form: Back) -> Answer:
    """End a delivery that waits."""
    return _intervened(visit, form, interventions.skip, "skipped")


def export(visit: Visit, filters: Filters) -> Download:
    """Give the newest of what the filters leave as a file for spreadsheets; each part of it in a transaction of its own."""
    rows: list[tuple[object, ...]] = []
    for number in range(1, MOST_EXPORTED // _PART + 1):
        with visit.reading() as tx:
            found, total = deliveries.page(tx, filters.wanted, Part(number=number, size=_PART))
        rows += [_row(delivery) for delivery in found]
        if number * _PART >= total:
            break
    return Download(name="deliveries.csv", media_type="text/csv; charset=utf-8", content=csv.written(_COLUMNS, rows))


def _intervened(visit: Visit, form: Back, work: Callable[..., Delivery], notice: str) -> Answer:
    delivery = visit.write(lambda tx: work(tx, visit.path["id"], by=visit.who.email, now=visit.now))
    to = f"/planned?{form.back}" if form.back else f"/deliveries/{delivery.id}"
    return Goto(to=to, notice="too-late" if delivery.state is State.EXPIRED else notice)


def _row(delivery: Delivery) -> tuple[object, ...]:
    return (
        delivery.id,
        delivery.created_at.isoformat(timespec="seconds"),
        delivery.due_at.isoformat(timespec="seconds"),
        "" if delivery.settled_at is None else delivery.settled_at.isoformat(timespec="seconds"),
        delivery.state.value,
        delivery.reason,
        delivery.event.value,
        delivery.action.value,
        delivery.recipient,
        delivery.booking_id,
        delivery.rule_id,
        delivery.attempts,
    )


def _message(tx: Transaction, visit: Visit, delivery: Delivery) -> message.Message | None:
    try:
        return message.read(tx, visit.workspace, delivery)
    except ConflictError:
        return None  # it was not written yet


_PATH, _TEMPLATE = "/deliveries/{id}", "delivery.html"
_deed = partial(Page, method="POST", role=Role.ADMIN, template=_TEMPLATE, again=show)
PAGES = [
    Page(path="/deliveries", view=index, template="deliveries.html", query=Filters),
    Page(path="/deliveries.csv", view=export, query=Filters),
    Page(path=_PATH, view=show, template=_TEMPLATE),
    Page(path=f"{_PATH}/message", view=download),
    _deed(path=f"{_PATH}/retry", view=retry),
    _deed(path=f"{_PATH}/pause", view=pause, form=Back),
    _deed(path=f"{_PATH}/resume", view=resume, form=Back),
    _deed(path=f"{_PATH}/skip", view=skip, form=Back),
]
