"""Attempts: what is claimed is prepared, sent and settled, one message at a time. And the log of it."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from tocsin.domain.delivery import (
    Attempt,
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
from tocsin.domain.errors import ConflictError, NotFoundError
from tocsin.domain.invite import Invitation
from tocsin.domain.letter import Envelope
from tocsin.domain.schedule import HORIZON
from tocsin.formats import scan
from tocsin.services import faults
from tocsin.services.messages import Scene, compose
from tocsin.services.ports import Chance, Clock, DeliveryFilter, Mailer, Page, Store, Transaction

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


def deliver(
    sender: Sender, claimed: Iterable[Delivery], mailer: Mailer, *, is_held: Callable[[], bool], pause: timedelta
) -> Outcome | None:
    """Send what was claimed, in order, and settle each; return the outcome that says most about the relay, if any.

    `is_held` tells whether the lease is still safely ours and more is wanted; else the rest goes back into the queue.
    When the relay itself is in trouble the rest goes back into the queue for `pause`, at no cost to the deliveries.
    """
    ready = [one for group in _by_workspace(claimed) for one in _prepare_all(sender, group)]
    last: Outcome | None = None
    for position, one in enumerate(ready):
        if not is_held():
            _give_back(sender, [later.delivery for later in ready[position:]], _NOT_HELD, pause=pause)
            return last
        last = _attempt(sender, one, mailer, pause=pause)
        if last.result is Result.TRANSPORT:
            _give_back(sender, [later.delivery for later in ready[position + 1 :]], last, pause=pause)
            return last
    return last


_NOT_HELD = Outcome(result=Result.WITHDRAWN, reply="its worker stopped before it was sent")


def get(tx: Transaction, delivery_id: str) -> Delivery:
    """Return a delivery. Raises NotFoundError."""
    delivery = tx.deliveries.get(delivery_id)
    if delivery is None:
        raise NotFoundError("there is no delivery with this id")
    return delivery


def page(tx: Transaction, wanted: DeliveryFilter, part: Page) -> tuple[list[Delivery], int]:
    """Return a page of deliveries, the newest first, and the number of all that are wanted."""
    return tx.deliveries.page(wanted, limit=part.size, offset=part.offset)


def history(tx: Transaction, delivery_id: str) -> list[Attempt]:
    """Return every attempt at a delivery. Raises NotFoundError."""
    return tx.deliveries.attempts(get(tx, delivery_id).id)


def message(tx: Transaction, delivery_id: str) -> Frozen:
    """Return the exact message of a delivery. Raises NotFoundError; ConflictError if it was not written yet."""
    frozen = tx.deliveries.frozen(get(tx, delivery_id).id)
    if frozen is None:
        raise ConflictError("this delivery has no message yet; it is written when it is first sent")
    return frozen


def retry(tx: Transaction, delivery_id: str, *, now: datetime) -> Delivery:
    """Put a failed or expired delivery back into the queue. Raises NotFoundError, and ConflictError in another state."""
    delivery = get(tx, delivery_id)
    if not tx.deliveries.retry(delivery.id, now=now, expires_at=now + HORIZON):
        raise ConflictError(f"only a failed or expired delivery can be retried; this one is {delivery.state.value}")
    return get(tx, delivery_id)


def _by_workspace(claimed: Iterable[Delivery]) -> list[list[Delivery]]:
    ordered = sorted(claimed, key=lambda delivery: delivery.workspace_id)
    return [list(group) for _, group in groupby(ordered, key=lambda delivery: delivery.workspace_id)]


def _prepare_all(sender: Sender, claimed: list[Delivery]) -> list[_Ready]:
    """Write and freeze the messages of one workspace in one transaction; settle what is not to be sent."""
    now = sender.clock()
    with sender.store.transaction(claimed[0].workspace_id) as tx:
        prepared = [_prepare(tx, sender, delivery, now=now) for delivery in claimed]
    faults.point("after_lease")
    sender.store.queue.settle([one for one in prepared if isinstance(one, Settlement)], now=now)
    return [one for one in prepared if isinstance(one, _Ready)]


def _prepare(tx: Transaction, sender: Sender, delivery: Delivery, *, now: datetime) -> _Ready | Settlement:
    scene = _scene(tx, sender, delivery)
    if scene is None or not tx.rules.exists(delivery.rule_id):
        # Deleting ends what waits; this one was on its way then and came back.
        gone = Verdict(state=State.CANCELLED, reason="the rule was deleted first")
        return Settlement(delivery=delivery, outcome=None, verdict=gone)
    ended = stale(delivery, scene.booking, now=now)
    if ended is not None:
        return Settlement(delivery=delivery, outcome=None, verdict=ended)
    frozen = tx.deliveries.frozen(delivery.id)
    if frozen is None or frozen.booking_revision != scene.booking.revision:
        written = _written(tx, delivery, scene, now=now)
        if isinstance(written, Settlement):
            return written
        frozen, invitation = written
        tx.invitations.put(invitation)
        tx.deliveries.freeze(delivery.id, frozen)
    envelope = Envelope(sender=frozen.sender, recipient=delivery.recipient, message=frozen.message)
    return _Ready(delivery=delivery, envelope=envelope, booking_revision=scene.booking.revision)


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


def _attempt(sender: Sender, one: _Ready, mailer: Mailer, *, pause: timedelta) -> Outcome:
    """Send one message and settle it. Whatever goes wrong with it, the next one is not affected."""
    try:
        outcome = _sent_if_still_true(sender, one, mailer)
    except Exception as error:
        log.exception("an attempt failed unforeseen", extra={"delivery": one.delivery.id})
        outcome = Outcome(result=Result.TEMPORARY, reply=f"{type(error).__name__}: {error}")
    now = sender.clock()
    ended = verdict(one.delivery, outcome, now=now, jitter=sender.chance.jitter(), pause=pause)
    faults.point("before_mark")
    settlement = Settlement(delivery=one.delivery, outcome=outcome, verdict=ended)
    sender.store.queue.settle([settlement], now=now)
    faults.point("after_mark")
    log.info(
        "attempt %d: %s",
        one.delivery.attempts,
        outcome.result.value,
        # Not the reply: servers put addresses into it. It stands with the attempt.
        extra={"workspace": one.delivery.workspace_id, "delivery": one.delivery.id, "code": outcome.code},
    )
    if ended.state is State.RETRYING:
        _supersede(sender, one.delivery, now=now)
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


def _supersede(sender: Sender, delivery: Delivery, *, now: datetime) -> None:
    """A message that has to wait again may have become stale while it was on its way."""
    with sender.store.transaction(delivery.workspace_id) as tx:
        tx.deliveries.supersede(delivery.booking_id, now=now)


def _give_back(sender: Sender, unsent: list[Delivery], outcome: Outcome, *, pause: timedelta) -> None:
    now = sender.clock()
    settlements = []
    for delivery in unsent:
        ended = verdict(delivery, outcome, now=now, jitter=0.5, pause=pause)
        settlements.append(Settlement(delivery=delivery, outcome=None, verdict=ended))
    sender.store.queue.settle(settlements, now=now)
