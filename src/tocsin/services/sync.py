"""Keeps invites true: what a change of a booking or a rule means for those who hold an invite from an action that keeps it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from tocsin.domain.actions import Action, SendInvite
from tocsin.domain.delivery import Delivery, Verdict
from tocsin.domain.events import ENTRY_CHANGES, EventKind
from tocsin.domain.invite import Invitation, Method
from tocsin.domain.model import Booking
from tocsin.domain.rules import AutomationRule, RuleId
from tocsin.domain.sync import Inviter, Kept, plan_sync, standing, verdict_of
from tocsin.services.ports import NewId, Transaction


def is_known(told: Invitation | None, invitation: Invitation | None) -> bool:
    """Tell whether a calendar holds what an invitation says already."""
    return bool(told and invitation and told.is_held and told.sequence == invitation.sequence)


def follow_booking(
    tx: Transaction, before: Booking, after: Booking, happened: Iterable[EventKind], *, now: datetime, new_id: NewId
) -> None:
    """Plan what those must be told who hold an invite to a booking that changed."""
    changed = any(kind in ENTRY_CHANGES for kind in happened)
    other_people = before.hosts != after.hosts or before.addresses != after.addresses
    if changed or other_people:
        kept = [one for _, one in _kept(tx, [after])]
        if other_people:
            kept = [_with_present_people(tx, one, after) for one in kept]
        _plan(tx, after, kept, changed=changed, now=now, new_id=new_id)


def follow_rule(
    tx: Transaction, rule: AutomationRule, bookings: Iterable[Booking], *, now: datetime, new_id: NewId
) -> None:
    """Plan what those must be told who were taken off `rule`, as it is now, and hold an invite to one of `bookings` from it."""
    for booking, kept in _kept(tx, bookings):
        own = next((inviter for inviter in kept.inviters if inviter.rule_id == rule.id), None)
        if own is None or own.is_active == (is_on := rule.invites(kept.invitation.recipient, booking)):
            continue
        changed = _set_active(tx, kept, booking, own.rule_id, is_active=is_on)
        _plan(tx, booking, [changed], changed=False, now=now, new_id=new_id)


def inviter_by(
    delivery: Delivery, action: Action, invitation: Invitation, known: Iterable[Inviter], *, now: datetime
) -> Inviter | None:
    """Return which action invites a recipient with a message, so that it is known whose invite he holds; None if none does.

    If a former action of the same rule among `known` keeps the invite and this one does not, it is that one: what was promised
    once is kept, and another action of the rule does not take it back.
    """
    if invitation.method is not Method.REQUEST or not isinstance(action, SendInvite):
        return None
    keeping = next((one for one in known if one.rule_id == delivery.rule_id and one.keeps), None)
    if keeping is not None and not action.keep_in_sync:
        return replace(keeping, is_active=True, invited_at=now)
    return Inviter(
        rule_id=RuleId(delivery.rule_id),
        rule_revision=delivery.rule_revision,
        action_index=delivery.action_index,
        keeps=action.keep_in_sync,
        is_active=True,
        invited_at=now,
    )


def ended(
    tx: Transaction, delivery: Delivery, booking: Booking, told: Invitation | None, inviters: Iterable[Inviter]
) -> Verdict | None:
    """Return how a delivery that keeps an invite true ends because nothing is to be told, or None if something is."""
    now_true = standing(booking, inviters, told=told)
    may_hold = told is not None and (told.held_method is not None or tx.sync.may_have_arrived(delivery))
    return verdict_of(told, now_true, revision=delivery.booking_revision, may_hold=may_hold)


def _kept(tx: Transaction, bookings: Iterable[Booking]) -> list[tuple[Booking, Kept]]:
    """Return who holds an invite to one of `bookings`, and who invited him."""
    named = {one.id: one for one in bookings}
    inviters = tx.sync.of_bookings(named)
    told = tx.invitations.of(named, (key for _, key in inviters)) if inviters else {}
    return [
        (named[place[0]], Kept(invitation=told[place], inviters=tuple(each)))
        for place, each in inviters.items()
        if place in told
    ]


def _plan(
    tx: Transaction, booking: Booking, kept: Iterable[Kept], *, changed: bool, now: datetime, new_id: NewId
) -> None:
    heard = [one for one in (_as_heard(tx, each) for each in kept) if any(inviter.keeps for inviter in one.inviters)]
    tx.sync.add(plan_sync(booking, heard, changed=changed, now=now), new_id=new_id, now=now)


def _as_heard(tx: Transaction, kept: Kept) -> Kept:
    """Return `kept` so that no action speaks of whose rule the recipient wants to hear no more, while others still may."""
    recipient = kept.invitation.recipient
    stopped = {one.rule_id for one in tx.suppressions.of_recipient(recipient) if one.rule_id}
    return replace(
        kept, inviters=tuple(replace(one, keeps=one.keeps and one.rule_id not in stopped) for one in kept.inviters)
    )


def _with_present_people(tx: Transaction, kept: Kept, booking: Booking) -> Kept:
    """Return `kept` as it is with the client, hosts and guests that the booking has now: former ones are invited no more."""
    for inviter in kept.inviters:
        is_active = _is_wanted(tx, inviter, kept.invitation.recipient, booking)
        if inviter.is_active != is_active:
            kept = _set_active(tx, kept, booking, inviter.rule_id, is_active=is_active)
    return kept


def _is_wanted(tx: Transaction, inviter: Inviter, recipient: str, booking: Booking) -> bool:
    rule = tx.rules.get(inviter.rule_id)
    if rule is not None:
        return rule.invites(recipient, booking)
    action = tx.rules.action(inviter.rule_id, revision=inviter.rule_revision, index=inviter.action_index)
    return inviter.is_active and action.type is SendInvite.type and action.is_for(recipient, booking)


def _set_active(tx: Transaction, kept: Kept, booking: Booking, rule_id: RuleId, *, is_active: bool) -> Kept:
    tx.sync.set_active(booking.id, kept.invitation.recipient, rule_id, is_active=is_active)
    inviters = [replace(one, is_active=is_active) if one.rule_id == rule_id else one for one in kept.inviters]
    return replace(kept, inviters=tuple(inviters))
