"""Random lives of bookings, to be lived in one world with a rule and in another without it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.builders import DAY, HOUR, LINK_ID, OUTCOME_ID, SECOND, WORKSPACE_ID, a_client, an_action, an_email
from tests.journeys.world import EVERYBODY, SECOND_HOST, Postbox, World
from tocsin.domain.conditions import AnyOf, Condition, Field, Operator
from tocsin.domain.delivery import Delivery, State
from tocsin.domain.errors import ConflictError, InvalidInputError
from tocsin.domain.events import OF_RULES, TIMED, EventKind
from tocsin.domain.model import Booking, Place
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.services import rules
from tocsin.storage.store import SqlStore

Step = tuple[Any, ...]
PEOPLE = (*EVERYBODY, "bob@example.org", "{{guest.emails}}")
GUESTS = ((), ("gus@example.org",), ("gia@example.org", "gus@example.org"))
CLIENTS = ("Eve@Example.net", "zed@example.net")
LONG = 6 * DAY  # after which nothing is left to fall due

_booking = st.sampled_from([0, 0, 0, 1])
STEPS = st.one_of(
    st.tuples(st.just("book"), st.integers(1, 60), st.sampled_from(CLIENTS), st.booleans()),
    st.tuples(st.sampled_from(["place", "host", "client", "name", "cancel"]), _booking),
    st.tuples(st.just("guests"), _booking, st.sampled_from(GUESTS)),
    st.tuples(st.sampled_from(["approve", "reject", "no-show", "outcome"]), _booking),
    *[st.tuples(st.just("move"), _booking, st.integers(-20, 40))] * 2,
    *[st.tuples(st.just("answer"), _booking, st.integers(0, 3), st.sampled_from(list(Rsvp)[1:4]))] * 4,
    st.tuples(st.just("wait"), st.sampled_from([5, 11, 60, 600, 7200, 90_000])),
)
HISTORIES = st.lists(STEPS, min_size=2, max_size=10).map(lambda steps: [("book", 30, CLIENTS[0], False), *steps])


def _asks(name: Field, operator: Operator, value: Any = None, **more: str) -> Condition:
    return Condition(field=name, operator=operator, value=value, **more)


CONDITIONS = (
    _asks(Field.MEETING_ID, Operator.IS, LINK_ID),
    _asks(Field.HOST_EMAIL, Operator.IS, SECOND_HOST.email),
    _asks(Field.CLIENT_EMAIL, Operator.IS_NOT, CLIENTS[1]),
    _asks(Field.CLIENT_DOMAIN, Operator.IS_ONE_OF, ("example.net",)),
    _asks(Field.CLIENT_IS_NEW, Operator.IS, True),
    _asks(Field.CLIENT_IS_NEW, Operator.IS, False),
    _asks(Field.FORM_ANSWER, Operator.IS_EMPTY, question="Why?"),
    _asks(Field.PLACE_SPOT, Operator.IS, "zoom"),
    _asks(Field.PLACE_DETAILS, Operator.CONTAINS, "Room"),
    _asks(Field.BOOKING_DURATION, Operator.AT_LEAST, 30),
    _asks(Field.BOOKING_WEEKDAY, Operator.IS_NOT, "wednesday"),
    _asks(Field.BOOKING_HOUR, Operator.AT_MOST, 15, time_zone="Asia/Kathmandu"),
    _asks(Field.BOOKING_LEAD, Operator.AT_LEAST, 1_500),
    _asks(Field.BOOKING_STATUS, Operator.IS, "confirmed"),
    _asks(Field.BOOKING_OUTCOME, Operator.IS, "Won"),
    _asks(Field.INVITATION_RSVP, Operator.IS, "needs_action"),
    _asks(Field.INVITATION_RSVP, Operator.IS, "accepted"),
    _asks(Field.INVITATION_RSVP, Operator.IS_FOR_SOMEBODY, "declined"),
    _asks(Field.INVITATION_RSVP, Operator.IS_FOR_NOBODY, "accepted"),
)
_OF_ANSWERS = [one for one in CONDITIONS if one.field is Field.INVITATION_RSVP]
_one = st.sampled_from([*CONDITIONS, *_OF_ANSWERS, *_OF_ANSWERS])
_group = st.lists(_one, min_size=2, max_size=2).map(lambda some: AnyOf(conditions=tuple(some)))
_people = st.sets(st.sampled_from(PEOPLE), min_size=1, max_size=3).map(lambda some: tuple(sorted(some)))
_invites = st.builds(an_action, emails=_people, keep_in_sync=st.booleans())
_actions = st.one_of(_invites, _invites, _people.map(lambda some: an_email(*some)))
_offsets = st.sets(st.integers(0, 30), min_size=1, max_size=3).map(lambda some: tuple(hours * HOUR for hours in some))


def _draft(kind: EventKind, actions: list[Any], offsets: tuple[timedelta, ...], conditions: list[Any]) -> RuleDraft:
    return RuleDraft(
        name=kind.value,
        event=kind,
        link_ids=(LINK_ID,),
        actions=tuple(actions),
        offsets=offsets if kind in TIMED else (),
        conditions=tuple(conditions),
    )


_conditions: st.SearchStrategy[list[Any]] = st.one_of(
    st.just([]), st.lists(st.one_of(_one, _group), min_size=1, max_size=2)
)
_OFTEN = (
    EventKind.BOOKING_CONFIRMED,
    EventKind.BOOKING_RESCHEDULED,
    EventKind.BEFORE_MEETING_STARTS,
    EventKind.INVITE_ACCEPTED,
    EventKind.INVITE_DECLINED,
)
DRAFTS = st.builds(
    _draft, st.sampled_from([*OF_RULES, *_OFTEN]), st.lists(_actions, min_size=1, max_size=2), _offsets, _conditions
)
# So that somebody is there to answer.
INVITING = st.builds(
    _draft,
    st.just(EventKind.BOOKING_CONFIRMED),
    st.builds(an_action, emails=st.just(PEOPLE), keep_in_sync=st.booleans()).map(lambda one: [one]),
    _offsets,
    st.just([]),
)
BACKGROUNDS = st.one_of(
    st.lists(DRAFTS, max_size=1), st.tuples(INVITING).map(list), st.tuples(INVITING, DRAFTS).map(list)
)


@dataclass
class Lived:
    """A world in which a history happens."""

    world: World
    bookings: list[Booking] = field(default_factory=list)

    def save(self, draft: RuleDraft) -> AutomationRule:
        self.wait(1)
        with self.world.store.transaction(WORKSPACE_ID) as tx:
            return rules.create(tx, draft, now=self.world.clock(), chance=self.world.chance)

    def live(self, steps: list[Step]) -> list[Step]:
        """Let all of it happen, each a second after the other; return it with time alone where something was not possible."""
        return [step if self._lived(step) else ("wait", 0) for step in steps]

    def _lived(self, step: Step) -> bool:
        self.wait(1)
        return self._happen(*step)

    def wait(self, seconds: int) -> None:
        self.go_to(self.world.clock() + seconds * SECOND)

    def go_to(self, moment: datetime) -> None:
        """Let time pass until `moment`, delivering whenever something falls due; nothing is asked of the queue else."""
        while (due := self.world.store.queue.next_due()) is not None and due <= moment:
            self.world.clock.now = max(due, self.world.clock())
            assert self.world.drain()
        self.world.clock.now = moment

    def _happen(self, name: str, *rest: Any) -> bool:
        if name == "wait":
            self.wait(*rest)
        elif name == "book":
            hours, email, awaits = rest
            client = a_client(email=email)
            self.bookings.append(self.world.book(ahead=hours * HOUR, client=client, awaits_approval=awaits))
        elif rest[0] >= len(self.bookings):
            return False
        elif name == "answer":
            return self._answer(self.bookings[rest[0]], *rest[1:])
        else:
            return self._change(name, self.world.booking(self.bookings[rest[0]]), *rest[1:])
        self.wait(0)
        return True

    def _answer(self, booking: Booking, place: int, rsvp: Rsvp) -> bool:
        with self.world.store.reading(WORKSPACE_ID) as tx:
            invited = {one.recipient: one for one in tx.invitations.of_booking(booking.id)}
        recipient = (PEOPLE[0], PEOPLE[3], booking.client.email, booking.host.email)[place]
        is_taken = recipient in invited and self.world.answer(booking, rsvp, recipient=recipient)
        self.wait(0)
        return is_taken

    def _change(self, name: str, before: Booking, *rest: Any) -> bool:
        other_host = SECOND_HOST.email if before.host.email != SECOND_HOST.email else "oliver@example.com"
        changes: dict[str, dict[str, object]] = {
            "place": {"place": Place(spot="in_person", details=f"Room {before.revision}")},
            "host": {"host_email": other_host},
            "client": {"email": CLIENTS[before.client.email == CLIENTS[0]]},
            "name": {"name": f"Eve {before.revision}"},
            "guests": {"guests": rest[0] if name == "guests" else ()},
            "cancel": {"status": "cancelled", "reason": "ill"},
            "approve": {"status": "approved"},
            "reject": {"status": "rejected"},
            "no-show": {"no_show": True},
            "outcome": {"outcome_id": "" if before.outcome else OUTCOME_ID},
        }
        change: Callable[[], Booking] = lambda: (  # noqa: E731
            self.world.move(before, by=rest[0] * HOUR) if name == "move" else self.world.change(before, **changes[name])
        )
        try:
            after = change()
        except (ConflictError, InvalidInputError):
            return False
        self.wait(0)
        return after != before

    def told(self, one: Delivery) -> tuple[Any, ...]:
        """Return what is the same about a delivery in whichever world it is."""
        ids = [booking.id for booking in self.bookings]
        news = (ids.index(one.booking_id), one.event, one.cause, one.action, one.recipient, one.due_at, one.about)
        return (*news, one.action_index, one.state, one.reason if one.state is not State.SENT else "")


def a_world(store: SqlStore, background: list[RuleDraft]) -> tuple[Lived, list[AutomationRule]]:
    """Return a world in which these rules are."""
    lived = Lived(World(store, Postbox()))
    return lived, [lived.save(draft) for draft in background]
