"""Whatever happens to bookings and rules, and however the relay behaves: every calendar ends up true, and nothing is lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.builders import DAY, HOUR, MINUTE, OUTCOME_ID, WORKSPACE_ID
from tests.calendars import LastWriteWinsCalendar, StrictCalendar, read
from tests.journeys.world import ACCEPTED, AWAY, GREYLISTED, NO_ANSWER, REFUSED, SECOND_HOST, Postbox, World
from tocsin.domain.delivery import OPEN, Outcome, State
from tocsin.domain.errors import ConflictError, InvalidInputError
from tocsin.domain.events import TIMED, EventKind
from tocsin.domain.letter import Envelope
from tocsin.domain.model import Booking, BookingStatus, Place
from tocsin.domain.rules import AutomationRule
from tocsin.storage.store import SqlStore

FAITHFUL = "faithful@example.org"  # whom rules tell of everything from the beginning to the end
RECIPIENTS = ("ada@example.org", "{{client.email}}", "{{host.email}}", FAITHFUL)
ORIGINAL = list(EventKind)[:7]
UNTIMED = sorted(set(ORIGINAL) - TIMED)
OUTCOMES = {
    "taken": ACCEPTED,
    "later": GREYLISTED,
    "never": REFUSED,
    "silence": NO_ANSWER,
    "lost": NO_ANSWER,
    "away": AWAY,
}

Step = tuple[Any, ...]
_booking = st.integers(0, 2)
_hours = st.integers(1, 72)
_changes = st.one_of(
    st.tuples(
        st.sampled_from(["approve", "reject", "cancel", "place", "name", "no-show", "mend", "outcome"]), _booking
    ),
    st.tuples(st.just("move"), _booking, st.integers(-20, 60)),
    st.tuples(st.just("host"), _booking),
)
_answers = st.lists(st.sampled_from(sorted(OUTCOMES)), max_size=30)
_steps = st.one_of(
    st.tuples(st.just("book"), st.booleans(), _hours),
    _changes,
    _changes,
    st.tuples(st.just("rule"), st.sampled_from(ORIGINAL), st.integers(0, 3), st.integers(0, 48)),
    st.tuples(st.just("unrule"), st.integers(0, 5)),
    st.tuples(st.just("wait"), st.integers(0, 30 * 60)),
    st.tuples(st.just("relay"), _answers),
    st.tuples(st.just("meanwhile"), _changes),
)


@dataclass
class History:
    """A world, what was done in it, and what should follow."""

    world: World
    postbox: Postbox
    bookings: list[Booking] = field(default_factory=list)
    rules: list[AutomationRule] = field(default_factory=list)
    meanwhile: list[Step] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    received: list[Envelope] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    called_for: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.postbox.answer = self.answer
        for kind in (EventKind.BOOKING_CONFIRMED, EventKind.BOOKING_RESCHEDULED, EventKind.BOOKING_CANCELLED):
            self.rules.append(self.world.rule(kind, FAITHFUL))
        # Told of one thing each, these can only be kept true by what is written at the moment of sending.
        self.rule(EventKind.BOOKING_CONFIRMED, 0, 1)
        self.rule(EventKind.BEFORE_MEETING_STARTS, 1, 5)

    def do(self, step: Step) -> None:
        """Do one thing; one that the booking's state does not allow is not done."""
        name, *rest = step
        deeds: dict[str, Callable[..., object]] = {
            "book": self.book,
            "rule": self.rule,
            "unrule": self.unrule,
            "wait": lambda minutes: self.world.go_to(self.world.clock() + minutes * MINUTE),
            "relay": self.answers.extend,
            "meanwhile": self.meanwhile.append,
        }
        if name in deeds:
            deeds[name](*rest)
        else:
            self.change(step)

    def book(self, awaits: bool, hours: int) -> None:
        if len(self.bookings) < 3:
            self.bookings.append(made := self.world.book(ahead=hours * HOUR, awaits_approval=awaits))
            self.expect([] if awaits else [EventKind.BOOKING_CONFIRMED], made)

    def rule(self, kind: EventKind, place: int, hours: int) -> None:
        offset = hours * HOUR if kind in TIMED else None
        words: dict[str, Any] = {} if hours % 2 else {"calendar_invite_subject": f"{kind.value} {{{{booking.status}}}}"}
        self.rules.append(self.world.rule(kind, RECIPIENTS[place], before_or_after=offset, **words))

    def unrule(self, place: int) -> None:
        if len(self.rules) > 3 + place:
            self.world.delete_rule(self.rules.pop(3 + place))

    def change(self, step: Step) -> None:
        name, place, *rest = step
        if place >= len(self.bookings):
            return
        before = self.world.booking(self.bookings[place])
        wanted: dict[str, dict[str, object]] = {
            "approve": {"status": "approved"},
            "reject": {"status": "rejected", "reason": "full"},
            "cancel": {"status": "cancelled", "reason": "ill"},
            "place": {"place": Place(spot="in_person", details=f"Room {before.revision}")},
            "host": {
                "host_email": SECOND_HOST.email if before.host.email != SECOND_HOST.email else "oliver@example.com"
            },
            "name": {"name": f"Eve {before.revision}"},
            "no-show": {"no_show": True},
            "mend": {"no_show": False},
            "outcome": {"outcome_id": "" if before.outcome else OUTCOME_ID},
        }
        try:
            moves = name == "move"
            after = self.world.move(before, by=rest[0] * HOUR) if moves else self.world.change(before, **wanted[name])
        except (ConflictError, InvalidInputError):
            return
        self.expect(list(happened(name, before, after)), after)

    def expect(self, kinds: list[EventKind], booking: Booking) -> None:
        for kind in kinds:
            for rule in self.rules:
                self.called_for[rule.id, booking.id, kind.value] += rule.event is kind

    def answer(self, envelope: Envelope) -> Outcome:
        """Be the relay: look at what is handed over, let something happen meanwhile, and answer as it was told."""
        self.wrong += self.complaints(envelope)
        if self.meanwhile:
            self.do(self.meanwhile.pop(0))
        name = self.answers.pop(0) if self.answers else "taken"
        if name in {"taken", "silence"}:
            self.received.append(envelope)
        return OUTCOMES[name]

    def complaints(self, envelope: Envelope) -> Iterator[str]:
        """Yield what is untrue in a message now; raising here would only look like a mailer that has a bug."""
        invite = read(envelope.message)
        (booking,) = (self.world.booking(one) for one in self.bookings if one.uid == invite.uid)
        with self.world.store.reading(self.world.workspace_id) as tx:
            delivery = tx.deliveries.get(invite.message_id.removeprefix("<").partition(".")[0])
        assert delivery is not None
        if delivery.due_at > self.world.clock():
            yield f"{delivery.event} was sent before {delivery.due_at}"
        if invite.method != ("CANCEL" if booking.is_over else "REQUEST"):
            yield f"a {invite.method} while the booking is {booking.status}"
        if booking.status is BookingStatus.AWAITING_APPROVAL:
            yield "a message about a booking that awaits approval"
        shown, place = invite.appointment, booking.place.join_url or booking.place.details
        if (shown.starts_at, shown.location, shown.host) != (booking.starts_at, place, booking.host.name):
            yield f"{shown} is not {booking}"


