"""A dry run lists what would have been sent: the same deliveries as a rule makes that was really there."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    WORKSPACE_ID,
    a_call,
    a_client,
    a_rule_draft,
    an_email,
)
from tests.journeys.lives import BACKGROUNDS, DRAFTS, HISTORIES, LONG, Lived, Step, a_world
from tests.journeys.world import World
from tocsin.domain.actions import ActionType
from tocsin.domain.conditions import Condition, Field, Operator
from tocsin.domain.delivery import Cause, Delivery, State
from tocsin.domain.dry_run import Progress
from tocsin.domain.events import EventKind
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.domain.sync import SETTLE
from tocsin.services import automation, ports, rules
from tocsin.services.dry_run import DryRun, Tried, dry_run
from tocsin.services.past import Span, Wanted, gather
from tocsin.storage.scratch import Scratch
from tocsin.storage.store import SqlStore

# Of 300 most are lived on SQLite: the services are the same on both, and a history takes twice as long on PostgreSQL.
ON_SQLITE, ON_POSTGRESQL = 250, 50


def tried(
    world: World,
    draft: RuleDraft,
    start: datetime,
    end: datetime,
    *,
    rule_id: str = "",
    scratch: ports.Scratch | None = None,
) -> DryRun:
    wanted = Wanted(draft=draft, rule_id=rule_id, span=Span(start=start, end=end))
    with world.store.reading(WORKSPACE_ID) as tx:
        workspace = tx.workspaces.by_id(WORKSPACE_ID)
        assert workspace is not None
        past = gather(tx, workspace, wanted)
    told = list[Progress]()
    found = dry_run(world.sender, scratch or Scratch().open, past, wanted, now=world.clock(), told=told.append)
    done = [one.done for one in told]
    assert done == sorted(done)
    assert told[-1].done == told[-1].total == len(past.lives) * (2 if past.rules else 1)
    return found


@contextmanager
def another_world(store: SqlStore, background: list[RuleDraft]) -> Iterator[tuple[Lived, list[AutomationRule]]]:
    try:
        yield a_world(store, background)
    finally:
        with store.registry() as registry:
            registry.delete(WORKSPACE_ID)


def listed(lived: Lived, some: list[Delivery] | tuple[Tried, ...]) -> list[tuple[Any, ...]]:
    deliveries = [one.delivery if isinstance(one, Tried) else one for one in some]
    return sorted(lived.told(one) for one in deliveries)


def sent(lived: Lived, deliveries: list[Delivery]) -> Counter[tuple[Any, ...]]:
    return Counter(lived.told(one)[:7] for one in deliveries if one.state is State.SENT)


# What happened before the window and in it; the rule is there from the window's beginning on.
LIVES = st.tuples(st.one_of(st.just([]), HISTORIES), HISTORIES)


@given(draft=DRAFTS, background=BACKGROUNDS, life=LIVES)
@settings(max_examples=ON_SQLITE, suppress_health_check=list(HealthCheck))
def test_a_dry_run_is_what_really_happens(
    sqlite_store: SqlStore, draft: RuleDraft, background: list[RuleDraft], life: tuple[list[Step], list[Step]]
) -> None:
    check(sqlite_store, draft, background, life)


@given(draft=DRAFTS, background=BACKGROUNDS, life=LIVES)
@settings(max_examples=ON_POSTGRESQL, suppress_health_check=list(HealthCheck))
def test_a_dry_run_on_postgresql_is_what_really_happens(
    postgres_store: SqlStore, draft: RuleDraft, background: list[RuleDraft], life: tuple[list[Step], list[Step]]
) -> None:
    check(postgres_store, draft, background, life)


def check(store: SqlStore, draft: RuleDraft, background: list[RuleDraft], life: tuple[list[Step], list[Step]]) -> None:
    with another_world(store, background) as (without, _):
        early = without.live(life[0])
        without.wait(1)
        start = without.world.clock()
        late = without.live(life[1])
        end = without.world.clock() + LONG
        without.go_to(end)
        found = tried(without.world, draft, start, end)
        dry = listed(without, found.deliveries)
        present = sent(without, without.world.deliveries())
        anyway = {without.told(one.delivery)[:7] for one in found.deliveries if one.is_told_anyway}
        lost = Counter(without.told(one.delivery)[:7] for one in found.no_longer)

    with another_world(store, background) as (real, _):
        real.live(early)
        rule = real.save(draft)
        real.live(late)
        real.go_to(end)
        own = [one for one in real.world.deliveries(rule_id=rule.id) if one.due_at >= start]
        others = sent(real, real.world.deliveries())

    assert dry == listed(real, own)
    assert lost == present - others
    assert anyway == {real.told(one)[:7] for one in own} & set(present)


@given(draft=DRAFTS, background=BACKGROUNDS, past=HISTORIES)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_a_dry_run_of_what_is_to_come_is_what_comes_if_nothing_changes(
    store: SqlStore, draft: RuleDraft, background: list[RuleDraft], past: list[Step]
) -> None:
    with another_world(store, background) as (lived, _):
        lived.live(past)
        lived.wait(1)
        start = lived.world.clock() + SECOND
        end = start + LONG
        dry = listed(lived, tried(lived.world, draft, start, end).deliveries)

        with lived.world.store.transaction(WORKSPACE_ID) as tx:
            rule = rules.create(tx, draft, now=lived.world.clock(), chance=lived.world.chance)
        lived.go_to(end)
        real = [one for one in lived.world.deliveries(rule_id=rule.id) if one.due_at >= start]

        assert dry == listed(lived, real)


@given(drafts=st.tuples(DRAFTS, DRAFTS), background=BACKGROUNDS, life=LIVES)
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_a_dry_run_of_a_change_is_what_the_changed_rule_does(
    store: SqlStore,
    drafts: tuple[RuleDraft, RuleDraft],
    background: list[RuleDraft],
    life: tuple[list[Step], list[Step]],
) -> None:
    former, draft = drafts
    with another_world(store, [*background, former]) as (without, made):
        early = without.live(life[0])
        without.wait(1)
        start = without.world.clock()
        late = without.live(life[1])
        end = without.world.clock() + LONG
        without.go_to(end)
        found = tried(without.world, draft, start, end, rule_id=made[-1].id)
        dry = listed(without, found.deliveries)
        lost = Counter(without.told(one.delivery)[:7] for one in found.no_longer)
        present = sent(without, [one for one in without.world.deliveries() if one.due_at >= start])

    with another_world(store, [*background, former]) as (real, made):
        real.live(early)
        real.wait(1)
        with real.world.store.transaction(WORKSPACE_ID) as tx:
            rules.change(tx, made[-1].id, lambda _: draft, now=real.world.clock(), chance=real.world.chance)
        real.live(late)
        real.go_to(end)
        own = [one for one in real.world.deliveries(rule_id=made[-1].id) if one.due_at >= start]
        changed = sent(real, [one for one in real.world.deliveries() if one.due_at >= start])

    assert dry == listed(real, own)
    assert lost == present - changed


# What a random history hardly hits


def test_a_client_who_booked_long_before_the_window_is_not_new(office: World) -> None:
    is_new = Condition(field=Field.CLIENT_IS_NEW, operator=Operator.IS, value=True)
    office.book(ahead=HOUR)
    office.go_to(office.clock() + 30 * DAY)
    start = office.clock()
    office.book()
    office.book(client=a_client(email="zed@example.net"))

    found = tried(office, a_rule_draft(conditions=(is_new,)), start, start + DAY)

    assert found.bookings == 2
    assert sorted((one.is_sent, one.delivery.reason) for one in found.deliveries) == [
        (False, "the rule asks that client.is_new is true; client.is_new is false"),
        (True, ""),
    ]


def test_what_keeps_an_invite_true_is_listed_where_it_falls_due_and_not_where_the_change_was(office: World) -> None:
    rule = office.rule(EventKind.BOOKING_CONFIRMED, keep_in_sync=True)
    booking = office.book()
    office.go_to(office.clock() + HOUR)
    moved_at = office.clock()
    office.move(booking)
    office.go_to(moved_at + HOUR)

    later = tried(office, rule.draft, moved_at + SECOND, moved_at + MINUTE, rule_id=rule.id)
    sooner = tried(office, rule.draft, moved_at, moved_at + SECOND, rule_id=rule.id)

    assert [(one.delivery.cause, one.delivery.due_at, one.is_sent) for one in later.deliveries] == [
        (Cause.KEEP_IN_SYNC, moved_at + SETTLE, True)
    ]
    assert sooner.deliveries == ()


def test_a_reminder_is_listed_although_the_booking_was_moved_away_after_the_window(office: World) -> None:
    reminder = a_rule_draft(event=EventKind.BEFORE_MEETING_STARTS, offsets=(HOUR,))
    booking = office.book(ahead=DAY)
    end = booking.ends_at
    office.go_to(end + DAY)
    office.move(booking, by=30 * DAY)

    found = tried(office, reminder, booking.created_at, end)

    assert [(one.delivery.due_at, one.is_sent) for one in found.deliveries] == [(booking.starts_at - HOUR, True)]


def test_an_answer_in_the_window_is_heard_although_nothing_else_happened(office: World) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED)
    booking = office.book()
    office.go_to(office.clock() + HOUR)
    start = office.clock()
    office.answer(booking, Rsvp.DECLINED)

    found = tried(office, a_rule_draft(event=EventKind.INVITE_DECLINED), start, start + HOUR)

    assert [(one.delivery.about, one.delivery.due_at) for one in found.deliveries] == [("ada@example.org", start)]


def test_an_unfinished_booking_of_many_is_planned_however_many_there_are(
    office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automation, "BATCH", 2)
    booked = [office.book(ahead=DAY + number * HOUR) for number in range(5)]
    start = office.clock() + SECOND
    reminder = a_rule_draft(event=EventKind.BEFORE_MEETING_STARTS, offsets=(HOUR,))

    found = tried(office, reminder, start, start + 3 * DAY)

    assert [one.delivery.booking_id for one in found.deliveries] == [booking.id for booking in booked]


def test_calls_of_webhooks_are_listed_and_what_falls_due_after_them_has_its_own_moment(office: World) -> None:
    booking = office.book(ahead=DAY)
    reminder = a_rule_draft(
        event=EventKind.BEFORE_MEETING_STARTS, actions=(a_call(), an_email()), offsets=(2 * HOUR, HOUR)
    )

    found = tried(office, reminder, office.clock(), booking.ends_at)

    told = [(one.delivery.due_at, one.delivery.action, one.delivery.settled_at) for one in found.deliveries]
    first, second = booking.starts_at - 2 * HOUR, booking.starts_at - HOUR
    calls, mails = ActionType.CALL_WEBHOOK, ActionType.SEND_EMAIL
    assert told == [(first, calls, first), (first, mails, first), (second, calls, second), (second, mails, second)]
    assert all(one.is_sent for one in found.deliveries)


def test_others_write_while_a_dry_run_is_under_way_and_it_does_not_see_them(office: World) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED)
    booking = office.book()

    @contextmanager
    def busy() -> Iterator[ports.Store]:
        with Scratch().open() as store:
            office.move(office.booking(booking))
            office.book()
            yield store

    found = tried(office, a_rule_draft(), office.clock(), office.clock() + DAY, scratch=busy)

    assert found.bookings == 1
    assert [one.is_sent for one in found.deliveries] == [True]
    assert office.booking(booking).revision == 2  # once for each of its two replays
