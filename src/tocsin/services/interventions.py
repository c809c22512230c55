"""Pause, resume and skip a delivery that waits, each told with who did it and when."""

from collections.abc import Callable
from datetime import datetime

from tocsin.domain import intervention
from tocsin.domain.audit import Verb
from tocsin.domain.delivery import Delivery, Verdict
from tocsin.domain.errors import ConflictError
from tocsin.domain.intervention import Deed, Intervention
from tocsin.services import audit, deliveries
from tocsin.services.ports import Transaction

_VERBS = {
    Deed.PAUSED: Verb.DELIVERY_PAUSED,
    Deed.RESUMED: Verb.DELIVERY_RESUMED,
    Deed.SKIPPED: Verb.DELIVERY_SKIPPED,
}


def pause(tx: Transaction, delivery_id: str, *, by: str, now: datetime) -> Delivery:
    """Keep a delivery from being sent until it is resumed. Raises NotFoundError; ConflictError unless it waits."""
    return _done(tx, delivery_id, Deed.PAUSED, lambda one: intervention.paused(one, by=by, now=now), by=by, now=now)


def resume(tx: Transaction, delivery_id: str, *, by: str, now: datetime) -> Delivery:
    """Let a paused delivery be due as before; it ends as expired if it is too late. Raises NotFoundError, ConflictError."""
    return _done(tx, delivery_id, Deed.RESUMED, lambda one: intervention.resumed(one, now=now), by=by, now=now)


def skip(tx: Transaction, delivery_id: str, *, by: str, now: datetime) -> Delivery:
    """End a delivery that waits; what had made way for it waits again. Raises NotFoundError, ConflictError."""
    return _done(tx, delivery_id, Deed.SKIPPED, lambda one: intervention.skipped(one, by=by), by=by, now=now)


def lapse(tx: Transaction, delivery: Delivery, *, now: datetime) -> None:
    """End a paused delivery that was not resumed in time, unless it was meanwhile."""
    tx.interventions.settle(delivery, intervention.lapsed(delivery), now=now)


def _done(
    tx: Transaction, delivery_id: str, deed: Deed, verdict_on: Callable[[Delivery], Verdict], *, by: str, now: datetime
) -> Delivery:
    # A booking that changes plans its deliveries anew: either it comes first, or it finds what was done here.
    tx.bookings.get(deliveries.get(tx, delivery_id).booking_id, lock=True)
    delivery = deliveries.get(tx, delivery_id)
    verdict = verdict_on(delivery)
    if not tx.interventions.settle(delivery, verdict, now=now):
        raise ConflictError("this delivery changed at the same moment; look at it and try again")
    tx.interventions.record(Intervention(delivery_id=delivery.id, deed=deed, by=by, at=now), reason=verdict.reason)
    if verdict.next_at is None:
        tx.deliveries.revive(delivery, now=now)
    after = deliveries.get(tx, delivery_id)
    was, is_now = ({"state": one.state, "reason": one.reason} for one in (delivery, after))
    audit.note(tx, _VERBS[deed], delivery.id, name=delivery.recipient, before=was, after=is_now)
    return after
