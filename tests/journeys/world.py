"""A workspace to play in: real use cases, a real store, a clock that stands still, and a relay."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.builders import (
    DAY,
    LINK_ID,
    SettableClock,
    a_chance,
    a_client,
    a_link,
    a_member,
    a_workspace,
    an_action,
    an_outcome,
)
from tests.inspector import complaints
from tests.smtp_server import Sink
from tocsin.domain.actions import Action
from tocsin.domain.conditions import Condition
from tocsin.domain.delivery import OPEN, Attempt, Delivery, Outcome, Result, State
from tocsin.domain.events import EventKind
from tocsin.domain.invite import Invitation
from tocsin.domain.letter import Envelope
from tocsin.domain.limits import Limits
from tocsin.domain.model import Booking, Client, Member, MemberId, Place, Workspace
from tocsin.domain.rsvp import Answer, Rsvp
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.mail.lanes import Lanes
from tocsin.mail.pool import Pool
from tocsin.mail.smtp import SmtpMailer
from tocsin.mail.transport import Relay, Tls
from tocsin.services import bookings, rules
from tocsin.services import rsvp as rsvps
from tocsin.services.bookings import BookingChange, BookingDraft, Slot
from tocsin.services.ports import DeliveryFilter
from tocsin.services.ports_relay import Mailer, Supply
from tocsin.services.preparation import Sender
from tocsin.storage.store import SqlStore
from tocsin.workers.loop import drain

SECRET = b"a secret of 32 octets for tests.."
MAIL_FROM = "invites@tocsin.example"
SECOND_HOST = a_member(
    id=MemberId("e0000000-0000-4000-8000-000000000002"), name="Wanda Host", email="wanda@example.com"
)
EVERYBODY = ("ada@example.org", "{{client.email}}", "{{host.email}}")
ACCEPTED = Outcome(result=Result.ACCEPTED, code=250, enhanced_code="2.0.0", reply="ok")
GREYLISTED = Outcome(result=Result.TEMPORARY, code=451, enhanced_code="4.7.1", reply="later")
REFUSED = Outcome(result=Result.PERMANENT, code=550, enhanced_code="5.1.1", reply="no such user")
NO_ANSWER = Outcome(result=Result.UNKNOWN, reply="the message was handed over, but no reply came")
AWAY = Outcome(result=Result.TRANSPORT, reply="the relay cannot be used: connection refused")


class Postbox:
    """A mailer without a network: answers as it is told, and keeps what it was handed and may have taken. A caller, too."""

    is_down = False
    rest = timedelta(0)

    def __init__(self, *, width: int = 1) -> None:
        self.width = width
        self.answer: Callable[[Envelope], Outcome] = lambda _envelope: ACCEPTED
        self.handed: list[Envelope] = []
        self.taken: list[Envelope] = []
        self.is_closed = False

    def send(self, supply: Supply) -> Iterator[list[tuple[int, Outcome | None]]]:
        number = 0
        while envelopes := supply(self.width):
            yield [(place, self.hand(envelope)) for place, envelope in enumerate(envelopes, start=number)]
            number += len(envelopes)

    def hand(self, envelope: Envelope) -> Outcome:
        self.handed.append(envelope)
        outcome = self.answer(envelope)
        if outcome.result in (Result.ACCEPTED, Result.UNKNOWN):
            self.taken.append(envelope)
        return outcome

    def close(self) -> None:
        self.is_closed = True

    def answers(self, *outcomes: Outcome) -> None:
        """Answer so, one after the other, and then accept everything."""
        left = list(outcomes)
        self.answer = lambda _envelope: left.pop(0) if left else ACCEPTED

    @property
    def recipients(self) -> list[str]:
        return [envelope.recipient for envelope in self.taken]


class World:
    """One workspace with one link and two members; `drain` delivers what is due as the clock stands."""

    def __init__(
        self,
        store: SqlStore,
        mailer: Mailer,
        *,
        hears: bool = False,
        workspace: Workspace | None = None,
    ) -> None:
        workspace = workspace or a_workspace()
        self.workspace_id = workspace.id
        self.store = store
        self.mailer = mailer
        self.clock = SettableClock()
        self.chance = a_chance()
        self.sender = Sender(
            store=store,
            clock=self.clock,
            chance=self.chance,
            mail_from=MAIL_FROM,
            base_url_of=lambda subdomain: f"https://{subdomain}.tocsin.example",
            secret=SECRET,
            hears=hears,
            limits=Limits(),
        )
        with store.registry() as registry:
            registry.add(workspace)
        with store.transaction(self.workspace_id) as tx:
            tx.members.put(a_member())
            tx.members.put(SECOND_HOST)
            tx.links.put(a_link())
            tx.outcomes.put(an_outcome(), now=self.clock())

    def set_link(self, **changes: Any) -> None:
        with self.store.transaction(self.workspace_id) as tx:
            tx.links.put(a_link(**changes))

    def set_host(self, **changes: Any) -> Member:
        with self.store.transaction(self.workspace_id) as tx:
            tx.members.put(member := a_member(**changes))
        return member

    def rule(
        self,
        event: EventKind,
        *emails: str,
        before_or_after: timedelta | None = None,
        conditions: Iterable[Condition] = (),
        **texts: Any,
    ) -> AutomationRule:
        """Make a rule with one action for `emails`."""
        draft = RuleDraft(
            name=event.value,
            event=event,
            link_ids=(LINK_ID,),
            actions=(an_action(emails=emails or ("ada@example.org",), **texts),),
            offsets=() if before_or_after is None else (before_or_after,),
            conditions=tuple(conditions),
        )
        with self.store.transaction(self.workspace_id) as tx:
            return rules.create(tx, draft, now=self.clock(), chance=self.chance)

    def rule_with(
        self,
        event: EventKind,
        *actions: Action,
        conditions: Iterable[Condition] = (),
        offsets: Iterable[timedelta] = (),
    ) -> AutomationRule:
        """Make a rule with any actions."""
        draft = RuleDraft(
            name=event.value,
            event=event,
            link_ids=(LINK_ID,),
            actions=actions,
            offsets=tuple(offsets),
            conditions=tuple(conditions),
        )
        with self.store.transaction(self.workspace_id) as tx:
            return rules.create(tx, draft, now=self.clock(), chance=self.chance)

    def edit_rule(self, rule: AutomationRule, *, name: str = "", **action: Any) -> AutomationRule:
        """Change what a rule's only action says."""
        draft = replace(rule.draft, name=name or rule.name, actions=(replace(rule.actions[0], **action),))
        with self.store.transaction(self.workspace_id) as tx:
            return rules.change(tx, rule.id, lambda _rule: draft, now=self.clock(), chance=self.chance)

    def edit_rule_to(self, rule: AutomationRule, *actions: Action) -> AutomationRule:
        """Change what a rule does."""
        draft = replace(rule.draft, actions=actions)
        with self.store.transaction(self.workspace_id) as tx:
            return rules.change(tx, rule.id, lambda _rule: draft, now=self.clock(), chance=self.chance)

    def set_offsets(self, rule: AutomationRule, *offsets: timedelta) -> AutomationRule:
        """Change when a timed rule is due."""
        draft = replace(rule.draft, offsets=offsets)
        with self.store.transaction(self.workspace_id) as tx:
            return rules.change(tx, rule.id, lambda _rule: draft, now=self.clock(), chance=self.chance)

    def switch(self, rule: AutomationRule, *, on: bool) -> AutomationRule:
        """Switch a rule on or off."""
        with self.store.transaction(self.workspace_id) as tx:
            return rules.enable(tx, rule.id, enabled=on, now=self.clock(), chance=self.chance)

    def invitation(self, booking: Booking, recipient: str = "ada@example.org") -> Invitation:
        """Return what the ledger has of a recipient."""
        with self.store.reading(self.workspace_id) as tx:
            found = tx.invitations.get(booking.id, recipient)
        assert found is not None
        return found

    def answer(self, booking: Booking, rsvp: Rsvp, *, recipient: str = "ada@example.org", **changes: Any) -> bool:
        """Answer an invitation as its recipient's calendar would; tell whether it was taken."""
        told = self.invitation(booking, recipient)
        said = Answer(uid=told.uid, attendee=recipient, rsvp=rsvp, sequence=told.sequence, stamp=self.clock())
        with self.store.transaction(self.workspace_id) as tx:
            return rsvps.answer(
                tx, told.id or "", replace(said, **changes), now=self.clock(), new_id=self.chance.new_id
            )

    def delete_rule(self, rule: AutomationRule) -> None:
        with self.store.transaction(self.workspace_id) as tx:
            rules.delete(tx, rule.id, now=self.clock())

    def book(
        self, *, ahead: timedelta = DAY, client: Client | None = None, awaits_approval: bool = False, **changes: Any
    ) -> Booking:
        """Make a booking that starts `ahead` from now."""
        booker = client or a_client()
        draft = BookingDraft(
            link_slug="intro",
            client=booker,
            slot=slot_at(self.clock() + ahead, booker.time_zone),
            place=Place(spot="zoom", join_url="https://zoom.example/j/1"),
            awaits_approval=awaits_approval,
            override_availability=True,
        )
        with self.store.transaction(self.workspace_id) as tx:
            return bookings.create(tx, replace(draft, **changes), now=self.clock(), chance=self.chance)

    def change(self, booking: Booking, **changes: Any) -> Booking:
        """Change a booking as its scheduler would, whoever is booked."""
        wanted = BookingChange(**({"override_availability": True} | changes))
        with self.store.transaction(self.workspace_id) as tx:
            return bookings.change(tx, booking.id, wanted, now=self.clock(), chance=self.chance)

    def move(self, booking: Booking, *, by: timedelta = 2 * DAY) -> Booking:
        return self.change(booking, slot=slot_at(booking.starts_at + by, booking.client.time_zone))

    def cancel(self, booking: Booking, *, reason: str = "ill") -> Booking:
        return self.change(booking, status="cancelled", reason=reason)

    def booking(self, booking: Booking) -> Booking:
        """Return the booking as it is now."""
        with self.store.reading(self.workspace_id) as tx:
            return bookings.get(tx, booking.id)

    def drain(self) -> int:
        return drain(self.sender, self.mailer)

    def go_to(self, moment: datetime) -> None:
        """Let time pass until `moment`, delivering whenever something wants to be acted on."""
        self.drain()
        while (ahead := [at for at in self.next_moments() if at <= moment]) != []:
            self.clock.now = min(ahead)
            self.drain()
        self.clock.now = moment
        self.drain()

    def next_moments(self) -> list[datetime]:
        """Return when open deliveries want to be acted on, as far as that is still to come."""
        return [one.next_at for one in self.deliveries() if one.state in OPEN and one.next_at > self.clock()]

    def deliveries(self, **wanted: Any) -> list[Delivery]:
        """Return deliveries by due moment and the order in which they were planned."""
        with self.store.reading(self.workspace_id) as tx:
            found, total = tx.deliveries.page(DeliveryFilter(**wanted), limit=100_000, offset=0)
        assert len(found) == total
        return sorted(found, key=lambda one: (one.due_at, one.booking_revision, one.id))

    def delivery(self, event: EventKind | None = None, **wanted: Any) -> Delivery:
        """Return the only delivery of an event."""
        (found,) = (one for one in self.deliveries(**wanted) if event in (None, one.event))
        return found

    def states(self, event: EventKind | None = None) -> list[State]:
        """Return the states of an event's deliveries (None: of all) in order of due moment."""
        return [one.state for one in self.deliveries() if event in (None, one.event)]

    def attempts(self, delivery: Delivery) -> list[Attempt]:
        with self.store.reading(self.workspace_id) as tx:
            return tx.deliveries.attempts(delivery.id)


