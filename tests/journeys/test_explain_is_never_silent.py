"""Explain is never silent: every delivery has its story, and every rule that did not fire a clause that does not hold.

The law, for each rule, each occasion and each person: all clauses hold if and only if the rule planned a message. The clock
goes on between two changes, so that nothing can be put down to their having happened at the same moment.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.builders import (
    HOUR,
    LINK_ID,
    MINUTE,
    OUTCOME_ID,
    SECOND,
    WORKSPACE_ID,
    a_client,
    a_link,
    an_action,
    an_email,
)
from tests.journeys.world import AWAY, GREYLISTED, REFUSED, SECOND_HOST, Postbox, World
from tocsin.domain.conditions import Condition, Field, Operator
from tocsin.domain.delivery import OPEN, Cause, Delivery, State
from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tocsin.domain.events import OF_RULES, TIMED, EventKind
from tocsin.domain.explain import Clause
from tocsin.domain.model import Booking, LinkId, Place
from tocsin.domain.occasions import Occasion
from tocsin.domain.recipients import recipient_key
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.schemas.explain import ExplainAnswer
from tocsin.services import rules, suppressions
from tocsin.services.explain import DeliveryWhy, RuleWhy, Why, explain
from tocsin.storage.store import SqlStore

OTHER_LINK = LinkId("c0000000-0000-4000-8000-000000000002")
ADA, EVE, ZED, NOBODY = "ada@example.org", "Eve@Example.net", "zed@example.net", "nobody@example.org"
PERSONS = (ADA, EVE, ZED, NOBODY, "oliver@example.com", SECOND_HOST.email, "gus@example.org")
PEOPLE = (ADA, "{{client.email}}", "{{host.email}}", "{{guest.emails}}")
GUESTS = ("gus@example.org", "gia@example.org")
CONDITIONS = (
    Condition(field=Field.BOOKING_LEAD, operator=Operator.AT_LEAST, value=24 * 60),
    Condition(field=Field.INVITATION_RSVP, operator=Operator.IS, value=Rsvp.ACCEPTED),
    Condition(field=Field.PLACE_SPOT, operator=Operator.IS, value="zoom"),
)
MOST_RULES = 5

Step = tuple[Any, ...]
_rule = st.integers(0, MOST_RULES - 1)
_links = st.sampled_from([(LINK_ID,), (LINK_ID,), (LINK_ID,), (OTHER_LINK,), (LINK_ID, OTHER_LINK)])
_kinds = st.one_of(
    st.sampled_from(OF_RULES),
    st.sampled_from([EventKind.BOOKING_CONFIRMED, EventKind.BEFORE_MEETING_STARTS, EventKind.BOOKING_RESCHEDULED]),
    st.sampled_from([EventKind.INVITE_ACCEPTED, EventKind.INVITE_DECLINED]),
)
_people = st.sets(st.sampled_from(PEOPLE), min_size=1, max_size=2).map(lambda some: tuple(sorted(some)))
_offsets = st.sets(st.sampled_from([0, 1, 24]), min_size=1, max_size=2).map(lambda some: tuple(n * HOUR for n in some))
_conditions = st.sets(st.sampled_from(CONDITIONS), max_size=1).map(tuple)
_drafts = st.builds(
    lambda kind, links, people, enabled, offsets, conditions, keeps, is_mail: RuleDraft(
        name="A rule",
        event=kind,
        link_ids=links,
        actions=(an_email(*people) if is_mail else an_action(emails=people, keep_in_sync=keeps),),
        enabled=enabled,
        offsets=offsets if kind in TIMED else (),
        conditions=conditions,
    ),
    _kinds,
    _links,
    _people,
    st.sampled_from([True, True, False]),
    _offsets,
    _conditions,
    st.booleans(),
    st.sampled_from([False, False, True]),
)
_changes = st.sampled_from(
    [
        "approve",
        "reject",
        "cancel",
        "place",
        "host",
        "client",
        "no-show",
        "mend",
        "outcome",
        "move",
        "guests",
        "guests",
        "guests",
    ]
)
STEPS = st.one_of(
    st.tuples(st.just("rule"), _drafts),
    st.tuples(st.just("rewrite"), _rule, _drafts),
    st.tuples(st.sampled_from(["on", "off", "rename", "delete"]), _rule),
    st.tuples(st.just("change"), _changes),
    st.tuples(st.just("change"), _changes),
    st.tuples(st.just("answers"), st.sampled_from(PERSONS[:3]), st.sampled_from([1, 2, 11])),
    st.tuples(st.just("suppress"), st.sampled_from(PERSONS)),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 60, 60 * 24, 60 * 24 * 4])),
    st.tuples(st.just("relay"), st.lists(st.sampled_from(["later", "never", "away"]), max_size=3)),
)
History = tuple[list[RuleDraft], tuple[int, bool], list[tuple[Step, bool]]]
HISTORIES = st.tuples(
    st.lists(_drafts, min_size=1, max_size=2),
    st.tuples(st.sampled_from([1, 30, 72]), st.sampled_from([False, False, True])),
    st.lists(st.tuples(STEPS, st.booleans()), min_size=4, max_size=14),
)
REPLIES = {"later": GREYLISTED, "never": REFUSED, "away": AWAY}


@dataclass
class Life:
    """A world with one booking, and all rules that there ever were."""

    world: World
    postbox: Postbox
    booking: Booking | None = None
    rules: list[AutomationRule] = field(default_factory=list)

    def do(self, step: Step) -> None:
        """Do one thing; one that is not possible now is not done."""
        self.world.clock.advance(SECOND)
        name, *rest = step
        deeds: dict[str, Callable[..., object]] = {
            "rule": self.rule,
            "rewrite": self.rewrite,
            "change": self.change,
            "answers": self.answers,
            "suppress": self.suppress,
            "wait": lambda minutes: self.world.go_to(self.world.clock() + minutes * MINUTE),
            "relay": lambda names: self.postbox.answers(*(REPLIES[each] for each in names)),
        }
        try:
            if name in deeds:
                deeds[name](*rest)
            else:
                self.of_rule(name, *rest)
        except (ConflictError, InvalidInputError, NotFoundError):
            return

    def rule(self, draft: RuleDraft) -> None:
        if len(self.rules) < MOST_RULES:
            with self.world.store.transaction(WORKSPACE_ID) as tx:
                self.rules.append(rules.create(tx, draft, now=self.world.clock(), chance=self.world.chance))

    def rewrite(self, place: int, draft: RuleDraft) -> None:
        with self.world.store.transaction(WORKSPACE_ID) as tx:
            now, chance = self.world.clock(), self.world.chance
            rules.change(tx, self._id(place), lambda _rule: draft, more_links=draft.link_ids, now=now, chance=chance)

    def of_rule(self, name: str, place: int) -> None:
        with self.world.store.transaction(WORKSPACE_ID) as tx:
            now, chance = self.world.clock(), self.world.chance
            if name == "delete":
                rules.delete(tx, self._id(place), now=now)
            elif name == "rename":
                former = rules.get(tx, self._id(place))
                draft = replace(former.draft, name=f"{former.name}!")
                rules.change(tx, former.id, lambda _rule: draft, now=now, chance=chance)
            else:
                rules.enable(tx, self._id(place), enabled=name == "on", now=now, chance=chance)

    def _id(self, place: int) -> str:
        return self.rules[place % len(self.rules)].id if self.rules else "none"

    def change(self, name: str) -> None:
        assert self.booking is not None
        before = self.world.booking(self.booking)
        other_host = SECOND_HOST.email if before.host.email != SECOND_HOST.email else "oliver@example.com"
        wanted: dict[str, dict[str, object]] = {
            "approve": {"status": "approved"},
            "reject": {"status": "rejected", "reason": "full"},
            "cancel": {"status": "cancelled", "reason": "ill"},
            "place": {"place": Place(spot="in_person", details=f"Room {before.revision}")},
            "host": {"host_email": other_host},
            "client": {"email": ZED if before.client.email != ZED else EVE},
            "no-show": {"no_show": True},
            "mend": {"no_show": False},
            "outcome": {"outcome_id": "" if before.outcome else OUTCOME_ID},
            "guests": {"guests": GUESTS[: (len(before.guests) + 1) % 3]},
        }
        if name == "move":
            self.world.move(before, by=5 * HOUR)
        else:
            self.world.change(before, **wanted[name])

    def answers(self, recipient: str, number: int) -> None:
        assert self.booking is not None
        with self.world.store.reading(WORKSPACE_ID) as tx:
            if tx.invitations.get(self.booking.id, recipient) is None:
                return
        for place in range(number):
            self.world.clock.advance(SECOND)
            rsvp = Rsvp.ACCEPTED if place % 2 == 0 else Rsvp.DECLINED
            self.world.answer(self.booking, rsvp, recipient=recipient)

    def suppress(self, recipient: str) -> None:
        with self.world.store.transaction(WORKSPACE_ID) as tx:
            suppressions.add(tx, recipient, now=self.world.clock())

    def explained(self, **asked: str) -> Why:
        assert self.booking is not None
        with self.world.store.reading(WORKSPACE_ID) as tx:
            why = explain(tx, self.booking.id, **asked)
        assert ExplainAnswer.of(why).wire()["booking_id"] == self.booking.id
        return why


@given(history=HISTORIES)
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_every_rule_and_every_delivery_is_explained_and_all_clauses_hold_just_where_a_rule_planned_a_message(
    sqlite_store: SqlStore, history: History
) -> None:
    hold(sqlite_store, history)


@given(history=HISTORIES)
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_the_same_holds_on_postgresql(postgres_store: SqlStore, history: History) -> None:
    hold(postgres_store, history)


def hold(store: SqlStore, history: History) -> None:
    postbox = Postbox()
    life = Life(World(store, postbox, hears=True), postbox)
    try:
        live(life, *history)
        check(life)
    finally:
        with store.registry() as registry:
            registry.delete(WORKSPACE_ID)


def live(life: Life, first: list[RuleDraft], made: tuple[int, bool], steps: list[tuple[Step, bool]]) -> None:
    with life.world.store.transaction(WORKSPACE_ID) as tx:
        tx.links.put(a_link(id=OTHER_LINK, sid="link002", slug="other"))
    # Somebody is invited and somebody hears of answers, so that there are answers and invites that are kept true.
    inviting, hearing = an_action(emails=PEOPLE[:2], keep_in_sync=True), an_action(emails=(ADA,))
    invite = RuleDraft(name="Invite", event=EventKind.BOOKING_CONFIRMED, link_ids=(LINK_ID,), actions=(inviting,))
    hear = replace(invite, name="Hear", event=EventKind.INVITE_ACCEPTED, actions=(hearing,))
    for draft in [invite, hear, *first]:
        life.do(("rule", draft))
    hours, awaits = made
    life.world.clock.advance(SECOND)
    life.booking = life.world.book(ahead=hours * HOUR, awaits_approval=awaits, client=a_client(email=EVE))
    for step, drains in steps:
        if drains:
            life.world.drain()
        life.do(step)


def check(life: Life) -> None:
    found = life.world.deliveries()
    whole = life.explained()
    told = [one.delivery.id for rule in whole.rules for one in rule.deliveries]
    assert sorted(told) == sorted(one.id for one in found)
    assert whole.number_of_deliveries == len(found)
    for rule in life.rules:
        check_rule(of_all := only_rule(life.explained(rule_id=rule.id)), fired(found, rule))
        assert all(occasion.fired is occasion.holds for occasion in of_all.occasions)
        for person in PERSONS:
            asked = only_rule(life.explained(rule_id=rule.id, recipient=person))
            check_rule(
                asked, [one for one in fired(found, rule) if recipient_key(one.recipient) == recipient_key(person)]
            )
    for rule_why in whole.rules:
        assert rule_why == only_rule(life.explained(rule_id=rule_why.rule_id))
        for one in rule_why.deliveries:
            check_delivery(one, told)


def only_rule(why: Why) -> RuleWhy:
    (found,) = why.rules
    return found


def fired(found: Iterable[Delivery], rule: AutomationRule) -> list[Delivery]:
    return [one for one in found if one.rule_id == rule.id and one.cause is Cause.RULE_FIRED]


def check_rule(why: RuleWhy, planned: Sequence[Delivery]) -> None:
    failing = [one for one in why.clauses if not one.holds]
    event("fired" if planned else f"silent: {', '.join(one.name for one in failing)}")
    assert why.clauses != []
    assert (failing == []) is (planned != []), (why.clauses, planned)
    check_words([*why.clauses, *why.checks])
    assert bool(why.checks) is (planned == [] and why.rule is not None)
    for occasion in why.occasions:
        own = [one for one in planned if is_of(one, occasion)]
        assert occasion.holds is (own != []), (occasion, planned)
        check_words(occasion.clauses)
    assert all(any(is_of(one, occasion) for occasion in why.occasions) for one in planned)


def is_of(delivery: Delivery, occasion: Occasion) -> bool:
    if delivery.event in TIMED or occasion.kind in TIMED:
        return delivery.event is occasion.kind
    same = (delivery.event, delivery.booking_revision) == (occasion.kind, occasion.booking_revision)
    return same and (not delivery.about or (delivery.about, delivery.due_at) == (occasion.about, occasion.at))


def check_words(clauses: Iterable[Clause]) -> None:
    for one in clauses:
        assert one.name.strip()
        assert one.sentence.strip()
        # Two changes at the same moment would be an excuse; here there are none.
        assert one.name not in ("order", "revision_kept")


def check_delivery(why: DeliveryWhy, told: Sequence[str]) -> None:
    delivery = why.delivery
    event(f"delivery: {delivery.state.value}")
    check_words([*why.clauses, *why.checks])
    assert [one.name for one in why.clauses] == ["rule", "event", "recipient"]
    assert all(one.holds for one in why.clauses)
    assert delivery.recipient in why.clauses[-1].sentence
    assert why.steps[0].name == "planned"
    assert delivery.state.value in [one.name for one in why.steps]
    assert all(one.sentence.strip() for one in why.steps)
    assert delivery.state is State.SENT or delivery.reason in " ".join(one.sentence for one in why.steps)
    assert bool(why.checks) is (delivery.state in OPEN)
    assert set(why.replaced_by) <= set(told) - {delivery.id}
    is_moment = delivery.event in TIMED or delivery.cause is Cause.KEEP_IN_SYNC
    assert is_moment or (why.happened is not None and why.happened.kind is delivery.event)
    assert delivery.event is not EventKind.RECIPIENT_REMOVED or why.happened is None
