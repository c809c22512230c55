"""Attempts: what is claimed is prepared, sent and settled.

Messages go out side by side. What the relay took is settled before its lane gets the next one: a worker that dies may have
handed over one message of each lane that nobody knows of, and no more.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, groupby

from tocsin.domain.delivery import Delivery, DeliveryId, Outcome, Result, Settlement, State, verdict
from tocsin.domain.errors import TocsinError
from tocsin.domain.letter import Envelope
from tocsin.domain.model import WorkspaceId
from tocsin.domain.suppression import suppression_key
from tocsin.services import bounces, consent, faults
from tocsin.services.ports_relay import Mailer
from tocsin.services.preparation import Ready, Sender, end_if_stale
from tocsin.services.test_send import prepare_each

log = logging.getLogger("tocsin.deliveries")


class UnsettledError(Exception):
    """Deliveries could not be written down as they ended, because the store is away or something unforeseen happened.

    `settlements` are to be written as soon as that works again: what the relay has taken must not be sent once more.
    """

    def __init__(self, settlements: list[Settlement]) -> None:
        super().__init__(f"{len(settlements)} deliveries are not settled yet")
        self.settlements = settlements


def settle(sender: Sender, settlements: Sequence[Settlement], *, now: datetime) -> None:
    """Write how deliveries ended, and tell whoever watches of those that could be written."""
    sender.telemetry.settled(sender.store.queue.settle(settlements, now=now), now=now)


def deliver(
    sender: Sender,
    claimed: Iterable[Delivery],
    mailer: Mailer,
    *,
    is_held: Callable[[], bool],
    pause: timedelta,
    on_wait: Callable[[], None] = lambda: None,
    given_back: str = "its worker stopped before it was sent",
) -> Outcome | None:
    """Send what was claimed, in order, and settle each; return the outcome that says most about the relay, if any.

    `is_held` tells whether the lease is still safely ours and more is wanted; else the rest goes back into the queue, and
    `given_back` says why.
    `on_wait` is called when nothing is left but to wait for answers that do not come.
    When the relay itself is in trouble the rest goes back into the queue for `pause`, at no cost to the deliveries.
    Raises UnsettledError with all that is not settled when it ends, whatever went wrong.
    """
    hand = _Hand(sender=sender, open={one.id: one for one in claimed})
    try:
        run = _Run(sender=sender, hand=hand, is_held=is_held, pause=pause, on_wait=on_wait, given_back=given_back)
        return _deliver(run, mailer)
    except Exception as error:
        raise UnsettledError(hand.left_after(error)) from error


def _deliver(run: "_Run", mailer: Mailer) -> Outcome | None:
    run.waiting.extend(_prepare_all(run.sender, run.hand) if run.hand.open else [])
    while not run.is_over:
        run.send(mailer)
    if run.error is not None:
        raise run.error
    run.give_back()
    return run.last


@dataclass(frozen=True, slots=True)
class _Hand:
    """What a worker has in hand: the claimed deliveries that are not settled, and how those ended of which it is known."""

    sender: Sender
    open: dict[DeliveryId, Delivery]
    known: dict[DeliveryId, Settlement] = field(default_factory=dict)

    def settle(self, settlements: list[Settlement], *, now: datetime) -> None:
        """Write how deliveries ended."""
        if not settlements:
            return
        self.known.update({one.delivery.id: one for one in settlements})
        settle(self.sender, settlements, now=now)
        for one in settlements:
            self.open.pop(one.delivery.id, None)
            self.known.pop(one.delivery.id, None)

    def settle_known(self) -> None:
        """Write how deliveries ended of which that could not be written before."""
        self.settle(list(self.known.values()), now=self.sender.clock())

    def give_back(self, deliveries: Iterable[Delivery], outcome: Outcome, *, pause: timedelta) -> None:
        """Put deliveries back into the queue."""
        self.settle(self._unsent(deliveries, outcome, pause=pause), now=self.sender.clock())

    def left_after(self, error: Exception) -> list[Settlement]:
        """Return how all that is left ended or, where nothing is known of it, that it failed or is to be sent later."""
        is_ours = isinstance(error, TocsinError)
        result = Result.WITHDRAWN if is_ours else Result.TEMPORARY
        outcome = Outcome(result=result, reply=str(error) if is_ours else f"{type(error).__name__}: {error}")
        unsent = self._unsent(self.open.values(), outcome, pause=timedelta(0))
        return [self.known.get(one.delivery.id, one) for one in unsent]

    def _unsent(self, deliveries: Iterable[Delivery], outcome: Outcome, *, pause: timedelta) -> list[Settlement]:
        now = self.sender.clock()
        kept = outcome if outcome.result is Result.TEMPORARY else None
        return [
            Settlement(delivery=one, outcome=kept, verdict=verdict(one, outcome, now=now, jitter=0.5, pause=pause))
            for one in deliveries
        ]


@dataclass(slots=True, kw_only=True)
class _Run:
    """A batch on its way out: what waits to be handed over, what is on its way, and what was heard of the relay last."""

    sender: Sender
    hand: _Hand
    is_held: Callable[[], bool]
    pause: timedelta
    on_wait: Callable[[], None]
    given_back: str
    waiting: deque[Ready] = field(default_factory=deque)
    on_the_way: dict[int, Ready] = field(default_factory=dict)
    last: Outcome | None = None
    error: Exception | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be handed over: all is, or there is trouble, or the lease is not ours."""
        return not self.waiting or self.error is not None or self.is_in_trouble or not self.is_held()

    @property
    def is_in_trouble(self) -> bool:
        """Whether the relay cannot be used now."""
        return self.last is not None and self.last.result is Result.TRANSPORT

    def give_back(self) -> None:
        """Put what waits back into the queue; what is on its way stays in the hand."""
        not_held = Outcome(result=Result.WITHDRAWN, reply=self.given_back)
        outcome = self.last if self.last is not None and self.is_in_trouble else not_held
        waiting = [one.delivery for one in self.waiting]
        self.waiting.clear()
        self.hand.give_back(waiting, outcome, pause=self.pause)

    def send(self, mailer: Mailer) -> None:
        """Hand over all that waits. What a mailer raises unforeseen costs what it had in hand a try, and nothing else."""
        numbers = count()
        try:
            for ended in mailer.send(lambda wanted: self._next(wanted, numbers)):
                if not ended:
                    self._wait()
                    if self.is_over and not self.on_the_way:
                        break
                    continue
                faults.point("after_accept")
                found = [(self.on_the_way.pop(number), outcome) for number, outcome in ended]
                self.waiting.extendleft(one for one, outcome in found if outcome is None)
                self._settle([(one, outcome) for one, outcome in found if outcome is not None])
        except Exception as error:
            log.exception("a mailer failed unforeseen")
            if not self.on_the_way:
                self.error = error
            outcome = Outcome(result=Result.UNKNOWN, reply=f"{type(error).__name__}: {error}")
            self._settle([(one, outcome) for one in self.on_the_way.values()])
            self.on_the_way.clear()

    def _wait(self) -> None:
        """Do what can be done while answers do not come, for which the wait may be long."""
        try:
            self.hand.settle_known()
            if self.is_over and (self.error is None or isinstance(self.error, TocsinError)):
                self.give_back()
        except Exception as error:  # noqa: BLE001  it is tried again, and what is on its way is still to be settled
            self.error = self.error or error
        if not self.waiting:
            self.on_wait()

    def _next(self, wanted: int, numbers: Iterator[int]) -> list[Envelope]:
        rank: list[Ready] = []
        while not rank and not self.is_over:
            taken = [self.waiting.popleft() for _ in range(min(wanted, len(self.waiting)))]
            try:
                rank = self._still_true(taken)
            except Exception as error:  # noqa: BLE001  what is on its way is settled first
                self.error = error
        if self.error is not None:
            return []  # the rank is in the hand yet, and goes back with the rest
        self.on_the_way.update({next(numbers): one for one in rank})
        faults.point("before_data")
        return [one.envelope for one in rank]

    def _still_true(self, rank: list[Ready]) -> list[Ready]:
        """Settle those whose booking, or recipient's wishes, changed since they were written; return the others."""
        withdrawn: dict[DeliveryId, Outcome] = {}
        for workspace_id, group in groupby(rank, key=lambda one: one.delivery.workspace_id):
            withdrawn |= _withdrawn(self.sender, workspace_id, list(group))
        if withdrawn:
            self._settle([(one, withdrawn[one.delivery.id]) for one in rank if one.delivery.id in withdrawn])
        return [one for one in rank if one.delivery.id not in withdrawn]

    def _settle(self, outcomes: list[tuple[Ready, Outcome]]) -> None:
        """Write down how messages ended. If that fails, no more are sent, and what is on its way is kept in the hand."""
        self.last = _most_telling(outcome for _, outcome in outcomes) or self.last
        if not outcomes:
            return
        now = self.sender.clock()
        ended = [
            _settlement(self.sender, one.delivery, outcome, now=now, pause=self.pause) for one, outcome in outcomes
        ]
        self.hand.known.update({one.delivery.id: one for one in ended})
        try:
            faults.point("before_mark")
            self.hand.settle(ended, now=now)
            faults.point("after_mark")
        except Exception as error:  # noqa: BLE001  the answers of other messages are still to come
            self.error = error
            return
        for settlement in ended:
            try:
                _follow_up(self.sender, settlement, now=now)
            except Exception as error:  # noqa: BLE001  nor do the others go without
                self.error = error


