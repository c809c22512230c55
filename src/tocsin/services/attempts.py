"""Attempts: what is claimed is prepared, sent and settled, one message at a time."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from tocsin.domain.delivery import (
    Delivery,
    Frozen,
    Outcome,
    Result,
    Settlement,
    State,
    Verdict,
    stale,
    verdict,
)
from tocsin.domain.errors import TocsinError
from tocsin.domain.events import TIMED
from tocsin.domain.invite import Invitation
from tocsin.domain.letter import Envelope
from tocsin.domain.model import Booking
from tocsin.domain.plan import is_planned, plan_timed
from tocsin.formats import scan
from tocsin.services import faults
from tocsin.services.messages import Scene, compose
from tocsin.services.ports import Chance, Clock, Mailer, Store, Transaction

log = logging.getLogger("tocsin.deliveries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What every attempt needs. `mail_from` is the sender of workspaces without their own."""

    store: Store
    clock: Clock
    chance: Chance
    mail_from: str
    base_url_of: Callable[[str], str]  # subdomain -> where that workspace lives


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    delivery: Delivery
    envelope: Envelope
    booking_revision: int


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


def _prepare_all(sender: Sender, hand: _Hand, claimed: list[Delivery]) -> list[_Ready]:
    """Write and freeze the messages of one workspace in one transaction; settle what is not to be sent."""
    now = sender.clock()
    with sender.store.transaction(claimed[0].workspace_id) as tx:
        prepared = [_prepare(tx, sender, delivery, now=now) for delivery in claimed]
    faults.point("after_lease")
    hand.settle([one for one in prepared if isinstance(one, Settlement)], now=now)
    return [one for one in prepared if isinstance(one, _Ready)]


def _prepare(tx: Transaction, sender: Sender, delivery: Delivery, *, now: datetime) -> _Ready | Settlement:
    scene = _scene(tx, sender, delivery)
    ended = _ended(tx, delivery, None if scene is None else scene.booking, now=now)
    if scene is None or ended is not None:
        return Settlement(delivery=delivery, outcome=None, verdict=ended or _GONE)
    frozen = tx.deliveries.frozen(delivery.id)
    if frozen is None or not _holds(tx, delivery, frozen, scene.booking):
        written = _written(tx, delivery, scene, now=now)
        if isinstance(written, Settlement):
            return written
        frozen, invitation = written
        tx.invitations.put(invitation)
        tx.deliveries.freeze(delivery.id, frozen)
    envelope = Envelope(sender=frozen.sender, recipient=delivery.recipient, message=frozen.message)
    return _Ready(delivery=delivery, envelope=envelope, booking_revision=scene.booking.revision)


_GONE = Verdict(state=State.CANCELLED, reason="the rule was deleted first")


def _ended(tx: Transaction, delivery: Delivery, booking: Booking | None, *, now: datetime) -> Verdict | None:
    """Return how a delivery ends without being sent, or None if it is still to be sent.

    A change ends what waits; what was on its way then, and comes back, is ended here.
    """
    if booking is None or not tx.rules.exists(delivery.rule_id):
        return _GONE
    ended = stale(delivery, booking, now=now)
    if ended is not None:
        return ended
    if delivery.event in TIMED:
        rule = tx.rules.get(delivery.rule_id)
        is_asked_for = rule is not None and is_planned(delivery, plan_timed(booking, [rule], now=now))
        return None if is_asked_for else Verdict(state=State.SUPERSEDED, reason="the booking changed; planned anew")
    if tx.deliveries.newer_waits(delivery):
        return Verdict(state=State.SUPERSEDED, reason="a newer change went instead")
    return None


def _holds(tx: Transaction, delivery: Delivery, frozen: Frozen, booking: Booking) -> bool:
    """Tell whether a frozen message is still what its recipient is to be told; an older entry must never come again."""
    told = tx.invitations.get(delivery.booking_id, delivery.recipient)
    return frozen.booking_revision == booking.revision and told is not None and frozen.sequence == told.sequence


def _written(
    tx: Transaction, delivery: Delivery, scene: Scene, *, now: datetime
) -> tuple[Frozen, Invitation] | Settlement:
    """Return the message, or how the delivery ends if it cannot be written: the next try would fail the same way."""
    action = tx.rules.action(delivery.rule_id, revision=delivery.rule_revision, index=delivery.action_index)
    told = tx.invitations.get(delivery.booking_id, delivery.recipient)
    try:
        frozen, invitation = compose(delivery, action, scene, told, now=now)
        complaints = scan.complaints(frozen.message)
    except Exception as error:
        log.exception("the message of a delivery could not be written", extra={"delivery": delivery.id})
        complaints = [f"{type(error).__name__}: {error}"]
    if complaints:
        reason = f"the message was not fit to leave: {complaints[0]}"
        return Settlement(delivery=delivery, outcome=None, verdict=Verdict(state=State.FAILED, reason=reason))
    return frozen, invitation


def _scene(tx: Transaction, sender: Sender, delivery: Delivery) -> Scene | None:
    workspace = tx.workspaces.by_id(delivery.workspace_id)
    booking = tx.bookings.get(delivery.booking_id)
    link = None if booking is None else tx.links.get(booking.link_id, deleted_too=True)
    if workspace is None or booking is None or link is None:
        return None
    return Scene(
        workspace=workspace,
        link=link,
        booking=booking,
        mail_from=workspace.mail_from or sender.mail_from,
        base_url=sender.base_url_of(workspace.subdomain),
    )


def _attempt(sender: Sender, hand: _Hand, one: _Ready, mailer: Mailer, *, pause: timedelta) -> Outcome:
    """Send one message and settle it. Whatever goes wrong with it, the next one is not affected."""
    try:
        outcome = _sent_if_still_true(sender, one, mailer)
    except Exception as error:
        log.exception("an attempt failed unforeseen", extra={"delivery": one.delivery.id})
        outcome = Outcome(result=Result.TEMPORARY, reply=f"{type(error).__name__}: {error}")
    now = sender.clock()
    ended = verdict(one.delivery, outcome, now=now, jitter=sender.chance.jitter(), pause=pause)
    settlement = Settlement(delivery=one.delivery, outcome=outcome, verdict=ended)
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
    if ended.state is State.RETRYING:
        _end_if_stale(sender, one.delivery, now=now)
    return outcome


def _sent_if_still_true(sender: Sender, one: _Ready, mailer: Mailer) -> Outcome:
    """Hand the message over unless the booking changed since it was written; then it is written anew."""
    with sender.store.reading(one.delivery.workspace_id) as tx:
        booking = tx.bookings.get(one.delivery.booking_id)
    if booking is None or booking.revision != one.booking_revision:
        return Outcome(result=Result.WITHDRAWN, reply="the booking changed; the message is written anew")
    faults.point("before_data")
    outcome = mailer.send(one.envelope)
    faults.point("after_accept")
    return outcome


def _end_if_stale(sender: Sender, delivery: Delivery, *, now: datetime) -> None:
    """A message that has to wait again may have become stale on its way, and would hold up what came meanwhile."""
    with sender.store.transaction(delivery.workspace_id) as tx:
        ended = _ended(tx, delivery, tx.bookings.get(delivery.booking_id), now=now)
        if ended is not None:
            tx.deliveries.end(delivery.id, ended, now=now)
