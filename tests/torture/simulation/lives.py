"""What people do in one workspace while it is simulated: bookings, rules; and what has to follow from it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.builders import HOUR, MINUTE, NOON, a_client, an_action, an_email
from tests.journeys.test_any_history import happened
from tests.journeys.world import SECOND_HOST, World
from tests.torture.simulation.storms import DeathError
from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from tocsin.domain.events import EventKind
from tocsin.domain.model import Booking, Place
from tocsin.domain.rules import AutomationRule
from tocsin.services.faults import PlantedFaultError
from tocsin.storage.columns import micros

if TYPE_CHECKING:
    from tests.torture.simulation.engine import Engine

FAITHFUL = "faithful@example.org"  # invited to everything, and kept up to date
REMINDED = "reminded@example.org"  # written to an hour before everything
PEOPLE = ("ada@example.org", "bob@example.org", "carl@example.org")
KINDS = (
    EventKind.BOOKING_CONFIRMED,
    EventKind.BOOKING_RESCHEDULED,
    EventKind.BOOKING_CANCELLED,
    EventKind.MARKED_NO_SHOW,
)
MOST_BOOKINGS, MOST_RULES = 10, 4
_TROUBLE = (UnavailableError, PlantedFaultError, DeathError)
_REFUSED = (ConflictError, InvalidInputError, NotFoundError)


@dataclass
class Life:
    """One workspace, what was done in it, and how often each rule should have written about each event."""

    engine: "Engine"
    world: World
    bookings: list[Booking] = field(default_factory=list)
    rules: list[AutomationRule] = field(default_factory=list)
    expected: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    changed_at: dict[str, Any] = field(default_factory=dict)  # of bookings: the latest that the clock had shown by then

    def begin(self) -> None:
        """Make the rules that are there from the beginning to the end."""
        self.rules.append(self.world.rule(EventKind.BOOKING_CONFIRMED, FAITHFUL, keep_in_sync=True))
        before = EventKind.BEFORE_MEETING_STARTS
        self.reminder = self.world.rule_with(before, an_email(REMINDED), offsets=[HOUR])
        self.book()

    def step(self) -> None:
        """Let somebody do something."""
        deeds: dict[Callable[[], None], int] = {
            self.book: 4,
            self.move: 4,
            self.cancel: 2,
            self.change_place: 2,
            self.change_host: 1,
            self.mark: 1,
            self.add_rule: 2,
            self.switch_rule: 2,
            self.edit_rule: 2,
            self.delete_rule: 1,
        }
        self.engine.chance.choices(list(deeds), list(deeds.values()))[0]()

    # Bookings.

    def book(self, *, hours: int = 0) -> None:
        """Make a booking, if there are not too many that are still to come."""
        if len(self._coming()) < MOST_BOOKINGS:
            ahead = self._to_the_minute(timedelta(hours=hours or self.engine.chance.choice([1, 3, 12, 30, 60, 120])))
            client = a_client(email=self.engine.chance.choice(["Eve@Example.net", "zed@example.net"]))
            before = self._ids()
            self.do("book", lambda: self.world.book(ahead=ahead, client=client))
            for booking_id in sorted(self._ids() - before):
                self.bookings.append(booking := self.found(booking_id))
                self._expect([EventKind.BOOKING_CONFIRMED], booking)

    def move(self) -> None:
        hours = self.engine.chance.choice([-5, -1, 1, 4, 24, 50])
        self._change("move", lambda booking: self.world.move(booking, by=timedelta(hours=hours)))

    def cancel(self) -> None:
        self._change("cancel", self.world.cancel)

    def change_place(self) -> None:
        self._change(
            "place",
            lambda booking: self.world.change(
                booking, place=Place(spot="in_person", details=f"Room {booking.revision}")
            ),
        )

    def change_host(self) -> None:
        def other(booking: Booking) -> str:
            return SECOND_HOST.email if booking.host.email != SECOND_HOST.email else "oliver@example.com"

        self._change("host", lambda booking: self.world.change(booking, host_email=other(booking)))

    def mark(self) -> None:
        self._change("no-show", lambda booking: self.world.change(booking, no_show=True))

    def _change(self, name: str, deed: Callable[[Booking], Booking]) -> None:
        coming = self._coming()
        if not coming:
            return
        before = self.found(self.engine.chance.choice(coming))
        self.do(name, lambda: deed(before))
        after = self.found(before.id)
        if after != before:
            self._expect(happened(name, before, after), after)

    def _expect(self, kinds: Any, booking: Booking) -> None:
        self.changed_at[booking.id] = self.engine.clocks.latest
        for kind in kinds:
            for rule in self.rules:
                if rule.enabled and rule.event is kind:
                    self.expected[rule.id, booking.id, kind.value] += len(emails_of(rule))

    def _coming(self) -> list[str]:
        """Return the ids of the bookings that can be changed and are not so near that nobody could be told in time."""
        statement = "SELECT id FROM bookings WHERE workspace_id = ? AND status = 'confirmed' AND starts_at > ?"
        latest = micros(self.engine.clocks.latest)
        found = {row[0] for row in self.engine.database.rows(statement, self.world.workspace_id, latest)}
        return [one.id for one in self.bookings if one.id in found]

    # Rules.

    def add_rule(self) -> None:
        if len(self.rules) < MOST_RULES:
            kind, some = self.engine.chance.choice(KINDS), self._some_people()
            action = an_action(emails=some) if self.engine.chance.random() < 0.5 else an_email(*some)
            self.change_rules("rule", lambda: self.world.rule_with(kind, action))

    def switch_rule(self) -> None:
        rule = self._another()
        if rule is not None:
            self.change_rules("switch", lambda: self.world.switch(rule, on=not rule.enabled))

    def edit_rule(self) -> None:
        rule, some = self._another(), self._some_people()
        if rule is not None:
            self.change_rules("edit", lambda: self.world.edit_rule(rule, emails=some))

    def delete_rule(self) -> None:
        rule = self._another()
        if rule is not None:
            self.change_rules("delete", lambda: self.world.delete_rule(rule))

    def change_rules(self, name: str, deed: Callable[[], object]) -> None:
        """Do something to rules, and look at how they are now."""
        self.do(name, deed)
        with self.engine.storms.none(), self.world.store.reading(self.world.workspace_id) as tx:
            found, _ = tx.rules.page(limit=100, offset=0)
        now = {rule.id: rule for rule in found if rule.id != self.reminder.id}
        known = [now.pop(rule.id) for rule in self.rules if rule.id in now]
        self.rules = [*known, *sorted(now.values(), key=lambda rule: rule.id)]

    def _another(self) -> AutomationRule | None:
        others = self.rules[1:]
        return self.engine.chance.choice(others) if others else None

    def _some_people(self) -> tuple[str, ...]:
        return tuple(sorted(self.engine.chance.sample(PEOPLE, self.engine.chance.randint(1, 2))))

    # How.

    def do(self, name: str, deed: Callable[[], object]) -> None:
        """Do something that the store, or the program's end, may not let happen; what happened is looked up afterwards."""
        ended = "done"
        try:
            deed()
        except _REFUSED:
            ended = "refused"
        except _TROUBLE as trouble:
            ended = type(trouble).__name__
        self.engine.note(name, self.world.workspace_id[-1], ended)

    def found(self, booking_id: str) -> Booking:
        """Return a booking as it is now."""
        with self.engine.storms.none(), self.world.store.reading(self.world.workspace_id) as tx:
            found = tx.bookings.get(booking_id)
        assert found is not None
        return found

    def _to_the_minute(self, ahead: timedelta) -> timedelta:
        """Return a little more, so that it ends at a whole minute: calendars know no parts of a second."""
        return ahead - (self.engine.clocks() + ahead - NOON) % MINUTE + MINUTE

    def _ids(self) -> set[str]:
        statement = "SELECT id FROM bookings WHERE workspace_id = ?"
        return {str(row[0]) for row in self.engine.database.rows(statement, self.world.workspace_id)}

    # A crowd.

    def crowd(self) -> AutomationRule:
        """Let many messages of this workspace be due at once; return the rule that asks for them."""
        people = tuple(f"p{place}@example.org" for place in range(20))
        made: list[AutomationRule] = []
        kind = EventKind.BOOKING_CONFIRMED
        self.change_rules("crowd", lambda: made.append(self.world.rule_with(kind, an_email(*people))))
        for _ in range(2):
            self.bookings.append(booking := self.world.book(ahead=self._to_the_minute(timedelta(hours=30))))
            self._expect([kind], booking)
        return made[0]

    def disperse(self, rule: AutomationRule) -> None:
        """Let what is left of a crowd not be sent."""
        self.change_rules("no crowd", lambda: self.world.delete_rule(rule))


def emails_of(rule: AutomationRule) -> tuple[str, ...]:
    """Return to whom a rule of a simulation writes: none of these people is part of a booking."""
    (action,) = rule.actions
    emails: tuple[str, ...] = action.emails  # type: ignore[union-attr]
    return emails
