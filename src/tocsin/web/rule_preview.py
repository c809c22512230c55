"""What the rule in a form would send, beside the form: each message as its recipient reads it, each entry on its day."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tocsin.domain.errors import InvalidInputError, NotFoundError, TocsinError
from tocsin.domain.rules import RuleDraft
from tocsin.formats import dates, zones
from tocsin.formats.opened import Opened, opened, opened_call
from tocsin.schemas.context import context_of
from tocsin.schemas.preview import PreviewIn
from tocsin.schemas.reading import read
from tocsin.services import bookings, preview
from tocsin.services.ports import BookingFilter, Page, Transaction
from tocsin.web import rule_document, rule_form
from tocsin.web.calendar_entry import Entry, entry_of
from tocsin.web.rule_form import Choice, Told
from tocsin.web.typed import Typed
from tocsin.web.visit import Visit

_MOST_LINKS, _MOST_BOOKINGS = 5, 5  # of each link, to choose from


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, or without `opened` why there would be none."""

    recipient: str
    due: str
    reason: str
    is_call: bool
    opened: Opened | None
    entry: Entry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """All of it, or the problems that are in the way."""

    problems: Sequence[Told] = ()
    about: str = ""
    against: Sequence[str] = ()  # what does not hold, so that nothing is sent
    number: int = 0  # of all messages
    messages: Sequence[Message] = ()
    recipients: Sequence[Choice] = ()
    bookings: Sequence[Choice] = ()
    zone_hint: str = ""


def previewed(visit: Visit, typed: Typed) -> Previewed:
    """Return what the rule that was typed would send. Whatever is wrong with it is told, too."""
    try:
        return _previewed(visit, typed)
    except InvalidInputError as error:
        return Previewed(problems=rule_form.told(typed, error.problems)[0])
    except TocsinError as error:
        return Previewed(problems=[Told(anchor="", label="", sentence=str(error))])


def _previewed(visit: Visit, typed: Typed) -> Previewed:
    app, booking_id = visit.app, typed.first("preview_booking")
    sent = rule_document.read(typed) | {"booking_id": booking_id}
    wanted = read(PreviewIn, sent, context=context_of(app))
    zone = typed.first("preview_zone").strip()
    wrong = zones.complaint(zone) if zone else None
    if wrong is not None:
        raise InvalidInputError.of("preview_zone", wrong)
    with app.store.trial(visit.workspace.id) as tx:
        # What there is to choose from is read first: the trial adds a booking of its own.
        known = _bookings(tx, visit, wanted.draft(), booking_id)
        found = preview.preview(
            tx,
            app.trial_sender,
            visit.workspace,
            _without_the_gone(tx, wanted.draft()),
            booking_id=_found(tx, wanted.booking_id),
            now=visit.now,
        )
    return _shown(visit, found, known, typed=typed, zone=zone)


def _shown(visit: Visit, found: preview.Preview, known: list[Choice], *, typed: Typed, zone: str) -> Previewed:
    addresses = list(dict.fromkeys(one.delivery.recipient for one in found.shown))
    chosen = typed.first("preview_recipient")
    wanted = [one for one in found.shown if chosen in ("", one.delivery.recipient) or chosen not in addresses]
    reader = wanted[0].reader if wanted else None
    return Previewed(
        about=_about(visit, found),
        against=[clause.sentence for clause in found.clauses if not clause.holds],
        number=found.number,
        messages=[_message(one, zone) for one in wanted],
        recipients=[Choice(value=one, label=one, is_chosen=one == chosen) for one in addresses],
        bookings=known,
        zone_hint=visit.workspace.time_zone if reader is None else reader.time_zone,
    )


def _message(shown: preview.Shown, wanted_zone: str) -> Message:
    delivery, frozen, reader = shown.delivery, shown.message, shown.reader
    zone = wanted_zone or reader.time_zone
    message = None if frozen is None else (opened_call if delivery.is_call else opened)(frozen.message)
    has_entry = message is not None and message.calendar
    return Message(
        recipient=delivery.recipient,
        due=dates.moment(delivery.due_at, zone, reader.locale),
        reason=shown.reason,
        is_call=delivery.is_call,
        opened=message,
        entry=entry_of(message.calendar, time_zone=zone, locale=reader.locale) if message and has_entry else None,
    )


def _about(visit: Visit, found: preview.Preview) -> str:
    what = "a sample booking" if found.is_sample else "the booking"
    return f"{what} of {found.booking.client.name}, {visit.full(found.booking.starts_at)}"


def _bookings(tx: Transaction, visit: Visit, draft: RuleDraft, chosen: str) -> list[Choice]:
    """Return the latest bookings of the first links of a rule, the latest first."""
    found = []
    for link_id in draft.link_ids[:_MOST_LINKS]:
        wanted = BookingFilter(link_id=link_id, order_by="created_at")
        found += bookings.page(tx, wanted, Page(size=_MOST_BOOKINGS), now=visit.now)[0]
    latest = sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)[:_MOST_BOOKINGS]
    return [
        Choice(
            value=one.id,
            label=f"{one.client.name}, {visit.brief(one.starts_at)}",
            is_chosen=one.id == chosen,
        )
        for one in latest
    ]


def _found(tx: Transaction, booking_id: str) -> str:
    """Return the id of a booking that there is, or nothing: then a sample does."""
    try:
        return bookings.get(tx, booking_id).id if booking_id else ""
    except NotFoundError:
        return ""


def _without_the_gone(tx: Transaction, draft: RuleDraft) -> RuleDraft:
    """Return a draft without links that were deleted since, which a rule may go on naming beside others."""
    known = {link.id for link in tx.links.named(draft.link_ids)}
    kept = tuple(one for one in draft.link_ids if one in known)
    return replace(draft, link_ids=kept or draft.link_ids)
