"""Preparing: is a claimed delivery still to be sent, and with which bytes?

All is decided in one transaction that holds the bookings and rules: whoever changes one of them either comes first, and the
message says so, or finds in the ledger what this one tells.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial

from tocsin.domain.conditions import Answers, unmet
from tocsin.domain.delivery import REPLACED, Cause, Delivery, Frozen, Settlement, State, Verdict, stale
from tocsin.domain.events import ENTRY_CHANGES, TIMED
from tocsin.domain.invite import Invitation
from tocsin.domain.letter import Envelope
from tocsin.domain.limits import Limits
from tocsin.domain.model import Booking
from tocsin.domain.plan import is_planned, plan_timed
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.rules import Action, AutomationRule
from tocsin.domain.sync import SAID_ALREADY, standing
from tocsin.formats import scan
from tocsin.services import consent, dkim, limits, sync
from tocsin.services.messages import Scene, compose
from tocsin.services.ports import Chance, Clock, Store, Transaction

log = logging.getLogger("tocsin.deliveries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What every attempt needs. `mail_from` is the sender of workspaces without their own.

    `hears`: mail to our signed addresses comes back here; `secret` signs them. `limits` hold for workspaces without their own.
    """

    store: Store
    clock: Clock
    chance: Chance
    mail_from: str
    base_url_of: Callable[[str], str]  # subdomain -> where that workspace lives
    secret: bytes
    hears: bool
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A delivery whose message is frozen, and the booking as it tells of it."""

    delivery: Delivery
    envelope: Envelope
    booking: Booking


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A message that may leave, what its recipient's calendar is told by it, and the action whose words it has."""

    frozen: Frozen
    invitation: Invitation
    action: Action


def prepare(tx: Transaction, sender: Sender, claimed: list[Delivery], *, now: datetime) -> list[Ready | Settlement]:
    """Write and freeze the message of each delivery, or say how it ends without one. All are of one workspace."""
    tx.bookings.hold(delivery.booking_id for delivery in claimed)
    tx.rules.hold(delivery.rule_id for delivery in claimed)
    batch = _Batch(tx, sender, now=now)
    if batch.workspace is not None:
        tx.usage.lock()  # first: whoever counts has to
    prepared = [_prepare(batch, delivery) for delivery in claimed]
    for one in prepared:
        if isinstance(one, Settlement) and one.verdict.next_at is None and one.verdict.state is not State.SUPERSEDED:
            tx.deliveries.revive(one.delivery, now=now)
    return prepared


def ended(
    tx: Transaction, delivery: Delivery, booking: Booking | None, rule: AutomationRule | None, *, now: datetime
) -> Verdict | None:
    """Return how a delivery of `rule` ends without being sent, or None if it is still to be sent.

    A change ends what waits; what was on its way then, and comes back, is ended here.
    """
    if booking is None:
        return _GONE
    found = stale(delivery, booking, now=now)
    if found is not None:
        return found
    if delivery.cause is Cause.KEEP_IN_SYNC:
        return sync.ended(tx, delivery, booking)
    return _GONE if rule is None else _ended_by_its_rule(tx, delivery, booking, rule, now=now)


_GONE = Verdict(state=State.CANCELLED, reason="the rule was deleted first")


def _ended_by_its_rule(
    tx: Transaction, delivery: Delivery, booking: Booking, rule: AutomationRule, *, now: datetime
) -> Verdict | None:
    if delivery.event in TIMED:
        is_asked_for = is_planned(delivery, plan_timed(booking, [rule], now=now))
        return None if is_asked_for else Verdict(state=State.SUPERSEDED, reason="it was planned anew")
    if not rule.enabled:
        return Verdict(state=State.CANCELLED, reason="the rule was switched off first")
    if not rule.invites(delivery.recipient, booking):
        return Verdict(state=State.CANCELLED, reason="the recipient was taken off the rule or the booking first")
    if tx.deliveries.newer_waits(delivery):
        return REPLACED
    return None


class _Batch:
    """A transaction in which several deliveries are prepared: what they share is held, and so is read once."""

    def __init__(self, tx: Transaction, sender: Sender, *, now: datetime) -> None:
        self.tx = tx
        self.sender = sender
        self.now = now
        self.workspace = tx.workspaces.by_id(tx.workspace_id)
        self.booking = cache(tx.bookings.get)
        self.link = cache(partial(tx.links.get, deleted_too=True))
        self.rule = cache(tx.rules.get)


def _prepare(batch: _Batch, delivery: Delivery) -> Ready | Settlement:
    scene = _scene(batch, delivery)
    end = _GONE if scene is None else _kept_back(batch, delivery, scene)
    if scene is None or end is not None:
        return Settlement(delivery=delivery, outcome=None, verdict=end or _GONE)
    frozen = _frozen(batch, delivery, scene)
    if isinstance(frozen, Verdict):
        return Settlement(delivery=delivery, outcome=None, verdict=frozen)
    envelope = Envelope(sender=frozen.sender, recipient=delivery.recipient, message=frozen.message)
    return Ready(delivery=delivery, envelope=envelope, booking=scene.booking)


def _kept_back(batch: _Batch, delivery: Delivery, scene: Scene) -> Verdict | None:
    """Return why a delivery ends or waits whatever its message would be, or None."""
    tx, now, rule = batch.tx, batch.now, batch.rule(delivery.rule_id)
    end = ended(tx, delivery, scene.booking, rule, now=now) or consent.refusal(tx, delivery, scene.booking)
    if end is not None:
        return end
    pause = limits.pause_of(tx)
    return _condition_unmet(tx, delivery, scene) if pause is None else pause.verdict(delivery, now=now)


