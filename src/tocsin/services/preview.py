"""Preview: what a rule would send about one booking.

The very steps that plan and write a message are taken, in a trial that leaves nothing behind: what is shown is what would be
sent, and what would keep a message back keeps it back here. Whoever is shown a message must not be able to use it as one
that was sent, so a `Sender` with another secret, and that does not sign, is to be given.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from tocsin.domain import events
from tocsin.domain.delivery import Delivery, Frozen, State, Verdict
from tocsin.domain.events import TIMED, Event, EventKind
from tocsin.domain.explain import Clause, Happened, clauses
from tocsin.domain.invite import Answered
from tocsin.domain.model import Booking, BookingId, BookingStatus, Client, LinkKind, Place, Workspace
from tocsin.domain.plan import Planned, plan, plan_timed
from tocsin.domain.recipients import Reader, recipient_key
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.formats import zones
from tocsin.services import bookings, rules
from tocsin.services.messages import reader_of
from tocsin.services.ports import DeliveryFilter, Transaction
from tocsin.services.preparation import Ready, Sender, prepare

MOST_SHOWN = 50  # messages of one preview: while they are written nobody else writes
ANSWERS = {EventKind.INVITE_ACCEPTED: Rsvp.ACCEPTED, EventKind.INVITE_DECLINED: Rsvp.DECLINED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One message that would be sent or, without `message`, why it would not be. `reader` is its recipient."""

    delivery: Delivery
    reader: Reader
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
    known = bookings.get(tx, booking_id) if booking_id else _stored(tx, sample(tx, sender, workspace, rule, now=now))
    is_possible = events.is_possible(rule.event, known)
    booking = _supposed(tx, rule, known, now=now) if is_possible else known
    play = _Play(tx=tx, sender=sender, workspace=workspace, rule=rule, booking=booking, now=now)
    planned = play.planned() if is_possible else []
    happened = Happened(kind=rule.event, booking_revision=booking.revision, occurred_at=now)
    return Preview(
        booking=booking,
        is_sample=not booking_id,
        locale=workspace.locale,
        clauses=clauses(rule, booking, [happened]) + ([] if is_possible else [_over(rule, known)]),
        number=len(planned),
        shown=play.sent(planned[:MOST_SHOWN]),
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

    def planned(self) -> list[Planned]:
        """Store the rule, let its event happen, and return what it asks for in the order in which it is sent."""
        about = self._answering() if self.rule.event in ANSWERS else ""
        self.tx.rules.put(self.rule)
        if self.rule.event in TIMED:
            return sorted(plan_timed(self.booking, [self.rule], now=self.now), key=lambda one: (one.due_at, one.rank))
        return self.asked_for(self.rule.event, about=about)

    def sent(self, planned: Sequence[Planned]) -> list[Shown]:
        """Write the messages as at their moments, and let each arrive before the next to the same person is written."""
        order = {_own(one): place for place, one in enumerate(planned)}
        waiting = sorted(self._kept(planned), key=lambda one: order[_own(one)])
        shown: dict[str, Shown] = {one.id: self._shown(one) for one in waiting if one.state is not State.SCHEDULED}
        while rank := self._next(one for one in waiting if one.id not in shown):
            shown |= self._arrived(rank)
        return [shown[one.id] for one in waiting]

    def _next(self, waiting: Iterable[Delivery]) -> list[Delivery]:
        """Return the first for each recipient of those that are due first: a claim takes as much."""
        rank: dict[str, Delivery] = {}
        for one in waiting:
            if not rank or one.due_at == next(iter(rank.values())).due_at:
                rank.setdefault(recipient_key(one.recipient), one)
        return list(rank.values())

    def _arrived(self, rank: list[Delivery]) -> dict[str, Shown]:
        at = max(self.now, rank[0].due_at)
        found = zip(rank, prepare(self.tx, self.sender, rank, now=at), strict=True)
        shown: dict[str, Shown] = {}
        for delivery, end in found:
            if isinstance(end, Ready):
                shown[delivery.id] = self._shown(delivery, self.tx.messages.get(delivery.id))
                self.tx.deliveries.end(delivery.id, Verdict(state=State.SENT), now=at)
                self.tx.invitations.recount(delivery)
            else:
                shown[delivery.id] = self._shown(delivery, reason=end.verdict.reason)
        return shown

    def _shown(self, delivery: Delivery, message: Frozen | None = None, *, reason: str = "") -> Shown:
        settings = self.tx.recipients.get(delivery.recipient)
        reader = reader_of(self.booking, self.workspace, delivery.recipient, settings)
        return Shown(delivery=delivery, reader=reader, message=message, reason=reason or delivery.reason)

    def asked_for(self, kind: EventKind, *, about: str = "") -> list[Planned]:
        """Return what the rule would ask for if `kind` were its event."""
        event = Event(kind=kind, booking=self.booking, occurred_at=self.now, about=about)
        return plan(event, [replace(self.rule, event=kind)])

    def _kept(self, planned: Sequence[Planned]) -> list[Delivery]:
        before = {one.id for one in self._deliveries()}
        self.tx.deliveries.add(planned, new_id=self.sender.chance.ordered_id, now=self.now)
        return [one for one in self._deliveries() if one.id not in before]

    def _deliveries(self) -> list[Delivery]:
        found, _ = self.tx.deliveries.page(DeliveryFilter(rule_id=self.rule.id), limit=2 * MOST_SHOWN, offset=0)
        return found

    def _answering(self) -> str:
        """Let somebody answer who was invited, or whom this rule could have invited, and return the address."""
        if not self.tx.invitations.of_booking(self.booking.id):
            self._invite()
        for invited in self.tx.invitations.of_booking(self.booking.id)[:1]:
            rsvp, sequence = ANSWERS[self.rule.event], invited.sequence
            answered = Answered(rsvp=rsvp, sequence=sequence, stamp=self.now, at=self.now, comment="")
            self.tx.invitations.answer(invited, answered)
            return invited.recipient
        return self.booking.client.email

    def _invite(self) -> None:
        """Let the first recipient be invited who can be; the rule's conditions speak of what came after that."""
        inviting = replace(self, rule=replace(self.rule, revision=0, conditions=()))
        self.tx.rules.put(inviting.rule)
        planned = inviting.asked_for(EventKind.BOOKING_CONFIRMED)[:MOST_SHOWN]
        next((one for each in planned for one in inviting.sent([each]) if one.message is not None), None)


def _over(rule: AutomationRule, known: Booking) -> Clause:
    sentence = f"the booking is {known.status}, so {rule.event} cannot happen to it"
    return Clause(name="status", holds=False, sentence=sentence)


def _own(one: Planned | Delivery) -> tuple[int, str, datetime]:
    return one.action_index, one.recipient, one.due_at


def _supposed(tx: Transaction, rule: AutomationRule, known: Booking, *, now: datetime) -> Booking:
    booking = events.supposed(rule.event, known, now=now)
    if booking == known:
        return known
    booking = replace(booking, revision=known.revision + 1, updated_at=now)
    tx.bookings.put(booking)
    return booking


def _stored(tx: Transaction, booking: Booking) -> Booking:
    tx.bookings.put(booking)
    return booking


def sample(tx: Transaction, sender: Sender, workspace: Workspace, rule: AutomationRule, *, now: datetime) -> Booking:
    """Return such a booking as the rule's first link gets: tomorrow at ten, by somebody of the same time zone.

    He brings a guest, so that a rule for guests has somebody to write to.
    """
    [link] = tx.links.named(rule.link_ids[:1])
    tomorrow = zones.local(now, workspace.time_zone).date() + timedelta(days=1)
    starts_at = zones.instant(tomorrow, time(10, 0), workspace.time_zone)
    return Booking(
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
        guests=("sam@example.com",),
    )
