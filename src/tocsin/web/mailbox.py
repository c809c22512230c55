"""The captured mailbox: what would have been sent, as a mail program and a calendar would show it, and what was called."""

from tocsin.bootstrap import App
from tocsin.domain.delivery import Delivery, State
from tocsin.domain.errors import ConflictError, NotFoundError
from tocsin.domain.model import Workspace
from tocsin.domain.restore import was_taken_as_sent
from tocsin.services import deliveries
from tocsin.services.ports import DeliveryFilter, Transaction
from tocsin.services.ports import Page as Part
from tocsin.web.message import Message, read
from tocsin.web.pages import has_mailbox
from tocsin.web.visit import Download, Page, Shown, Visit

SHOWN = 100  # messages


def messages(app: App, workspace: Workspace) -> list[Message]:
    """Return the latest messages, the newest first."""
    with app.store.reading(workspace.id) as tx:
        wanted = DeliveryFilter(state=State.SENT.value)
        found, _ = deliveries.page(tx, wanted, Part(size=SHOWN))
        left = [delivery for delivery in found if not was_taken_as_sent(delivery)]
        shown = [message for delivery in left if (message := _read(tx, workspace, delivery)) is not None]
    return sorted(shown, key=lambda message: message.at, reverse=True)


def _read(tx: Transaction, workspace: Workspace, delivery: Delivery) -> Message | None:
    try:
        return read(tx, workspace, delivery)
    except ConflictError:
        return None  # its words are forgotten


def index(visit: Visit) -> Shown:
    """List the latest messages."""
    _must_be_here(visit)
    return {"messages": messages(visit.app, visit.workspace)}


def show(visit: Visit) -> Shown:
    """Show one message."""
    return {"message": _message(visit)}


def invite(visit: Visit) -> Download:
    """Give the calendar object, for a calendar to open."""
    calendar = _message(visit).calendar
    if not calendar:
        raise NotFoundError("this message holds no invite")
    return Download(name="invite.ics", media_type="text/calendar", content=calendar.encode())


def whole(visit: Visit) -> Download:
    """Give the exact message, for a mail program to open."""
    return Download(name="message.eml", media_type="message/rfc822", content=_message(visit).raw)


def _message(visit: Visit) -> Message:
    """Return the message that the address names. Raises NotFoundError if it was not sent."""
    _must_be_here(visit)
    with visit.reading() as tx:
        delivery = deliveries.get(tx, visit.path["id"])
        if delivery.state is not State.SENT:
            raise NotFoundError("there is no such message")
        return read(tx, visit.workspace, delivery)


def _must_be_here(visit: Visit) -> None:
    if not has_mailbox(visit.app):
        raise NotFoundError(
            "the captured mailbox is there with TOCSIN_SMTP_URL=capture: and on a loopback address only"
        )


# Nobody need sign in: what is captured on this machine is for whoever is at it.
_PATH = "/mailbox/{id}"
PAGES = [
    Page(path="/mailbox", view=index, template="mailbox.html", role=None),
    Page(path=_PATH, view=show, template="message.html", role=None),
    Page(path=f"{_PATH}/invite.ics", view=invite, role=None),
    Page(path=f"{_PATH}/message.eml", view=whole, role=None),
]
