"""Random lives of bookings and rules, what they mean for those who were invited, and whether calendars ended up saying so.

The model knows nothing of ledgers or queues. It reads what left, asks each message which rule it came from, and follows who
is on which rule, so that a mistake in the engine must not be one here too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from tests.builders import DAY, HOUR, LINK_ID, MINUTE, WORKSPACE_ID, a_client, an_action, the_invite
from tests.calendars import Appointment, LastWriteWinsCalendar, ReceivedInvite, StrictCalendar, read
from tests.journeys.world import ACCEPTED, AWAY, GREYLISTED, NO_ANSWER, REFUSED, SECOND_HOST, Postbox, World
from tocsin.domain.actions import SendInvite
from tocsin.domain.delivery import Cause, Outcome
from tocsin.domain.errors import ConflictError, InvalidInputError
from tocsin.domain.events import EventKind
from tocsin.domain.letter import Envelope
from tocsin.domain.model import Booking, BookingStatus, Place
from tocsin.domain.recipients import recipient_key
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.services import rules
from tocsin.storage.store import SqlStore
from tocsin.workers.lease import LEASE

PEOPLE = ("ada@example.org", "bob@example.org", "{{client.email}}", "{{host.email}}")
EVENTS = (
    EventKind.BOOKING_CONFIRMED,
    EventKind.BOOKING_RESCHEDULED,
    EventKind.BOOKING_CANCELLED,
    EventKind.BEFORE_MEETING_STARTS,
    EventKind.MARKED_NO_SHOW,
)
OUTCOMES = {"later": GREYLISTED, "never": REFUSED, "silence": NO_ANSWER, "lost": NO_ANSWER, "away": AWAY}

Step = tuple[Any, ...]
_booking = st.integers(0, 1)
_rule = st.integers(0, 3)
_people = st.sets(st.sampled_from(PEOPLE), min_size=1, max_size=3).map(sorted)
_changes = st.one_of(
    st.tuples(st.sampled_from(["cancel", "place", "host", "client", "no-show", "name"]), _booking),
    st.tuples(st.just("move"), _booking, st.integers(-20, 60)),
    st.tuples(st.just("recipients"), _rule, _people),
    st.tuples(st.sampled_from(["pause", "resume", "delete", "unkeep", "off and on"]), _rule),
)
STEPS = st.one_of(
    st.tuples(st.just("book"), st.integers(2, 72)),
    st.tuples(st.just("rule"), st.sampled_from(EVENTS), _people, st.booleans()),
    _changes,
    _changes,
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 11, 60, 600, 7200])),
    st.tuples(st.just("relay"), st.lists(st.sampled_from([*OUTCOMES, "taken", "crash", "crash after"]), max_size=4)),
    st.tuples(st.just("meanwhile"), _changes),
)


class CrashError(BaseException):
    """The worker died here; not an Exception, because nothing may catch it."""


@dataclass
class Invited:
    """What one recipient of one booking was told, in order, and by which rules he was invited."""

    messages: list[ReceivedInvite] = field(default_factory=list)
    inviters: dict[str, "Inviter"] = field(default_factory=dict)


@dataclass
class Inviter:
    """A rule that invited somebody; `keeps` if it ever did with keep_in_sync."""

    keeps: bool
    people: tuple[str, ...]
    is_active: bool = True


@dataclass
class Life:
    """A world, what was done in it, and what should follow."""

    world: World
    postbox: Postbox
    bookings: list[Booking] = field(default_factory=list)
    rules: list[AutomationRule | None] = field(default_factory=list)
    invited: dict[tuple[str, str], Invited] = field(default_factory=dict)
    handed: set[tuple[str, str]] = field(default_factory=set)
    meanwhile: list[Step] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.postbox.answer = self.answer
        self.rule(EventKind.BOOKING_CONFIRMED, list(PEOPLE[:3]), True)
        self.book(30)

    # What happens.

    def do(self, step: Step) -> None:
        """Do one thing; one that is not possible now is not done."""
        name, *rest = step
        deeds: dict[str, Callable[..., object]] = {
            "book": self.book,
            "rule": self.rule,
            "recipients": self.recipients,
            "wait": self.go_to,
            "relay": self.answers.extend,
            "meanwhile": self.meanwhile.append,
        }
        if name in deeds:
            deeds[name](*rest)
        elif name in {"pause", "resume", "delete", "unkeep", "off and on"}:
            self.change_rule(name, *rest)
        else:
            self.change_booking(name, *rest)

    def book(self, hours: int) -> None:
        if len(self.bookings) < 2:
            self.bookings.append(self.world.book(ahead=hours * HOUR, client=a_client(email="Eve@Example.net")))

    def rule(self, kind: EventKind, people: list[str], keeps: bool) -> None:
        if len(self.rules) < 4:
            offset = HOUR if kind is EventKind.BEFORE_MEETING_STARTS else None
            words: dict[str, Any] = {"calendar_invite_subject": f"{kind.value} {len(self.rules)}"}
            made = self.world.rule(kind, *people, before_or_after=offset, keep_in_sync=keeps, **words)
            self.rules.append(made)

    def recipients(self, place: int, people: list[str]) -> None:
        self._edit(place, lambda rule: replace(the_invite(rule), emails=tuple(people)))

    def change_rule(self, name: str, place: int) -> None:
        rule = self.rules[place] if place < len(self.rules) else None
        if rule is None:
            return
        if name == "unkeep":
            self._edit(place, lambda rule: replace(the_invite(rule), keep_in_sync=False))
        elif name == "off and on":
            self.recipients(place, ["nobody@example.org"])
            self.answers[:0] = ["later", "away", "silence"][: len(self.answers) % 3 + 1]
            self.drain()
            self.recipients(place, list(the_invite(rule).emails))
        elif name == "delete":
            self.world.delete_rule(rule)
            self.rules[place] = None
        else:
            with self.world.store.transaction(WORKSPACE_ID) as tx:
                self.rules[place] = rules.enable(
                    tx, rule.id, enabled=name == "resume", now=self.world.clock(), chance=self.world.chance
                )
            self._follow_rule(rule)

    def _edit(self, place: int, action: Callable[[AutomationRule], Any]) -> None:
        rule = self.rules[place] if place < len(self.rules) else None
        if rule is None:
            return
        draft = RuleDraft(
            name=rule.name,
            event=rule.event,
            link_ids=(LINK_ID,),
            actions=(action(rule),),
            enabled=rule.enabled,
            offsets=rule.offsets,
        )
        with self.world.store.transaction(WORKSPACE_ID) as tx:
            edited = rules.change(tx, rule.id, lambda _rule: draft, now=self.world.clock(), chance=self.world.chance)
        self.rules[place] = edited
        self._follow_rule(edited)

    def change_booking(self, name: str, place: int, *rest: int) -> None:
        if place >= len(self.bookings):
            return
        before = self.world.booking(self.bookings[place])
        other_host = SECOND_HOST.email if before.host.email != SECOND_HOST.email else "oliver@example.com"
        other_client = "zed@example.net" if before.client.email != "zed@example.net" else "Eve@Example.net"
        wanted: dict[str, dict[str, object]] = {
            "cancel": {"status": "cancelled", "reason": "ill"},
            "place": {"place": Place(spot="in_person", details=f"Room {before.revision}")},
            "host": {"host_email": other_host},
            "client": {"email": other_client},
            "name": {"name": f"Eve {before.revision}"},
            "no-show": {"no_show": True},
        }
        try:
            after = (
                self.world.move(before, by=rest[0] * HOUR)
                if name == "move"
                else self.world.change(before, **wanted[name])
            )
        except (ConflictError, InvalidInputError):
            return
        if name in {"host", "client"} and after != before:
            self._follow_people(after)

    def go_to(self, seconds: int) -> None:
        """Let time pass; a worker that dies is followed by another when its lease has run out."""
        wanted = self.world.clock() + seconds * (MINUTE / 60)
        while True:
            try:
                self.world.go_to(max(wanted, self.world.clock()))
            except CrashError:
                self.world.clock.advance(LEASE + MINUTE / 60)
            else:
                return

    def drain(self) -> None:
        try:
            self.world.drain()
        except CrashError:
            self.world.clock.advance(LEASE + MINUTE / 60)

    # What it means.

    def _follow_rule(self, rule: AutomationRule) -> None:
        for (booking_id, key), invited in self.invited.items():
            booking = self._booking(booking_id)
            is_coming = booking.status is BookingStatus.CONFIRMED and booking.ends_at > self.world.clock()
            own = invited.inviters.get(rule.id)
            if own is not None and is_coming:
                own.people = the_invite(rule).emails
                own.is_active = key in on_the_list(own.people, booking)

    def _follow_people(self, booking: Booking) -> None:
        for (booking_id, key), invited in self.invited.items():
            if booking_id != booking.id:
                continue
            for rule_id, own in invited.inviters.items():
                rule = next((one for one in self.rules if one is not None and one.id == rule_id), None)
                is_on = key in on_the_list(the_invite(rule).emails if rule else own.people, booking)
                own.is_active = is_on if rule else own.is_active and is_on

    def _booking(self, booking_id: str) -> Booking:
        return self.world.booking(next(one for one in self.bookings if one.id == booking_id))

    # What leaves.

    def answer(self, envelope: Envelope) -> Outcome:
        """Be the relay: look at what is handed over, let something happen meanwhile, and answer as it was told."""
        if self.meanwhile:
            self.do(self.meanwhile.pop(0))
        name = self.answers.pop(0) if self.answers else "taken"
        if name.startswith("crash"):
            # Nobody can know which of the messages in hand had left.
            self.handed |= {
                (one.booking_id, recipient_key(one.recipient)) for one in self.world.deliveries(state="sending")
            }
        if name == "crash":
            raise CrashError
        self._take(envelope, is_received=name in {"taken", "silence", "crash after"}, name=name)
        if name == "crash after":
            raise CrashError
        return OUTCOMES.get(name, ACCEPTED)

    def _take(self, envelope: Envelope, *, is_received: bool, name: str) -> None:
        invite = read(envelope.message)
        delivery = next(one for one in self.world.deliveries() if invite.message_id.startswith(f"<{one.id}."))
        place = (delivery.booking_id, recipient_key(delivery.recipient))
        if delivery.cause is Cause.KEEP_IN_SYNC and place not in self.handed:
            self.wrong.append(f"{delivery.recipient} never got an invite and is told of a change")
        if name in {"taken", "silence", "lost", "crash after"}:
            self.handed.add(place)
        if not is_received:
            return
        invited = self.invited.setdefault(place, Invited())
        invited.messages.append(invite)
        if invite.method == "CANCEL":
            invited.inviters.clear()  # what was withdrawn is not promised any more; only a rule invites again
        if delivery.cause is Cause.RULE_FIRED and invite.method == "REQUEST":
            with self.world.store.reading(WORKSPACE_ID) as tx:
                action = tx.rules.action(delivery.rule_id, revision=delivery.rule_revision, index=0)
            assert isinstance(action, SendInvite)
            former = invited.inviters.get(delivery.rule_id)
            keeps = action.keep_in_sync or (former is not None and former.keeps)
            now_on = self._now_on(delivery.rule_id, action.emails, self._booking(delivery.booking_id), place[1])
            invited.inviters[delivery.rule_id] = Inviter(keeps=keeps, people=action.emails, is_active=now_on)

    def _now_on(self, rule_id: str, people: tuple[str, ...], booking: Booking, key: str) -> bool:
        """Tell whether somebody who is handed an invite is still on the rule: it may have changed on the way."""
        rule = next((one for one in self.rules if one is not None and one.id == rule_id), None)
        return key in on_the_list(the_invite(rule).emails if rule else people, booking)

    # What should be true in the end.

    def settle(self) -> None:
        """Let the relay work and everything settle down, without anything new."""
        self.meanwhile.clear()
        self.answers.clear()
        self.go_to(int((4 * DAY).total_seconds()))

    def complaints(self, calendars: "Callable[[str], Calendars]") -> Iterator[str]:
        """Yield what is untrue in somebody's calendar."""
        yield from self.wrong
        failed = {(one.booking_id, recipient_key(one.recipient)) for one in self.world.deliveries(state="failed")}
        for place, invited in self.invited.items():
            booking, mine = self._booking(place[0]), invited.messages[0].attendee
            held = calendars(mine)(invited.messages)
            if place not in failed:
                yield from (f"{mine} {text}" for text in _untrue(booking, invited, held))


