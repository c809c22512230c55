"""From a change of a booking or a rule to planned deliveries, in the transaction of that change.

Preview and dry run are the same plan, unsaved.
"""

from dataclasses import replace
from datetime import datetime

from tocsin.domain.delivery import OPEN, Cause, Delivery, State, Verdict
from tocsin.domain.events import ENTRY_CHANGES, TIMED, Event, EventKind, events_between
from tocsin.domain.model import Booking, BookingStatus
from tocsin.domain.plan import Planned, plan, plan_timed, readdressed
from tocsin.domain.recipients import recipient_key
from tocsin.domain.replanning import still_paused
from tocsin.domain.rsvp import MOST_ANSWERS
from tocsin.domain.rules import AutomationRule
from tocsin.domain.schedule import is_coming
from tocsin.services import sync
from tocsin.services.ports import DeliveryFilter, NewId, Transaction

# What plans, moves or drops timed deliveries. Nothing else does: an outcome that is set a week later must not plan a rule that
# was made after the meeting.
_MOMENTS = frozenset({EventKind.BOOKING_CONFIRMED, *ENTRY_CHANGES})
_READDRESSED = Verdict(state=State.SUPERSEDED, reason="the client's address changed; planned anew for the new one")
MOST_WAITING = 100  # messages to one person about one booking
MOST_KNOWN = 1_000  # deliveries of one booking
BATCH = 500  # coming bookings that one request plans by itself; the rest is planned in the background


def follow(tx: Transaction, before: Booking | None, after: Booking, *, now: datetime, new_id: NewId) -> None:
    """Plan all that a booking's change calls for, and end what it made stale. `before` is None for a new booking."""
    happened = events_between(before, after, now=now)
    rules = tx.rules.watching(after.link_id, EventKind)
    for event in happened:
        tx.bookings.record(event)
        tx.deliveries.add(plan(event, rules), new_id=new_id, now=now)
    if any(event.kind in ENTRY_CHANGES for event in happened):
        tx.deliveries.supersede(after.id, now=now)
    if any(event.kind is EventKind.BOOKING_CANCELLED for event in happened):
        reason = f"the booking was {after.status.value} first"
        tx.deliveries.withdraw_before(after.id, revision=after.revision, now=now, reason=reason)
    if before is None or before.addresses != after.addresses or any(event.kind in _MOMENTS for event in happened):
        _plan_timed_anew(tx, before, after, rules, now=now, new_id=new_id)
    if before is not None:
        tx.deliveries.add(_for_new_guests(before, after, rules, now=now), new_id=new_id, now=now)
        _readdress(tx, before, after, now=now, new_id=new_id)
        sync.follow_booking(tx, before, after, [event.kind for event in happened], now=now, new_id=new_id)


def follow_answer(tx: Transaction, event: Event, *, now: datetime, new_id: NewId) -> None:
    """Plan what rules ask for when somebody accepted or declined, instead of what waits of his former answers.

    Nobody's change of mind is news for ever: from MOST_ANSWERS on, his answers only stand in the ledger.
    """
    former = [one for one in tx.bookings.events(event.booking.id) if one.about == event.about]
    tx.bookings.record(event)
    tx.deliveries.supersede_answers(event.booking.id, event.about, now=now)
    if len(former) >= MOST_ANSWERS:
        return
    tx.deliveries.add(plan(event, tx.rules.watching(event.booking.link_id, [event.kind])), new_id=new_id, now=now)


def plan_coming(tx: Transaction, rule: AutomationRule, *, now: datetime, new_id: NewId, after_id: str = "") -> bool:
    """Plan a rule, new or changed, for the coming bookings that it concerns; tell whether all are planned.

    One batch from `after_id` on. The links must be locked by this transaction. How far it got is kept, so that a worker can go
    on.
    """
    if rule.revision == 1 and (rule.event not in TIMED or not rule.enabled):
        return True  # a new rule that is not timed changes nothing for the bookings that are there
    bookings = tx.bookings.coming(rule.link_ids, rule_id=rule.id, now=now, after_id=after_id, limit=BATCH)
    _plan_coming(tx, rule, bookings, now=now, new_id=new_id)
    is_done = len(bookings) < BATCH
    tx.rules.planned_until(rule.id, after_id=None if is_done else bookings[-1].id)
    return is_done


