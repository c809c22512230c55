"""The timeline of a booking: each event with the deliveries that it caused, then each rule with its why, then the people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.domain.delivery import Attempt, Cause, Delivery
from tocsin.domain.events import TIMED
from tocsin.domain.explain import Happened
from tocsin.domain.model import Booking, BookingStatus
from tocsin.formats import zones
from tocsin.services.explain import Why, explain
from tocsin.services.ports import Transaction
from tocsin.web.visit import Shown, Visit

_MOST_ATTEMPTED = 100  # deliveries whose attempts are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened to a booking, or is to: when, what, by whose answer, and what was sent because of it."""

    at: datetime
    kind: str
    about: str
    deliveries: Sequence[Delivery]


def values(tx: Transaction, visit: Visit) -> Shown:
    """Return what the page of a booking shows. Raises NotFoundError."""
    why = explain(tx, visit.path["id"])
    link = tx.links.get(why.booking.link_id, deleted_too=True)
    deliveries = _deliveries(why)
    return {
        "booking": why.booking,
        "link_name": "a link that is gone" if link is None else link.name,
        "moments": moments(why),
        "why": why,
        "attempts": _attempts(tx, deliveries),
        "starts": zones.local(why.booking.starts_at, visit.zone),
        "outcome_options": [("", "None"), *((one.id, one.name) for one in tx.outcomes.all())],
        "zone_options": [(zone, zone) for zone in _zones(why.booking, visit)],
        "can": _can(why.booking) if visit.can_write else frozenset(),
    }


def moments(why: Why) -> list[Moment]:
    """Return what happened, and what timed rules have planned, in the order of time."""
    deliveries = _deliveries(why)
    events = [
        Moment(
            at=happened.occurred_at,
            kind=happened.kind.value,
            about=happened.about,
            deliveries=[one for one in deliveries if _is_of(one, happened)],
        )
        for happened in why.happened
    ]
    placed = {one.id for moment in events for one in moment.deliveries}
    others = [
        Moment(at=one.due_at, kind=one.event.value, about=one.about, deliveries=[one])
        for one in deliveries
        if one.id not in placed
    ]
    return sorted([*events, *others], key=lambda moment: moment.at)


def _deliveries(why: Why) -> list[Delivery]:
    return [one.delivery for rule in why.rules for one in rule.deliveries]


def _is_of(delivery: Delivery, happened: Happened) -> bool:
    if delivery.event in TIMED or delivery.cause is Cause.KEEP_IN_SYNC:
        return False
    same = (delivery.event, delivery.booking_revision, delivery.about)
    return same == (happened.kind, happened.booking_revision, happened.about)


def _attempts(tx: Transaction, deliveries: Sequence[Delivery]) -> dict[str, list[Attempt]]:
    tried = [one for one in deliveries if one.attempts][:_MOST_ATTEMPTED]
    return {one.id: tx.deliveries.attempts(one.id) for one in tried}


def _zones(booking: Booking, visit: Visit) -> list[str]:
    """Return the zones that somebody would name a time in: the client's, the hosts', the workspace's."""
    found = [
        booking.client.time_zone,
        *(host.time_zone for host in booking.hosts),
        visit.workspace.time_zone,
        visit.zone,
    ]
    return list(dict.fromkeys(found))


def _can(booking: Booking) -> frozenset[str]:
    """Return what can be done about a booking as it is."""
    if booking.is_over:
        return frozenset({"outcome"})
    if booking.status is BookingStatus.AWAITING_APPROVAL:
        return frozenset({"approve", "reject", "cancel", "reschedule", "outcome"})
    return frozenset({"cancel", "reschedule", "no-show", "outcome"})