def happened(name: str, before: Booking, after: Booking) -> list[EventKind]:
    """Return the events that a change means, told from what was done and not from how it is stored."""
    was = before.status is BookingStatus.CONFIRMED
    if before == after:
        return []
    return {
        "approve": [EventKind.BOOKING_CONFIRMED],
        "reject": [EventKind.BOOKING_CANCELLED],
        "cancel": [EventKind.BOOKING_CANCELLED],
        "no-show": [EventKind.MARKED_NO_SHOW],
        # Of a booking that awaits approval nobody was told yet.
        "outcome": [EventKind.MEETING_OUTCOME_CHANGED] if before.status is not BookingStatus.AWAITING_APPROVAL else [],
        **dict.fromkeys(("move", "place", "host"), [EventKind.BOOKING_RESCHEDULED] if was else []),
    }.get(name, [])


_lives = st.lists(st.tuples(_steps, st.booleans()), min_size=10, max_size=40)


@given(steps=_lives, relay=_answers)
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
def test_after_any_history_calendars_are_true_and_nothing_is_lost(
    sqlite_store: SqlStore, steps: list[tuple[Step, bool]], relay: list[str]
) -> None:
    check(sqlite_store, steps, relay)


@given(steps=_lives, relay=_answers)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_the_same_holds_on_postgresql(
    postgres_store: SqlStore, steps: list[tuple[Step, bool]], relay: list[str]
) -> None:
    check(postgres_store, steps, relay)