def _plan_coming(
    tx: Transaction, rule: AutomationRule, bookings: list[Booking], *, now: datetime, new_id: NewId
) -> None:
    planned = {
        one.id: _as_paused(tx, plan_timed(one, [rule], now=now), before=one, after=one, rule_id=rule.id)
        for one in bookings
    }
    keep, reason = [one.key for each in planned.values() for one in each], "the rule changed; planned anew"
    tx.deliveries.drop_timed(planned, keep=keep, now=now, reason=reason, rule_id=rule.id)
    if rule.event in TIMED:
        coming = [booking for booking in bookings if is_coming(rule.event, booking, now=now)]
        tx.deliveries.add((one for each in coming for one in planned[each.id]), new_id=new_id, now=now)
    sync.follow_rule(tx, rule, bookings, now=now, new_id=new_id)


def go_on_planning(tx: Transaction, rule_id: str, *, now: datetime, new_id: NewId) -> bool:
    """Plan the next batch of a rule's coming bookings; tell whether all are planned."""
    known = tx.rules.get(rule_id)
    if known is None:
        return True
    tx.links.named(known.link_ids, lock=True)
    tx.rules.lock(rule_id)
    rule = tx.rules.get(rule_id)  # as it is now that nobody changes it any more
    if rule is None:
        return True
    after_id = tx.rules.planning(rule.id)
    return after_id is None or plan_coming(tx, rule, now=now, new_id=new_id, after_id=after_id)


def _for_new_guests(before: Booking, after: Booking, rules: list[AutomationRule], *, now: datetime) -> list[Planned]:
    """Return what guests are to be told who were added to a confirmed booking: for them it is confirmed now."""
    new = set(map(recipient_key, after.guests)) - set(map(recipient_key, before.guests))
    if not new or {before.status, after.status} != {BookingStatus.CONFIRMED}:
        return []
    confirmed = Event(kind=EventKind.BOOKING_CONFIRMED, booking=after, occurred_at=now)
    known = {_told_by(one) for one in plan(replace(confirmed, booking=before), rules)}
    return [one for one in plan(confirmed, rules) if recipient_key(one.recipient) in new and _told_by(one) not in known]


def _told_by(one: Planned) -> tuple[str, int, str]:
    return one.rule_id, one.action_index, recipient_key(one.recipient)


def _readdress(tx: Transaction, before: Booking, after: Booking, *, now: datetime, new_id: NewId) -> None:
    """Plan for the client's new address what still waits for the former one; that ends by itself when it is prepared."""
    if before.client.email == after.client.email:
        return
    there = {one.asked_for_by for one in _waiting(tx, after, after.client.email)}
    for one in _waiting(tx, after, before.client.email):
        rule = tx.rules.get(one.rule_id)
        is_misdirected = rule is not None and not rule.writes(one.action, before.client.email, after)
        # An address that is changed and changed back still has its own.
        if is_misdirected and one.asked_for_by not in there:
            tx.deliveries.add([readdressed(one, after.client.email)], new_id=new_id, now=now)
            if one.state is State.PAUSED:  # it would not end by itself
                tx.deliveries.end(one.id, _READDRESSED, now=now)


def _waiting(tx: Transaction, booking: Booking, recipient: str) -> list[Delivery]:
    """Return what events of rules asked to tell a recipient, and what has not ended."""
    wanted = DeliveryFilter(booking_id=booking.id, recipient=recipient)
    found, _ = tx.deliveries.page(wanted, limit=MOST_WAITING, offset=0)
    return [one for one in found if one.state in OPEN and one.cause is Cause.RULE_FIRED and one.event not in TIMED]


def _plan_timed_anew(
    tx: Transaction,
    before: Booking | None,
    after: Booking,
    rules: list[AutomationRule],
    *,
    now: datetime,
    new_id: NewId,
) -> None:
    planned = plan_timed(after, rules, now=now)
    if before is not None:
        planned = _as_paused(tx, planned, before=before, after=after)
    keep = [one.key for one in planned]
    tx.deliveries.drop_timed([after.id], keep=keep, now=now, reason="the booking changed; planned anew")
    tx.deliveries.add(planned, new_id=new_id, now=now)


def _as_paused(
    tx: Transaction, planned: list[Planned], *, before: Booking, after: Booking, rule_id: str = ""
) -> list[Planned]:
    """Return `planned` so that what takes the place of something paused is paused."""
    if not planned or not tx.interventions.is_any_paused(after.id, rule_id=rule_id):
        return planned
    known, _ = tx.deliveries.page(DeliveryFilter(booking_id=after.id, rule_id=rule_id), limit=MOST_KNOWN, offset=0)
    return still_paused(planned, known, before=before, after=after)