def slot_at(moment: datetime, zone: str) -> Slot:
    """Return the slot that a person in `zone` chooses for `moment`."""
    local = moment.astimezone(ZoneInfo(zone))
    return Slot(day=local.date(), clock=local.time())


def slot(text: str) -> Slot:
    """Return the slot of a text such as `2026-10-25 02:30`."""
    day, clock = text.split()
    return Slot(day=date.fromisoformat(day), clock=time.fromisoformat(clock))


def smtp_mailer(port: int, *, width: int = 1) -> Lanes:
    relay = Relay(host="127.0.0.1", port=port, tls=Tls.NONE)
    waits = {"greeting_s": 10, "command_s": 10, "final_s": 10}
    return Lanes(Pool([SmtpMailer(relay, client_name="tocsin.example", **waits) for _ in range(width)]))


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Give a relay that takes everything, on loopback."""
    with Sink() as server:
        yield server
        assert [wrong for one in server.messages for wrong in complaints(one.message, one.recipient)] == []


@pytest.fixture
def world(store: SqlStore, sink: Sink) -> Iterator[World]:
    """Give a world whose messages go over SMTP into `sink`; the test runs once on each store."""
    mailer = smtp_mailer(sink.port)
    yield World(store, mailer)
    mailer.close()
    assert sink.violations == []


@pytest.fixture
def postbox() -> Postbox:
    """Give a mailer without a network."""
    return Postbox()


@pytest.fixture
def office(store: SqlStore, postbox: Postbox) -> World:
    """Give a world whose messages go into `postbox`; the test runs once on each store."""
    return World(store, postbox)


@pytest.fixture
def hearing(store: SqlStore, postbox: Postbox) -> World:
    """Give a world that answers come back to; the test runs once on each store."""
    return World(store, postbox, hears=True)