def check(store: SqlStore, steps: list[tuple[Step, bool]], relay: list[str]) -> None:
    postbox = Postbox()
    history = History(World(store, postbox), postbox)
    try:
        history.answers.extend(relay)
        for step, drains in [(("book", False, 30), True), *steps]:
            history.do(step)
            if drains:
                history.world.drain()
        history.meanwhile.clear()
        history.answers.clear()
        history.world.go_to(history.world.clock() + 4 * DAY)

        assert history.wrong == []
        check_deliveries(history)
        for recipient in {one.recipient for one in history.received}:
            check_calendars(history, recipient)
    finally:
        with store.registry() as registry:
            registry.delete(WORKSPACE_ID)


def check_deliveries(history: History) -> None:
    found = history.world.deliveries()
    for one in found:
        event(one.state.value)
        # The relay has worked for days, so what is open waits for a moment that has not come.
        assert one.state not in OPEN or (one.state is State.SCHEDULED and one.due_at > history.world.clock())
        assert (one.state in OPEN) is (one.settled_at is None)
        assert one.state in {State.SCHEDULED, State.SENT} or one.reason
    counted = Counter(one.state for one in found)
    assert sum(counted.values()) == len(found) == len({one.id for one in found})
    untimed = Counter((one.rule_id, one.booking_id, one.event.value) for one in found if one.event not in TIMED)
    assert untimed == +history.called_for
    timed = Counter((one.rule_id, one.booking_id, one.recipient, one.due_at) for one in found if one.event in TIMED)
    assert not timed or max(timed.values()) == 1


def check_calendars(history: History, recipient: str) -> None:
    messages = [one.message for one in history.received if one.recipient == recipient]
    strict, lax = StrictCalendar(recipient), LastWriteWinsCalendar(recipient)
    strict.receive_all(messages)
    lax.receive_all(messages)
    assert strict.ignored == []
    assert strict.appointments == lax.appointments
    for booking in map(history.world.booking, history.bookings):
        ended = {one.state for one in history.world.deliveries(booking_id=booking.id, recipient=recipient)}
        held = strict.appointments.get(booking.uid)
        if booking.is_over and recipient == FAITHFUL and State.FAILED not in ended:
            assert held is None
        elif recipient == FAITHFUL and State.FAILED not in ended and booking.status is BookingStatus.CONFIRMED:
            assert held is not None
            assert (held.starts_at, held.ends_at, held.host) == (booking.starts_at, booking.ends_at, booking.host.name)
            assert held.location == (booking.place.join_url or booking.place.details)


@pytest.mark.parametrize("hours", [2])
def test_a_clock_that_jumps_ahead_and_back_sends_nothing_twice_and_nothing_early(
    office: World, postbox: Postbox, hours: int
) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED)
    office.rule(EventKind.BEFORE_MEETING_STARTS, before_or_after=HOUR)
    first, second = office.book(ahead=2 * HOUR), office.book(ahead=6 * HOUR)
    office.drain()

    office.clock.advance(timedelta(hours=hours) - MINUTE)
    office.drain()
    office.clock.advance(-5 * HOUR)
    office.drain()
    assert len(postbox.taken) == 3
    office.go_to(second.starts_at)

    assert office.states() == [State.SENT] * 4
    assert len({envelope.message for envelope in postbox.taken}) == len(postbox.taken) == 4
    assert first.starts_at < second.starts_at
