"""A preview shows what would be sent: the same bytes as the message that leaves when the event really happens."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import DAY, HOUR, LINK_ID, MINUTE, WORKSPACE_ID, a_call, a_chance, a_client, an_action, an_email
from tests.journeys.world import EVERYBODY, REFUSED, Postbox, World
from tocsin.domain.actions import Action, CallWebhook
from tocsin.domain.events import TIMED, EventKind
from tocsin.domain.model import Booking
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.rules import RuleDraft
from tocsin.domain.templates import VARIABLES
from tocsin.services import rules
from tocsin.services.preview import Preview, preview
from tocsin.storage.store import SqlStore
from tocsin.workers.callers import drain_calls

CONFIRMED, CANCELLED, NO_SHOW = (
    EventKind.BOOKING_CONFIRMED,
    EventKind.BOOKING_CANCELLED,
    EventKind.MARKED_NO_SHOW,
)
ACCEPTED, DECLINED = EventKind.INVITE_ACCEPTED, EventKind.INVITE_DECLINED
KINDS = (CONFIRMED, CANCELLED, NO_SHOW, *sorted(TIMED), ACCEPTED, DECLINED)

variables = st.sampled_from([f"{{{{{name}}}}}" for name in VARIABLES])
words = st.lists(
    st.one_of(variables, st.text(st.characters(codec="utf-8", categories=["L", "N"]), max_size=8)), max_size=5
)
texts = words.map(" ".join)
people = st.sets(st.sampled_from([*EVERYBODY, "{{guest.emails}}", "bob@example.org"]), min_size=1)
mails = st.builds(
    lambda some, subject, body: an_email(*sorted(some), email_subject=subject, email_body=body),
    people.filter(lambda some: some != {"{{guest.emails}}"}),
    texts,
    texts.map("<p>{}</p>".format),
)
calls = st.sampled_from(["https://hooks.example.org/a", "https://hooks.example.org/b"]).map(a_call)
invites = st.builds(
    an_action,
    emails=people.map(lambda some: tuple(sorted(some))),
    email_subject=texts,
    email_body=texts.map("<p>{}</p>".format),
    calendar_invite_subject=texts,
    calendar_invite_body=texts.map("<p>{}</p>".format),
    keep_in_sync=st.booleans(),
)
actions = st.one_of(invites, invites, mails, calls)
offsets = st.sets(st.integers(0, 48), min_size=1, max_size=3).map(lambda some: tuple(hours * HOUR for hours in some))


def drafts(*, most_actions: int) -> st.SearchStrategy[RuleDraft]:
    return st.builds(
        lambda kind, some, some_offsets: RuleDraft(
            name="A rule",
            event=kind,
            link_ids=(LINK_ID,),
            actions=tuple(some),
            offsets=some_offsets if kind in TIMED else (),
        ),
        st.sampled_from(KINDS),
        st.lists(actions, min_size=1, max_size=most_actions),
        offsets,
    )


def to_one_person(draft: RuleDraft) -> RuleDraft:
    return replace(draft, actions=tuple(_to_one(action) for action in draft.actions))


def _to_one(action: Action) -> Action:
    return action if isinstance(action, CallWebhook) else replace(action, emails=action.emails[:1])


histories = st.lists(st.sampled_from(["invited", "refused", "moved"]), max_size=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A world with a booking that has a past."""

    world: World
    postbox: Postbox
    booking: Booking

    def preview(self, draft: RuleDraft) -> Preview:
        world = self.world
        with world.store.trial(WORKSPACE_ID) as tx:
            workspace = tx.workspaces.by_id(WORKSPACE_ID)
            assert workspace is not None
            return preview(tx, world.sender, workspace, draft, booking_id=self.booking.id, now=world.clock())

    def sent(self, draft: RuleDraft) -> list[tuple[str, bytes]]:
        """Save the rule, let its event happen, and return who got what."""
        with self.world.store.transaction(WORKSPACE_ID) as tx:
            rule = rules.create(tx, draft, now=self.world.clock(), chance=self.world.chance)
        self.postbox.taken.clear()
        self.happen(rule.event)
        self.drain()
        while (ahead := self.world.next_moments()) != []:
            self.world.clock.now = min(ahead)
            self.drain()
        return [(one.recipient, one.message) for one in self.postbox.taken]

    def drain(self) -> None:
        self.world.drain()
        drain_calls(self.world.sender, lambda: self.postbox)

    def repeat_chance(self) -> None:
        """Let the same ids come again from here on, because every message holds some."""
        chance = a_chance()
        for _ in range(1_000):
            chance.new_id()
        self.world.chance = chance
        self.world.sender = replace(self.world.sender, chance=chance)

    def happen(self, kind: EventKind) -> None:
        deeds: dict[EventKind, Callable[[], object]] = {
            CONFIRMED: lambda: self.world.change(self.booking, status="approved"),
            CANCELLED: lambda: self.world.cancel(self.booking, reason=""),
            NO_SHOW: lambda: self.world.change(self.booking, no_show=True),
            ACCEPTED: lambda: self.world.answer(self.booking, Rsvp.ACCEPTED, recipient=self.first_invited()),
            DECLINED: lambda: self.world.answer(self.booking, Rsvp.DECLINED, recipient=self.first_invited()),
        }
        deeds.get(kind, lambda: None)()

    def first_invited(self) -> str:
        with self.world.store.reading(WORKSPACE_ID) as tx:
            return tx.invitations.of_booking(self.booking.id)[0].recipient


def an_office(world: World, postbox: Postbox, kind: EventKind, past: list[str]) -> Office:
    """Return an office in which the event can happen: somebody was invited before, if the event is his answer."""
    awaits = kind is CONFIRMED
    if kind in (ACCEPTED, DECLINED):
        past = ["invited"]
    if past and not awaits:
        postbox.answers(*([REFUSED] * 3 if past[0] == "refused" else []))
        former = world.rule(CONFIRMED, *EVERYBODY)
    booking = world.book(
        ahead=3 * DAY + 10 * MINUTE,
        awaits_approval=awaits,
        client=a_client(email="Eve@Example.net"),
        guests=("gus@example.org", "gia@example.org"),
    )
    world.drain()
    if "moved" in past and not awaits:
        booking = world.move(booking)
        world.drain()
    if past and not awaits:
        world.delete_rule(former)
    postbox.answers()
    return Office(world=world, postbox=postbox, booking=booking)


def check(store: SqlStore, draft: RuleDraft, past: list[str], *, hears: bool) -> None:
    postbox = Postbox()
    try:
        office = an_office(World(store, postbox, hears=hears), postbox, draft.event, past)
        before = office.world.deliveries()
        office.repeat_chance()
        shown = office.preview(draft)
        assert office.world.deliveries() == before

        office.repeat_chance()
        expected = office.sent(draft)
    finally:
        with store.registry() as registry:
            registry.delete(WORKSPACE_ID)

    found = [(one.delivery.recipient, one.message.message) for one in shown.shown if one.message is not None]
    assert sorted(found) == sorted(expected)
    assert expected != []


@given(draft=drafts(most_actions=3), past=histories)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_a_preview_is_what_is_sent(store: SqlStore, draft: RuleDraft, past: list[str]) -> None:
    check(store, draft, past, hears=False)


# To one person, because whose invitation gets which id is in its address, and the order of those who wait alike is open.
@given(draft=drafts(most_actions=1).map(to_one_person), past=histories)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_a_preview_is_what_is_sent_with_addresses_to_answer_to(
    store: SqlStore, draft: RuleDraft, past: list[str]
) -> None:
    check(store, draft, past, hears=True)
