"""Preparing: is a claimed delivery still to be sent, and with which bytes?

All is decided in one transaction that holds the bookings and rules: whoever changes one of them either comes first, and the
message says so, or finds in the ledger what this one tells. It goes in three steps: read the facts about all deliveries of the
batch, decide about each, write what came of it.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tocsin.domain.delivery import (
    REPLACED,
    Cause,
    Delivery,
    DeliveryId,
    Frozen,
    Settlement,
    State,
    Verdict,
    stale,
)
from tocsin.domain.errors import NotFoundError
from tocsin.domain.events import ENTRY_CHANGES, TIMED
from tocsin.domain.invite import Invitation
from tocsin.domain.judgement import unmet
from tocsin.domain.letter import Envelope
from tocsin.domain.limits import Limits
from tocsin.domain.model import Booking, BookingId
from tocsin.domain.plan import plan_timed, planned_as
from tocsin.domain.rules import AutomationRule
from tocsin.domain.sync import SAID_ALREADY, Inviter, standing
from tocsin.services import consent, dkim, limits, sync, webhooks
from tocsin.services.actions import compose
from tocsin.services.actions.composed import Composed
from tocsin.services.facts import Facts
from tocsin.services.former import former
from tocsin.services.knowledge import known, rsvp_of
from tocsin.services.messages import Scene, reader_of
from tocsin.services.ports import Chance, Clock, Store, Transaction
from tocsin.services.ports_sources import Fetch
from tocsin.services.ports_telemetry import Silence, Telemetry

log = logging.getLogger("tocsin.deliveries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What every attempt needs. `mail_from` is the sender of workspaces without their own.

    `hears`: mail to our signed addresses comes back here; `secret` signs them. `limits` hold for workspaces without their own.
    `signs`: messages get the DKIM signature of a workspace that has a key. `fetch` asks other schedulers about their bookings.
    """

    store: Store
    clock: Clock
    chance: Chance
    mail_from: str
    base_url_of: Callable[[str], str]  # subdomain -> where that workspace lives
    secret: bytes
    hears: bool
    limits: Limits
    signs: bool = True
    fetch: Fetch | None = None
    telemetry: Telemetry = field(default_factory=Silence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A delivery whose message is frozen, and the booking as it tells of it; a test is about none."""

    delivery: Delivery
    envelope: Envelope
    booking: Booking | None


def prepare(
    tx: Transaction, sender: Sender, claimed: Sequence[Delivery], *, now: datetime, leaves: bool = True
) -> list[Ready | Settlement]:
    """Write and freeze the message of each delivery, or say how it ends without one. All are of one workspace.

    What does not leave, because it has left already, keeps to no limit and waits for no pause.
    """
    tx.bookings.hold(delivery.booking_id for delivery in claimed)
    tx.rules.hold(delivery.rule_id for delivery in claimed)
    batch = _Batch(tx=tx, sender=sender, facts=Facts(tx, claimed), now=now, leaves=leaves)
    if batch.facts.workspace is not None:
        tx.usage.lock()  # before all that is written: whoever counts has to
    ends = {one.id: end for one in claimed if (end := _end(batch, one)) is not None}
    open_ = [one for one in claimed if one.id not in ends]
    frozen = {one.id: kept for one in open_ if (kept := former(batch.facts, one)) is not None}
    # Before they are written: a message that must wait for a place may wait long, and be looked at often.
    charged = [one for one in open_ if leaves and one.id not in frozen and not one.is_call]
    ends |= limits.charge(tx, charged, sender.limits, now=now)
    prepared = [ends.get(one.id) or frozen.get(one.id) or _written(batch, one) for one in claimed]
    batch.keep()
    return [_prepared(batch, delivery, found) for delivery, found in zip(claimed, prepared, strict=True)]


def end_if_stale(tx: Transaction, delivery: Delivery, *, now: datetime) -> None:
    """End a delivery that waits for its next try if it became stale on its way; it would hold up what came meanwhile."""
    if delivery.cause is Cause.TEST:
        return  # nothing comes after it
    found = _ended(tx, Facts(tx, [delivery]), delivery, now=now)
    if found is not None:
        tx.deliveries.end(delivery.id, found, now=now)


def ends(tx: Transaction, deliveries: Sequence[Delivery], *, now: datetime) -> dict[DeliveryId, Verdict]:
    """Return which deliveries would end without being sent if somebody looked at them now, and how; none is touched."""
    facts = Facts(tx, deliveries)
    real = [one for one in deliveries if one.cause is not Cause.TEST]
    return {one.id: found for one in real if (found := _ended(tx, facts, one, now=now)) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Deliveries that are prepared in one transaction, and what is to be written when all of them are decided."""

    tx: Transaction
    sender: Sender
    facts: Facts
    now: datetime
    leaves: bool
    messages: dict[DeliveryId, Frozen] = field(default_factory=dict)
    invitations: list[Invitation] = field(default_factory=list)
    invited: list[tuple[BookingId, str, Inviter]] = field(default_factory=list)

    def keep(self) -> None:
        """Write all that is about to leave, what its recipients' calendars are told by it, and who invited them."""
        self.tx.invitations.put(*self.invitations)
        self.tx.sync.invited(self.invited)
        self.tx.messages.freeze(self.messages)


def _prepared(batch: _Batch, delivery: Delivery, found: Frozen | Verdict) -> Ready | Settlement:
    booking = batch.facts.booking(delivery)
    if booking is not None and isinstance(found, Frozen):
        return Ready(delivery=delivery, envelope=_envelope(batch, delivery, found), booking=booking)
    end = found if isinstance(found, Verdict) else _GONE
    if end.next_at is None and end.state is not State.SUPERSEDED:
        batch.tx.deliveries.revive(delivery, now=batch.now)
    return Settlement(delivery=delivery, outcome=None, verdict=end)


def _envelope(batch: _Batch, delivery: Delivery, frozen: Frozen) -> Envelope:
    secrets: tuple[str, ...] = ()
    if delivery.is_call:
        secrets = webhooks.secrets_of(batch.tx, delivery.recipient, secret=batch.sender.secret, now=batch.now)
    return Envelope.of(delivery, frozen, secrets=secrets)


_GONE = Verdict(state=State.CANCELLED, reason="the rule was deleted first")


def _end(batch: _Batch, delivery: Delivery) -> Verdict | None:
    try:
        end = _kept_back(batch, delivery)
        if end is None:
            batch.facts.action(delivery)  # it has to be there
    except NotFoundError as error:  # what the rule was then: it must not hold up the others of the batch
        end = Verdict(state=State.FAILED, reason=str(error))
    return end


def _kept_back(batch: _Batch, delivery: Delivery) -> Verdict | None:
    """Return why a delivery ends or waits whatever its message would be, or None."""
    facts, booking = batch.facts, batch.facts.booking(delivery)
    if facts.workspace is None or booking is None or facts.link(booking) is None:
        return _GONE
    end = _ended(batch.tx, facts, delivery, now=batch.now)
    end = end or consent.refusal(facts.listed(delivery), delivery, booking)
    if end is not None:
        return end
    if delivery.is_call:
        # Once it was written somebody may have heard of it: it is what happened then.
        return None if former(facts, delivery) is not None else _condition_unmet(batch, delivery)
    pause = facts.pause() if batch.leaves else None
    return _condition_unmet(batch, delivery) if pause is None else pause.verdict(delivery, now=batch.now)


def _ended(tx: Transaction, facts: Facts, delivery: Delivery, *, now: datetime) -> Verdict | None:
    """Return how a delivery ends without being sent, or None if it is still to be sent.

    A change ends what waits; what was on its way then, and comes back, is ended here.
    """
    booking, rule = facts.booking(delivery), facts.rule(delivery)
    if booking is None:
        return _GONE
    found = stale(delivery, booking, now=now)
    if found is not None:
        return found
    if delivery.cause is Cause.KEEP_IN_SYNC:
        return sync.ended(tx, delivery, booking, facts.told(delivery), facts.inviters(delivery))
    return _GONE if rule is None else _ended_by_its_rule(facts, delivery, booking, rule, now=now)


def _ended_by_its_rule(
    facts: Facts, delivery: Delivery, booking: Booking, rule: AutomationRule, *, now: datetime
) -> Verdict | None:
    if delivery.event in TIMED:
        planned = planned_as(delivery, plan_timed(booking, [rule], now=now))
        if planned is None:
            return Verdict(state=State.SUPERSEDED, reason="it was planned anew")
        # By a change of the rule its next moment may have come.
        is_late = planned.state is State.EXPIRED and delivery.rule_revision != rule.revision
        return Verdict(state=planned.state, reason=planned.reason) if is_late else None
    if not rule.enabled:
        return Verdict(state=State.CANCELLED, reason="the rule was switched off first")
    if not rule.writes(delivery.action, delivery.recipient, booking):
        return Verdict(state=State.CANCELLED, reason="the recipient was taken off the rule or the booking first")
    return REPLACED if facts.is_outrun(delivery) else None


def _condition_unmet(batch: _Batch, delivery: Delivery) -> Verdict | None:
    if delivery.cause is not Cause.RULE_FIRED:
        return None  # a condition of the rule is none of the changes that follow an invite
    conditions = batch.tx.rules.conditions(delivery.rule_id, revision=delivery.rule_revision)
    booking, workspace = batch.facts.booking(delivery), batch.facts.workspace
    if not conditions or booking is None or workspace is None:
        return None
    invitations, told = batch.tx.invitations.of_booking(booking.id), batch.facts.told(delivery)
    failing = unmet(conditions, known(batch.tx, booking, workspace, conditions, invitations=invitations, told=told))
    return None if failing is None else Verdict(state=State.CANCELLED, reason=failing)


def _written(batch: _Batch, delivery: Delivery) -> Frozen | Verdict:
    """Return the bytes to be sent, or how the delivery ends because there are none: nothing to say, or no way to say it."""
    scene, action = _scene(batch, delivery), batch.facts.action(delivery)
    try:
        composed = compose(delivery, action, scene, now=batch.now)
        frozen = _signed(batch, composed)
        complaints = composed.complaints(frozen.message)
    except Exception as error:
        log.exception("the message of a delivery could not be written", extra=delivery.in_logs)
        complaints = [f"{type(error).__name__}: {error}"]
    if complaints:
        # The next try would fail the same way.
        return Verdict(state=State.FAILED, reason=f"the message was not fit to leave: {complaints[0]}")
    if delivery.cause is Cause.KEEP_IN_SYNC and sync.is_known(scene.told, composed.invitation):
        return SAID_ALREADY
    batch.messages[delivery.id] = frozen
    if composed.invitation is not None:
        _note(batch, delivery, composed.invitation)
    return frozen


def _signed(batch: _Batch, composed: Composed) -> Frozen:
    frozen, domain = composed.frozen, composed.signing_domain
    key = batch.facts.signing_key(domain) if domain and batch.sender.signs else None
    if key is None:
        return frozen
    signed = dkim.signed(
        frozen.message, key, workspace_id=batch.tx.workspace_id, secret=batch.sender.secret, now=batch.now
    )
    return replace(frozen, message=signed)


def _note(batch: _Batch, delivery: Delivery, invitation: Invitation) -> None:
    """Take note of what a recipient's calendar is told by a message that is about to leave, and who invited him."""
    batch.invitations.append(invitation)
    if delivery.cause is not Cause.RULE_FIRED:
        return
    # What this message went instead of would have invited too, and may have promised more.
    replaced = batch.tx.deliveries.replaced(delivery) if delivery.event in ENTRY_CHANGES else []
    for one in [delivery, *replaced]:
        action, known = batch.facts.action(one), batch.facts.inviters(delivery)
        inviter = sync.inviter_by(one, action, invitation, known, now=batch.now)
        if inviter is not None:
            batch.facts.invited(delivery, inviter)
            batch.invited.append((delivery.booking_id, delivery.recipient, inviter))


def _scene(batch: _Batch, delivery: Delivery) -> Scene:
    facts, sender, workspace = batch.facts, batch.sender, batch.facts.workspace
    booking = facts.booking(delivery)
    link = None if booking is None else facts.link(booking)
    if workspace is None or booking is None or link is None:
        raise LookupError("the booking is gone")  # it was looked at before
    base_url = sender.base_url_of(workspace.subdomain)
    told = facts.told(delivery)
    is_sync = delivery.cause is Cause.KEEP_IN_SYNC
    return Scene(
        workspace=workspace,
        link=link,
        booking=booking,
        reader=reader_of(booking, workspace, delivery.recipient, facts.settings(delivery)),
        mail_from=workspace.mail_from or sender.mail_from,
        base_url=base_url,
        # Whom a rule writes to is invited by it, whatever was before.
        standing=standing(booking, facts.inviters(delivery), told=told) if is_sync else standing(booking, []),
        told=told,
        rsvp=rsvp_of(batch.tx.invitations.get(booking.id, delivery.about)) if delivery.about else None,
        secret=sender.secret if sender.hears else None,
        fresh_id=sender.chance.ordered_id(),
        opt_out_url=""
        if delivery.is_call
        else consent.opt_out_url(delivery, booking, base_url=base_url, secret=sender.secret),
    )
