"""What a change of a rule is said to do is what it does: the same deliveries stay, move, go and come; the same are told."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.builders import DAY, HOUR, WORKSPACE_ID, an_action
from tests.journeys.lives import BACKGROUNDS, DRAFTS, HISTORIES, LONG, Lived, Step, a_world
from tests.journeys.world import World
from tocsin.domain.delivery import OPEN, Cause, Delivery, DeliveryId, State
from tocsin.domain.errors import ConflictError, InvalidInputError
from tocsin.domain.events import EventKind
from tocsin.domain.model import Place
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.services import automation, interventions, rules
from tocsin.services.effect import Change, Effect, Some, effect
from tocsin.storage.store import SqlStore

CONFIRMED, BEFORE, REMOVED = (
    EventKind.BOOKING_CONFIRMED,
    EventKind.BEFORE_MEETING_STARTS,
    EventKind.RECIPIENT_REMOVED,
)
Own = tuple[str, EventKind, str, int, datetime]
# Conditions are asked at the moment of sending, whatever is planned.
drafts = DRAFTS.map(lambda draft: replace(draft, conditions=()))
kinds = st.sampled_from(["new", "other", "other", "fewer", "off", "on", "delete", "offsets", "offsets"])


def foretold(world: World, change: Change) -> Effect:
    """Return what a change is said to do; it does nothing yet."""
    before = world.deliveries()
    with world.store.trial(WORKSPACE_ID) as tx:
        found = effect(tx, change, now=world.clock(), chance=world.chance, most_shown=10_000)
    assert world.deliveries() == before
    return found


def done(world: World, change: Change) -> str:
    """Do it, with the functions that everybody uses; return the rule's id."""
    now, chance, draft = world.clock(), world.chance, change.draft
    with world.store.transaction(WORKSPACE_ID) as tx:
        if draft is None:
            rules.delete(tx, change.rule_id, now=now)
            return change.rule_id
        if not change.rule_id:
            return rules.create(tx, draft, now=now, chance=chance).id
        return rules.change(tx, change.rule_id, lambda _rule: draft, now=now, chance=chance).id


def change_of(kind: str, rule: AutomationRule, other: RuleDraft) -> Change:
    own = rule.draft
    wanted = {
        "new": other,
        "other": other,
        "fewer": replace(own, actions=(replace(own.actions[0], emails=own.actions[0].emails[:1]),)),  # type: ignore[arg-type, union-attr]  # no calls here
        "off": replace(own, enabled=False),
        "on": replace(own, enabled=True),
        "delete": None,
        "offsets": replace(own, offsets=other.offsets or own.offsets) if own.offsets else own,
    }[kind]
    return Change(draft=wanted, rule_id="" if kind == "new" else rule.id)


def own(one: Delivery) -> Own:
    """Return what is the same about a delivery that is foretold and one that is there."""
    return one.booking_id, one.event, one.recipient, one.action_index, one.due_at


def all_of(*some: Some) -> list[Delivery]:
    return [shift.delivery for each in some for shift in each.first]


def owns(deliveries: Iterable[Delivery]) -> list[Own]:
    return sorted(map(own, deliveries))


def opened(world: World) -> dict[DeliveryId, Delivery]:
    return {one.id: one for one in world.deliveries() if one.state in OPEN}


def pause_some(world: World, places: list[int]) -> None:
    waiting = list(opened(world).values())
    for place in places:
        if place < len(waiting):
            try:
                with world.store.transaction(WORKSPACE_ID) as tx:
                    interventions.pause(tx, waiting[place].id, by="ann@example.com", now=world.clock())
            except ConflictError:
                continue