Calendars = Callable[[list[ReceivedInvite]], list[Appointment]]


def both_models(owner: str) -> Calendars:
    """Return what two simulated calendars hold, which must agree."""

    def hold(messages: list[ReceivedInvite]) -> list[Appointment]:
        strict, lax = StrictCalendar(owner), LastWriteWinsCalendar(owner)
        for message in messages:
            strict.receive(message)
            lax.receive(message)
        assert strict.ignored == []
        assert strict.appointments == lax.appointments
        return list(strict.appointments.values())

    return hold


def on_the_list(people: tuple[str, ...], booking: Booking) -> set[str]:
    """Return the keys of those whom `people` names now."""
    return {recipient_key(one) for one in an_action(emails=people).recipients(booking)}


def _untrue(booking: Booking, invited: Invited, held: list[Appointment]) -> Iterator[str]:
    inviters = invited.inviters.values()
    if invited.messages[-1].method == "CANCEL" and held:
        yield f"holds {held} after a CANCEL"
    if len(held) > 1:
        yield f"holds {len(held)} entries of one booking"
    if not any(inviter.keeps for inviter in inviters):
        return
    if booking.is_over or not any(inviter.is_active for inviter in inviters):
        if held:
            yield f"holds {held[0]} of a booking that is {booking.status} and to which nobody invites him"
    elif any(inviter.keeps and inviter.is_active for inviter in inviters) and not _is_true(booking, held):
        yield f"holds {held} and not {booking}"


def _is_true(booking: Booking, held: list[Appointment]) -> bool:
    place = booking.place.join_url or booking.place.details
    wanted = [(booking.starts_at, booking.ends_at, place, booking.host.name)]
    return [(one.starts_at, one.ends_at, one.location, one.host) for one in held] == wanted


HISTORIES = st.lists(st.tuples(STEPS, st.booleans()), min_size=3, max_size=14)


def live(
    store: SqlStore, history: list[tuple[Step, bool]], calendars: Callable[[str], Calendars] = both_models
) -> None:
    """Live through a history, look at everybody's calendar in the end, and leave nothing behind."""
    postbox = Postbox()
    life = Life(World(store, postbox, hears=True), postbox)
    try:
        for step, drains in history:
            life.do(step)
            if drains:
                life.drain()
        life.settle()
        wrong = list(life.complaints(calendars))
        assert wrong == [], wrong
    finally:
        with store.registry() as registry:
            registry.delete(WORKSPACE_ID)
