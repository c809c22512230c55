"""Settling by receipts: the relay took a message, and its worker was killed, or stands still, before the store knew."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from tocsin.domain.delivery import Claim, Delivery, Outcome, Receipt, Result, Settlement, State, verdict
from tocsin.services.attempts import settle
from tocsin.services.ports_relay import Receipts
from tocsin.services.preparation import Sender

_REPLY = "the relay took it; its worker ended, or stood still, before it could keep the relay's words"

log = logging.getLogger("tocsin.deliveries")


def settle_left(sender: Sender, receipts: Receipts) -> bool:
    """Write down as sent what dead workers of this machine had handed over, unless another attempt has begun since.

    Tells whether there was any.
    """
    settled = 0

    def use(found: Sequence[Receipt]) -> None:
        nonlocal settled
        settlements = list(_settlements(sender, found))
        if settlements:
            settle(sender, settlements, now=sender.clock())
            settled += len(settlements)

    receipts.take(use)
    if settled:
        log.info("%d messages that a worker had handed over before it ended are not sent again", settled)
    return settled > 0


def of_lapsed(sender: Sender, receipts: Receipts, claimed: Iterable[Delivery]) -> list[Settlement]:
    """Return how those ended that a worker which stands still had handed over before its lease lapsed.

    Nobody can take its receipts away from it, because it may go on at any moment.
    """
    lapsed = {Claim(one.workspace_id, one.id, one.attempts - 1): one for one in claimed if one.crashes}
    found = {one.claim: one for one in receipts.noted(lapsed)} if lapsed else {}
    if found:
        log.info("%d messages that a worker had handed over before it stood still are not sent again", len(found))
    return [_settlement(sender, lapsed[claim], receipt) for claim, receipt in found.items()]


def _settlements(sender: Sender, found: Sequence[Receipt]) -> Iterator[Settlement]:
    in_order = sorted(found, key=lambda one: one.claim)
    for workspace_id, group in groupby(in_order, key=lambda one: one.claim.workspace_id):
        with sender.store.reading(workspace_id) as tx:
            for receipt in group:
                delivery = tx.deliveries.get(receipt.claim.delivery_id)
                if (
                    delivery is not None
                    and delivery.state is State.SENDING
                    and delivery.attempts == receipt.claim.attempt
                ):
                    yield _settlement(sender, delivery, receipt)


def _settlement(sender: Sender, delivery: Delivery, receipt: Receipt) -> Settlement:
    outcome = Outcome(result=Result.ACCEPTED, code=receipt.code, enhanced_code=receipt.enhanced_code, reply=_REPLY)
    ended = verdict(delivery, outcome, now=sender.clock(), jitter=0.5, pause=timedelta(0))
    return Settlement(delivery=delivery, outcome=outcome, verdict=ended)