def check(lived: Lived, change: Change) -> None:
    world = lived.world
    before, known = opened(world), {one.id for one in world.deliveries()}

    said = foretold(world, change)
    rule_id = done(world, change)
    after = opened(world)
    lived.go_to(world.clock() + LONG)
    final = {one.id: one for one in world.deliveries()}

    fired = [one for one in after.values() if one.cause is Cause.RULE_FIRED]
    came_to_be = [one for one in fired if one.id not in before]
    ended_well = {State.SENT, State.PAUSED, State.EXPIRED}  # what is paused leaves its place to nobody
    there = [one for one in fired if final[one.id].state in ended_well]
    assert owns(one for one in there if one.rule_id == rule_id) == owns(
        one
        for one in all_of(said.added, said.moved, said.staying)
        if one.rule_id == rule_id
        or (not change.rule_id and one.rule_id not in {each.rule_id for each in before.values()})
    )
    gone = {one.id for one in before.values() if final[one.id].state not in ended_well}
    assert {one.id for one in all_of(said.withdrawn)} <= gone
    assert said.added.number <= len(came_to_be)
    told = set(owns(all_of(said.cancels, said.updates)))
    synced = [one for one in final.values() if one.cause is Cause.KEEP_IN_SYNC and one.id not in known]
    assert {own(one) for one in synced if one.state is State.SENT} <= told
    # What was foretold and not sent made way for a message that told the same.
    assert {one.state for one in synced} <= {State.SENT, State.SUPERSEDED, State.CANCELLED}
    for name in ("added", "moved", "withdrawn", "staying", "cancels", "updates", "untold"):
        if getattr(said, name).number:
            event(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A past, and a change of one of its rules. `late` is what happens last, and is not delivered yet."""

    background: list[RuleDraft]
    first: RuleDraft
    steps: list[Step]
    late: str
    paused: list[int]
    kind: str
    other: RuleDraft


cases = st.builds(
    Case,
    background=BACKGROUNDS.map(lambda some: [replace(draft, conditions=()) for draft in some]),
    first=drafts,
    steps=HISTORIES,
    late=st.sampled_from(["", "book", "move", "place"]),
    paused=st.lists(st.integers(0, 8), max_size=2),
    kind=kinds,
    other=drafts,
)


@given(case=cases)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_change_does_what_was_said(store: SqlStore, case: Case) -> None:
    try:
        lived, _ = a_world(store, case.background)
        rule = lived.save(replace(case.first, enabled=case.kind != "on"))
        lived.live(case.steps)
        happen(lived, case.late)
        pause_some(lived.world, case.paused)
        check(lived, change_of(case.kind, rule, case.other))
    finally:
        with store.registry() as registry:
            registry.delete(WORKSPACE_ID)


def happen(lived: Lived, late: str) -> None:
    world, booking = lived.world, lived.world.booking(lived.bookings[0])
    try:
        if late == "book":
            lived.bookings.append(world.book(ahead=2 * DAY))
        elif late == "move":
            world.move(booking, by=DAY)
        elif late:
            world.change(booking, place=Place(spot="in_person", details="Elsewhere"))
    except (ConflictError, InvalidInputError):
        return


def test_taking_somebody_off_a_rule_is_said_to_withdraw_his_invite(office: World) -> None:
    rule = office.rule(CONFIRMED, "ada@example.org", "bob@example.org", keep_in_sync=True)
    office.book(ahead=3 * DAY)
    office.drain()

    said = foretold(office, change_of("fewer", rule, rule.draft))

    assert [(one.recipient, one.event) for one in all_of(said.cancels)] == [("bob@example.org", REMOVED)]
    assert said.is_none is False
    assert (said.bookings, said.is_whole) == (1, True)


def test_putting_somebody_back_is_said_to_tell_him_nothing_any_more(office: World) -> None:
    rule = office.rule(CONFIRMED, "ada@example.org", "bob@example.org", keep_in_sync=True)
    office.book(ahead=3 * DAY)
    office.drain()
    fewer = change_of("fewer", rule, rule.draft)
    done(office, fewer)

    said = foretold(office, Change(draft=rule.draft, rule_id=rule.id))

    assert [one.recipient for one in all_of(said.untold)] == ["bob@example.org"]
    assert said.cancels.number == 0


def test_who_has_no_invite_is_told_nothing(office: World) -> None:
    rule = office.rule(CONFIRMED, "ada@example.org", "bob@example.org", keep_in_sync=False)
    office.book(ahead=3 * DAY)
    office.drain()

    assert foretold(office, change_of("fewer", rule, rule.draft)).is_none


def test_another_offset_moves_and_one_more_adds(office: World) -> None:
    rule = office.rule(BEFORE, before_or_after=HOUR)
    booking = office.book(ahead=3 * DAY)

    def said(*offsets: object) -> Effect:
        return foretold(office, Change(draft=replace(rule.draft, offsets=tuple(offsets)), rule_id=rule.id))  # type: ignore[arg-type]  # spans

    moved = said(2 * HOUR)
    assert [(one.was_due_at, one.delivery.due_at) for one in moved.moved.first] == [
        (booking.starts_at - HOUR, booking.starts_at - 2 * HOUR)
    ]
    more = said(HOUR, 2 * HOUR)
    assert (more.added.number, more.moved.number, more.withdrawn.number, more.staying.number) == (1, 0, 0, 1)
    same = said(HOUR)
    assert same.is_none
    assert same.staying.number == 1


def test_a_new_rule_that_is_not_timed_plans_nothing_ahead(office: World) -> None:
    office.book(ahead=3 * DAY)
    draft = RuleDraft(name="", event=CONFIRMED, link_ids=office.rule(BEFORE).link_ids, actions=(an_action(),))

    said = foretold(office, Change(draft=draft))

    assert (said.is_none, said.is_of_coming, said.bookings) == (True, False, 0)


def test_more_bookings_than_are_planned_at_once_are_not_looked_at(office: World) -> None:
    rule = office.rule(BEFORE, before_or_after=HOUR)
    for number in range(automation.BATCH + 3):
        office.book(ahead=3 * DAY + number * HOUR)

    said = foretold(office, Change(draft=replace(rule.draft, offsets=(2 * HOUR,)), rule_id=rule.id))

    assert (said.bookings, said.is_whole) == (automation.BATCH, False)
    assert (said.moved.number, said.staying.number) == (automation.BATCH, 0)