def _most_telling(outcomes: Iterable[Outcome]) -> Outcome | None:
    """Return the outcome that says most about the relay: one message that it looked at shows that it works."""
    telling = [one for one in outcomes if one.result is not Result.WITHDRAWN]
    return next((one for one in telling if one.result is not Result.TRANSPORT), telling[0] if telling else None)


def _prepare_all(sender: Sender, hand: _Hand) -> list[Ready]:
    """Write and freeze all messages in one transaction; settle what is not to be sent."""
    now = sender.clock()
    claimed = sorted(hand.open.values(), key=lambda one: one.workspace_id)
    with sender.store.together() as of:
        prepared = [
            one
            for workspace_id, group in groupby(claimed, key=lambda one: one.workspace_id)
            for one in prepare_each(of(workspace_id), sender, list(group), now=now)
        ]
    faults.point("after_lease")
    hand.settle([one for one in prepared if isinstance(one, Settlement)], now=now)
    return [one for one in prepared if isinstance(one, Ready)]


def _settlement(sender: Sender, delivery: Delivery, outcome: Outcome, *, now: datetime, pause: timedelta) -> Settlement:
    next_state = verdict(delivery, outcome, now=now, jitter=sender.chance.jitter(), pause=pause)
    return Settlement(delivery=delivery, outcome=outcome, verdict=next_state)


