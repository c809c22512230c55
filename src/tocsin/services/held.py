"""What a restore holds back, for whoever decides about many of it at once: listed, and each taken as sent or let go."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from tocsin.domain import restore
from tocsin.domain.delivery import Delivery
from tocsin.domain.errors import InvalidInputError, Problem
from tocsin.domain.restore import Decision
from tocsin.services.ports import Page, Transaction
from tocsin.services.ports_held import HeldFilter
from tocsin.services.preparation import Sender
from tocsin.services.restore import send, take_as_sent

MOST = 100  # deliveries of one transaction: others wait to write meanwhile


def page(tx: Transaction, wanted: HeldFilter, part: Page) -> tuple[list[Delivery], int]:
    """Return a page of what is held, that which was due first first, and the number of all that is wanted."""
    return tx.held.page(wanted, limit=part.size, offset=part.offset), tx.held.number(wanted)


def decide(
    tx: Transaction, sender: Sender, delivery_ids: Sequence[str], decision: Decision, *, by: str, now: datetime
) -> list[Delivery]:
    """Decide about each of these, at most MOST, or about none of them; return them in their order.

    What was decided so before stays as it is. Raises InvalidInputError, which names each that no restore holds.
    """
    found = _these(tx, list(dict.fromkeys(delivery_ids)))
    _hold(tx, list(found.values()))
    # Read once more: what somebody else has decided just now is known from here on.
    found = _these(tx, list(found))
    done_before = _decided_so(tx, found, decision)
    _must_be_open(found, done_before)
    for one in sorted(found.values(), key=lambda one: (one.due_at, one.id)):
        if one.id not in done_before:
            found[one.id] = _decided(tx, sender, one, decision, by=by, now=now)
    return list(found.values())


def decide_next(
    tx: Transaction, sender: Sender, wanted: HeldFilter, decision: Decision, *, by: str, now: datetime
) -> list[Delivery]:
    """Decide about the first of what is wanted and held, at most MOST; return them. Fewer: there is no more."""
    return decide(tx, sender, [one.id for one in tx.held.page(wanted, limit=MOST)], decision, by=by, now=now)


def _these(tx: Transaction, delivery_ids: Sequence[str]) -> dict[str, Delivery]:
    found = {one: tx.deliveries.get(one) for one in delivery_ids}
    missing = [number for number, one in enumerate(delivery_ids) if found[one] is None]
    if missing:
        raise InvalidInputError(
            Problem(field=f"delivery_ids[{number}]", message="there is no delivery with this id") for number in missing
        )
    return {name: one for name, one in found.items() if one is not None}


def _hold(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
    """Keep others from changing what these are about, in the order in which workers do: else two could wait for each other."""
    for booking_id in sorted({one.booking_id for one in deliveries}):
        tx.bookings.get(booking_id, lock=True)
    tx.rules.hold(one.rule_id for one in deliveries)


def _decided_so(tx: Transaction, found: Mapping[str, Delivery], decision: Decision) -> set[str]:
    done = tx.interventions.of(one.id for one in found.values())
    return {
        one.id
        for one in found.values()
        if not restore.is_held(one)
        and restore.decided([made for made in done if made.delivery_id == one.id]) is decision.deed
    }


def _must_be_open(found: Mapping[str, Delivery], done_before: set[str]) -> None:
    problems = [
        Problem(field=f"delivery_ids[{number}]", message=f"no restore holds this delivery; it is {one.state.value}")
        for number, one in enumerate(found.values())
        if one.id not in done_before and not restore.is_held(one)
    ]
    if problems:
        raise InvalidInputError(problems)


def _decided(
    tx: Transaction, sender: Sender, delivery: Delivery, decision: Decision, *, by: str, now: datetime
) -> Delivery:
    if decision is Decision.DONE:
        return take_as_sent(tx, sender, delivery.id, by=by, now=now)
    return send(tx, delivery.id, by=by, now=now)
