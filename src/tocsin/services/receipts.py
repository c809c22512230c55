"""Settling what a worker left behind: the relay took it, and the worker was killed before the store knew."""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from tocsin.domain.delivery import Outcome, Receipt, Result, Settlement, State, verdict
from tocsin.services.attempts import settle
from tocsin.services.ports_relay import Receipts
from tocsin.services.preparation import Sender

_REPLY = "the relay took it; its worker ended before it could keep the relay's words"

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


def _settlements(sender: Sender, found: Sequence[Receipt]) -> Iterator[Settlement]:
    now = sender.clock()
    in_order = sorted(found, key=lambda one: one.claim)
    for workspace_id, group in groupby(in_order, key=lambda one: one.claim.workspace_id):
        with sender.store.reading(workspace_id) as tx:
            for receipt in group:
                delivery = tx.deliveries.get(receipt.claim.delivery_id)
                if (
                    delivery is None
                    or delivery.state is not State.SENDING
                    or delivery.attempts != receipt.claim.attempt
                ):
                    continue
                outcome = Outcome(
                    result=Result.ACCEPTED, code=receipt.code, enhanced_code=receipt.enhanced_code, reply=_REPLY
                )
                ended = verdict(delivery, outcome, now=now, jitter=0.5, pause=timedelta(0))
                yield Settlement(delivery=delivery, outcome=outcome, verdict=ended)
