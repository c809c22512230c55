"""Preview: what a rule would send about one booking.

The very steps that plan and write a message are taken, in a trial that leaves nothing behind: what is shown is what would be
sent, and what would keep a message back keeps it back here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from tocsin.domain.delivery import Delivery, Frozen, State, Verdict
from tocsin.domain.events import TIMED, Event, EventKind, supposed
from tocsin.domain.explain import Clause, Happened, clauses
from tocsin.domain.invite import Answered
from tocsin.domain.model import Booking, BookingId, BookingStatus, Client, LinkKind, Place, Workspace
from tocsin.domain.plan import Planned, plan, plan_timed
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.formats import zones
from tocsin.services import bookings, rules
from tocsin.services.messages import recipient_zone
from tocsin.services.ports import DeliveryFilter, Transaction
from tocsin.services.preparation import Ready, Sender, prepare

MOST_SHOWN = 50  # messages of one preview: while they are written nobody else writes
_MOST_PLANNED = 10_000  # deliveries of one rule about one booking; there are far fewer
_ANSWERS = {EventKind.INVITE_ACCEPTED: Rsvp.ACCEPTED, EventKind.INVITE_DECLINED: Rsvp.DECLINED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One message that would be sent or, without `message`, why it would not be. `time_zone` is its recipient's."""

    delivery: Delivery
    time_zone: str
    message: Frozen | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a rule would do about `booking`, which is as the event leaves it. `number` counts all messages, shown or not."""

    booking: Booking
    is_sample: bool
    locale: str
    clauses: Sequence[Clause]
    number: int
    shown: Sequence[Shown]


def preview(
    tx: Transaction, sender: Sender, workspace: Workspace, draft: RuleDraft, *, booking_id: str, now: datetime
) -> Preview:
    """Return what a rule would send if its event happened now to a booking, or to a sample if `booking_id` is empty.

    `tx` is a trial. Raises InvalidInputError for a rule that could not be saved; NotFoundError.
    """
    rule = replace(rules.drafted(tx, draft, now=now, chance=sender.chance), enabled=True)
    known = bookings.get(tx, booking_id) if booking_id else _sample(tx, sender, workspace, rule, now=now)
    tx.rules.put(rule)
    play = _Play(
        tx=tx, sender=sender, workspace=workspace, rule=rule, booking=_supposed(tx, rule, known, now=now), now=now
    )
    planned = play.planned()
    happened = Happened(kind=rule.event, booking_revision=play.booking.revision, occurred_at=now)
    return Preview(
        booking=play.booking,
        is_sample=not booking_id,
        locale=workspace.locale,
        clauses=clauses(rule, play.booking, [happened]),
        number=len(planned),
        shown=[play.sent(one) for one in planned[:MOST_SHOWN]],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Play:
    """One rule that fires for one booking, in a trial."""

    tx: Transaction
    sender: Sender
    workspace: Workspace
    rule: AutomationRule
    booking: Booking
    now: datetime

    def planned(self) -> list[Delivery]:
        """Plan what the rule asks for, and return it in the order in which it is sent."""
        if self.rule.event in TIMED:
            return self._kept(plan_timed(self.booking, [self.rule], now=self.now))
        about = self._answering() if self.rule.event in _ANSWERS else ""
        return self._kept(self._asked_for(self.rule.event, about=about))

    def sent(self, delivery: Delivery) -> Shown:
        """Write a message as at its moment, and let it arrive, because the next to the same person follows it."""
        message, reason = None, delivery.reason
        if delivery.state is State.SCHEDULED:
            [found] = prepare(self.tx, self.sender, [delivery], now=max(self.now, delivery.due_at))
            reason = "" if isinstance(found, Ready) else found.verdict.reason
            if isinstance(found, Ready):
                message = self.tx.messages.get(delivery.id)
                self.tx.deliveries.end(delivery.id, Verdict(state=State.SENT), now=self.now)
                self.tx.invitations.recount(delivery)
        zone = recipient_zone(self.booking, self.workspace, delivery.recipient)
        return Shown(delivery=delivery, time_zone=zone, message=message, reason=reason)

    def _asked_for(self, kind: EventKind, *, about: str = "") -> list[Planned]:
        event = Event(kind=kind, booking=self.booking, occurred_at=self.now, about=about)
        return plan(event, [replace(self.rule, event=kind)])

    def _kept(self, planned: Sequence[Planned]) -> list[Delivery]:
        before = {one.id for one in self._deliveries()}
        self.tx.deliveries.add(planned, new_id=self.sender.chance.ordered_id, now=self.now)
        return [one for one in self._deliveries() if one.id not in before]

    def _deliveries(self) -> list[Delivery]:
        found, _ = self.tx.deliveries.page(DeliveryFilter(rule_id=self.rule.id), limit=_MOST_PLANNED, offset=0)
        return sorted(found, key=lambda one: one.id)

    def _answering(self) -> str:
        """Let somebody answer who was invited, or whom this rule could have invited, and return the address."""
        if not self.tx.invitations.of_booking(self.booking.id):
            for one in self._kept(self._asked_for(EventKind.BOOKING_CONFIRMED))[:1]:
                self.sent(one)
        for invited in self.tx.invitations.of_booking(self.booking.id)[:1]:
            rsvp, sequence = _ANSWERS[self.rule.event], invited.sequence
            answered = Answered(rsvp=rsvp, sequence=sequence, stamp=self.now, at=self.now, comment="")
            self.tx.invitations.answer(invited, answered)
            return invited.recipient
        return self.booking.client.email


def _supposed(tx: Transaction, rule: AutomationRule, known: Booking, *, now: datetime) -> Booking:
    booking = supposed(rule.event, known, now=now)
    if booking == known:
        return known
    booking = replace(booking, revision=known.revision + 1, updated_at=now)
    tx.bookings.put(booking)
    return booking


def _sample(tx: Transaction, sender: Sender, workspace: Workspace, rule: AutomationRule, *, now: datetime) -> Booking:
    """Store and return such a booking as the rule's first link gets: tomorrow at ten, by somebody of the same time zone."""
    [link] = tx.links.named(rule.link_ids[:1])
    tomorrow = zones.local(now, workspace.time_zone).date() + timedelta(days=1)
    starts_at = zones.instant(tomorrow, time(10, 0), workspace.time_zone)
    booking = Booking(
        id=BookingId(sender.chance.ordered_id()),
        sid=sender.chance.new_sid(),
        uid=f"{sender.chance.new_id()}@tocsin",
        link_id=link.id,
        client=Client(name="Alex Example", email="alex@example.com", time_zone=workspace.time_zone),
        hosts=link.hosts if link.kind is LinkKind.MULTIHOST else link.hosts[:1],
        starts_at=starts_at,
        ends_at=starts_at + link.duration,
        status=BookingStatus.CONFIRMED,
        place=Place(spot=link.spot, details=link.spot_details),
        revision=0,
        created_at=now,
        updated_at=now,
    )
    tx.bookings.put(booking)
    return booking