def _follow_up(sender: Sender, settlement: Settlement, *, now: datetime) -> None:
    """Log what became of an attempt, and do what it asks for beside being written down."""
    delivery, outcome = settlement.delivery, settlement.outcome
    if outcome is None:
        return
    log.log(
        # What was taken stands in the ledger; a line for each of 100,000 would hide what went wrong.
        logging.DEBUG if outcome.result is Result.ACCEPTED else logging.INFO,
        "attempt %d: %s",
        delivery.attempts,
        outcome.result.value,
        # Not the reply: servers put addresses into it. It stands with the attempt.
        extra={**delivery.in_logs, "code": outcome.code},
    )
    if outcome.result is Result.PERMANENT and not delivery.is_call:
        with sender.store.transaction(delivery.workspace_id) as tx:
            bounces.refused(tx, outcome, now=now)
    if settlement.verdict.state is State.RETRYING:
        with sender.store.transaction(delivery.workspace_id) as tx:
            end_if_stale(tx, delivery, now=now)


def _withdrawn(sender: Sender, workspace_id: WorkspaceId, rank: list[Ready]) -> dict[DeliveryId, Outcome]:
    """Return which of the messages of one workspace must not leave as they are, and why."""
    with sender.store.reading(workspace_id) as tx:
        revisions = tx.bookings.revisions(one.delivery.booking_id for one in rank)
        listed = tx.suppressions.of(one.delivery.recipient for one in rank)
    found = {}
    for one in rank:
        delivery, entries = one.delivery, listed.get(suppression_key(one.delivery.recipient), [])
        is_of_now = one.booking is None or revisions.get(delivery.booking_id) == one.booking.revision
        if not delivery.is_call and not is_of_now:
            found[delivery.id] = Outcome(
                result=Result.WITHDRAWN, reply="the booking changed; the message is written anew"
            )
        elif consent.refusal(entries, delivery, one.booking) is not None:
            found[delivery.id] = Outcome(result=Result.WITHDRAWN, reply="the recipient is written to no more")
    return found