def _condition_unmet(tx: Transaction, delivery: Delivery, scene: Scene) -> Verdict | None:
    if delivery.cause is not Cause.RULE_FIRED:
        return None  # a condition of the rule is none of the changes that follow an invite
    conditions = tx.rules.conditions(delivery.rule_id, revision=delivery.rule_revision)
    failing = unmet(conditions, _answers(tx, scene)) if conditions else None
    if failing is None:
        return None
    return Verdict(state=State.CANCELLED, reason=f"the rule asks that {failing}, and it was not so")


def _frozen(batch: _Batch, delivery: Delivery, scene: Scene) -> Frozen | Verdict:
    """Return the bytes to be sent, the same as before if they still hold, or how the delivery ends or waits."""
    tx, now = batch.tx, batch.now
    former = tx.messages.get(delivery.id)
    if former is not None and _holds(former, scene):
        return former
    # Before it is written: a message that must wait for a place may wait long, and be looked at often.
    held = limits.charge(tx, delivery, batch.sender.limits, now=now)
    written = held or _written(batch, delivery, scene)
    return written if isinstance(written, Verdict) else _kept(tx, delivery, written, now=now)


def _holds(frozen: Frozen, scene: Scene) -> bool:
    """Tell whether a frozen message is still what its recipient is to be told; an older entry must never come again."""
    told = scene.told
    return told is not None and (frozen.booking_revision, frozen.sequence) == (scene.booking.revision, told.sequence)


def _written(batch: _Batch, delivery: Delivery, scene: Scene) -> _Written | Verdict:
    """Return the message, or how the delivery ends if there is none: nothing to say, or no way to say it."""
    action = batch.tx.rules.action(delivery.rule_id, revision=delivery.rule_revision, index=delivery.action_index)
    try:
        frozen, invitation = compose(delivery, action, scene, now=batch.now)
        frozen = _signed(batch, frozen, invitation)
        complaints = scan.complaints(frozen.message)
    except Exception as error:
        log.exception("the message of a delivery could not be written", extra={"delivery": delivery.id})
        complaints = [f"{type(error).__name__}: {error}"]
    if complaints:
        # The next try would fail the same way.
        return Verdict(state=State.FAILED, reason=f"the message was not fit to leave: {complaints[0]}")
    if delivery.cause is Cause.KEEP_IN_SYNC and _is_known(scene.told, invitation):
        return SAID_ALREADY
    return _Written(frozen=frozen, invitation=invitation, action=action)


def _is_known(told: Invitation | None, invitation: Invitation) -> bool:
    return told is not None and told.is_held and told.sequence == invitation.sequence


def _signed(batch: _Batch, frozen: Frozen, invitation: Invitation) -> Frozen:
    domain, secret = invitation.organizer_email.rpartition("@")[2], batch.sender.secret
    message = dkim.signed(batch.tx, frozen.message, sender_domain=domain, secret=secret, now=batch.now)
    return replace(frozen, message=message)


def _kept(tx: Transaction, delivery: Delivery, written: _Written, *, now: datetime) -> Frozen:
    """Keep a message that is about to leave, what its recipient's calendar is told by it, and who invited him."""
    tx.invitations.put(written.invitation)
    if delivery.cause is Cause.RULE_FIRED:
        sync.remember(tx, delivery, written.action, written.invitation, now=now)
        # What this message went instead of would have invited too, and may have promised more.
        for former in tx.deliveries.replaced(delivery) if delivery.event in ENTRY_CHANGES else ():
            action = tx.rules.action(former.rule_id, revision=former.rule_revision, index=former.action_index)
            sync.remember(tx, former, action, written.invitation, now=now)
    tx.messages.freeze(delivery.id, written.frozen)
    return written.frozen


def _scene(batch: _Batch, delivery: Delivery) -> Scene | None:
    tx, sender, workspace = batch.tx, batch.sender, batch.workspace
    booking = batch.booking(delivery.booking_id)
    link = None if booking is None else batch.link(booking.link_id)
    if workspace is None or booking is None or link is None:
        return None
    base_url = sender.base_url_of(workspace.subdomain)
    told = tx.invitations.get(booking.id, delivery.recipient)
    is_sync = delivery.cause is Cause.KEEP_IN_SYNC
    return Scene(
        workspace=workspace,
        link=link,
        booking=booking,
        mail_from=workspace.mail_from or sender.mail_from,
        base_url=base_url,
        # Whom a rule writes to is invited by it, whatever was before.
        standing=sync.standing_of(tx, told, booking, delivery.recipient) if is_sync else standing(booking, []),
        told=told,
        rsvp=_rsvp(tx.invitations.get(booking.id, delivery.about)) if delivery.about else None,
        secret=sender.secret if sender.hears else None,
        fresh_id=sender.chance.new_id(),
        opt_out_url=consent.opt_out_url(delivery, booking, base_url=base_url, secret=sender.secret),
    )


def _answers(tx: Transaction, scene: Scene) -> Answers:
    everybody: Iterable[Invitation] = tx.invitations.of_booking(scene.booking.id)
    return Answers(own=_rsvp(scene.told), all=tuple(one.rsvp for one in everybody))


def _rsvp(invitation: Invitation | None) -> Rsvp:
    return Rsvp.NEEDS_ACTION if invitation is None else invitation.rsvp
