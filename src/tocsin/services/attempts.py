"""Attempts: what is claimed is prepared, sent and settled, one message at a time."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from tocsin.domain.delivery import Delivery, Outcome, Result, Settlement, State, verdict
from tocsin.domain.errors import TocsinError
from tocsin.services import bounces, consent, faults
from tocsin.services.ports import Mailer
from tocsin.services.preparation import Ready, Sender, ended, prepare

log = logging.getLogger("tocsin.deliveries")


class UnsettledError(Exception):
    """Deliveries could not be written down as they ended, because the store is away or something unforeseen happened.

    `settlements` are to be written as soon as that works again: what the relay has taken must not be sent once more.
    """

    def __init__(self, settlements: list[Settlement]) -> None:
        super().__init__(f"{len(settlements)} deliveries are not settled yet")
        self.settlements = settlements


def deliver(
    sender: Sender, claimed: Iterable[Delivery], mailer: Mailer, *, is_held: Callable[[], bool], pause: timedelta
) -> Outcome | None:
    """Send what was claimed, in order, and settle each; return the outcome that says most about the relay, if any.

    `is_held` tells whether the lease is still safely ours and more is wanted; else the rest goes back into the queue.
    When the relay itself is in trouble the rest goes back into the queue for `pause`, at no cost to the deliveries.
    Raises UnsettledError with all that is not settled when it ends, whatever went wrong.
    """
    hand = _Hand(sender=sender, open=dict.fromkeys(claimed))
    try:
        return _deliver(sender, hand, mailer, is_held=is_held, pause=pause)
    except Exception as error:
        raise UnsettledError(hand.left_after(error)) from error


def _deliver(
    sender: Sender, hand: "_Hand", mailer: Mailer, *, is_held: Callable[[], bool], pause: timedelta
) -> Outcome | None:
    ready = [one for group in _by_workspace(hand.open) for one in _prepare_all(sender, hand, group)]
    last: Outcome | None = None
    for one in ready:
        if not is_held():
            hand.give_back(_NOT_HELD, pause=pause)
            return last
        last = _attempt(sender, hand, one, mailer, pause=pause)
        if last.result is Result.TRANSPORT:
            hand.give_back(last, pause=pause)
            return last
    return last


@dataclass(frozen=True, slots=True)
class _Hand:
    """What a worker has in hand: the claimed deliveries that are not settled, with how each ended where that is known."""

    sender: Sender
    open: dict[Delivery, Settlement | None]

    def settle(self, settlements: list[Settlement], *, now: datetime) -> None:
        """Write how deliveries ended."""
        self.open.update({one.delivery: one for one in settlements})
        self.sender.store.queue.settle(settlements, now=now)
        for one in settlements:
            del self.open[one.delivery]

    def give_back(self, outcome: Outcome, *, pause: timedelta) -> None:
        """Put all that is left back into the queue."""
        self.settle(self._unsent(outcome, pause=pause), now=self.sender.clock())

    def left_after(self, error: Exception) -> list[Settlement]:
        """Return how all that is left ended or, where nothing is known of it, that it failed or is to be sent later."""
        is_ours = isinstance(error, TocsinError)
        result = Result.WITHDRAWN if is_ours else Result.TEMPORARY
        outcome = Outcome(result=result, reply=str(error) if is_ours else f"{type(error).__name__}: {error}")
        unsent = {one.delivery: one for one in self._unsent(outcome, pause=timedelta(0))}
        return [known or unsent[delivery] for delivery, known in self.open.items()]

    def _unsent(self, outcome: Outcome, *, pause: timedelta) -> list[Settlement]:
        now = self.sender.clock()
        ended = {one: verdict(one, outcome, now=now, jitter=0.5, pause=pause) for one in self.open}
        kept = outcome if outcome.result is Result.TEMPORARY else None
        return [Settlement(delivery=one, outcome=kept, verdict=end) for one, end in ended.items()]


_NOT_HELD = Outcome(result=Result.WITHDRAWN, reply="its worker stopped before it was sent")


def _by_workspace(claimed: Iterable[Delivery]) -> list[list[Delivery]]:
    ordered = sorted(claimed, key=lambda delivery: delivery.workspace_id)
    return [list(group) for _, group in groupby(ordered, key=lambda delivery: delivery.workspace_id)]


def _prepare_all(sender: Sender, hand: _Hand, claimed: list[Delivery]) -> list[Ready]:
    """Write and freeze the messages of one workspace in one transaction; settle what is not to be sent."""
    now = sender.clock()
    with sender.store.transaction(claimed[0].workspace_id) as tx:
        prepared = prepare(tx, sender, claimed, now=now)
    faults.point("after_lease")
    hand.settle([one for one in prepared if isinstance(one, Settlement)], now=now)
    return [one for one in prepared if isinstance(one, Ready)]


def _attempt(sender: Sender, hand: _Hand, one: Ready, mailer: Mailer, *, pause: timedelta) -> Outcome:
    """Send one message and settle it. Whatever goes wrong with it, the next one is not affected."""
    try:
        outcome = _sent_if_still_true(sender, one, mailer)
    except Exception as error:
        log.exception("an attempt failed unforeseen", extra={"delivery": one.delivery.id})
        outcome = Outcome(result=Result.TEMPORARY, reply=f"{type(error).__name__}: {error}")
    now = sender.clock()
    next_state = verdict(one.delivery, outcome, now=now, jitter=sender.chance.jitter(), pause=pause)
    settlement = Settlement(delivery=one.delivery, outcome=outcome, verdict=next_state)
    hand.open[one.delivery] = settlement
    faults.point("before_mark")
    hand.settle([settlement], now=now)
    faults.point("after_mark")
    log.info(
        "attempt %d: %s",
        one.delivery.attempts,
        outcome.result.value,
        # Not the reply: servers put addresses into it. It stands with the attempt.
        extra={"workspace": one.delivery.workspace_id, "delivery": one.delivery.id, "code": outcome.code},
    )
    if outcome.result is Result.PERMANENT:
        with sender.store.transaction(one.delivery.workspace_id) as tx:
            bounces.refused(tx, outcome, now=now)
    if next_state.state is State.RETRYING:
        _end_if_stale(sender, one.delivery, now=now)
    return outcome


def _sent_if_still_true(sender: Sender, one: Ready, mailer: Mailer) -> Outcome:
    """Hand the message over unless the booking or the recipient's wishes changed since it was written."""
    with sender.store.reading(one.delivery.workspace_id) as tx:
        if tx.bookings.revision(one.delivery.booking_id) != one.booking.revision:
            return Outcome(result=Result.WITHDRAWN, reply="the booking changed; the message is written anew")
        if consent.refusal(tx, one.delivery, one.booking) is not None:
            return Outcome(result=Result.WITHDRAWN, reply="the recipient is written to no more")
    faults.point("before_data")
    outcome = mailer.send(one.envelope)
    faults.point("after_accept")
    return outcome


def _end_if_stale(sender: Sender, delivery: Delivery, *, now: datetime) -> None:
    """A message that has to wait again may have become stale on its way, and would hold up what came meanwhile."""
    with sender.store.transaction(delivery.workspace_id) as tx:
        booking, rule = tx.bookings.get(delivery.booking_id), tx.rules.get(delivery.rule_id)
        found = ended(tx, delivery, booking, rule, now=now)
        if found is not None:
            tx.deliveries.end(delivery.id, found, now=now)
