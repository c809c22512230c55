from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import (
    BOOKING_ID,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    RULE_ID,
    SECOND,
    a_booking,
    a_delivery,
    a_planned,
    a_reminder,
    a_rule,
    an_action,
    an_event,
)
from tocsin.domain.delivery import State
from tocsin.domain.events import TIMED, EventKind
from tocsin.domain.model import Booking, BookingStatus, LinkId
from tocsin.domain.plan import plan, plan_timed, planned_as
from tocsin.domain.rules import AutomationRule, RuleId

EMAILS = st.lists(
    st.sampled_from(["ada@x.org", "ada@X.org", "bob@x.org", "{{client.email}}", "{{host.email}}"]), min_size=1
)
ACTIONS = st.lists(EMAILS.map(lambda emails: an_action(emails=tuple(emails))), min_size=1, max_size=3)


def a_random_rule(kind: EventKind, minutes: int, actions: list[object], number: int) -> AutomationRule:
    offsets = (timedelta(minutes=minutes),) if kind in TIMED else ()
    return a_rule(id=RuleId(f"rule-{number}"), event=kind, offsets=offsets, actions=tuple(actions))


RULES = st.lists(
    st.builds(a_random_rule, st.sampled_from(EventKind), st.integers(0, 3000), ACTIONS, number=st.integers(0, 10_000)),
    max_size=4,
    unique_by=lambda rule: rule.id,
)
MOMENTS = st.timedeltas(-4 * DAY, 6 * DAY).map(lambda elapsed: NOON + elapsed)


def test_a_rule_plans_one_delivery_for_each_recipient_of_each_action() -> None:
    one, two = an_action(emails=("a@x.org", "b@x.org")), an_action(emails=("a@x.org",))

    planned = plan(an_event(), [a_rule(actions=(one, two))])

    assert [(p.action_index, p.recipient, p.rank) for p in planned] == [
        (0, "a@x.org", 0),
        (0, "b@x.org", 1),
        (1, "a@x.org", 2),
    ]


def test_a_planned_delivery_says_where_it_comes_from_and_is_due_at_once() -> None:
    event = an_event(booking=a_booking(revision=4))

    assert plan(event, [a_rule(revision=7)]) == [
        a_planned(
            key=f"{RULE_ID}/{BOOKING_ID}/4/booking_confirmed/0/ada@example.org",
            rule_revision=7,
            booking_revision=4,
            due_at=NOON,
            expires_at=NOON + 72 * HOUR,
        )
    ]


def test_only_rules_that_fire_are_planned() -> None:
    silent = a_rule(enabled=False), a_rule(event=EventKind.MARKED_NO_SHOW), a_rule(link_ids=(LinkId("other"),))

    assert plan(an_event(), silent) == []


def test_several_rules_keep_their_order() -> None:
    rules = [a_rule(id=RuleId("first")), a_rule(id=RuleId("second"))]

    assert [(p.rule_id, p.rank) for p in plan(an_event(), rules)] == [("first", 0), ("second", 1)]


def test_the_next_revision_is_another_delivery() -> None:
    first, second = an_event(booking=a_booking(revision=1)), an_event(booking=a_booking(revision=2))

    assert {p.key for p in plan(first, [a_rule()])}.isdisjoint(p.key for p in plan(second, [a_rule()]))


def test_a_reminder_is_due_before_the_start() -> None:
    planned = plan_timed(a_booking(), [a_reminder(offsets=(HOUR,))], now=NOON)

    assert [(p.due_at, p.expires_at, p.state) for p in planned] == [(NOON + DAY - HOUR, NOON + DAY, State.SCHEDULED)]


def test_a_mail_after_the_meeting_is_due_after_its_end() -> None:
    rule = a_rule(event=EventKind.AFTER_MEETING_ENDS, offsets=(HOUR,))

    (planned,) = plan_timed(a_booking(), [rule], now=NOON)

    assert planned.due_at == a_booking().ends_at + HOUR
    assert planned.expires_at == planned.due_at + DAY


def test_an_offset_of_zero_is_due_at_the_very_moment() -> None:
    (planned,) = plan_timed(a_booking(), [a_reminder(offsets=(0 * HOUR,))], now=NOON)

    assert planned.due_at == a_booking().starts_at


def test_a_rule_with_several_offsets_is_due_at_each_and_each_is_too_late_when_the_next_is_due() -> None:
    start = a_booking().starts_at

    planned = plan_timed(a_booking(), [a_reminder(offsets=(12 * HOUR, HOUR, 10 * MINUTE))], now=NOON)

    assert [(one.due_at, one.expires_at) for one in planned] == [
        (start - 12 * HOUR, start - HOUR),
        (start - HOUR, start - 10 * MINUTE),
        (start - 10 * MINUTE, start),
    ]
    assert len({one.key for one in planned}) == 3


def test_of_several_reminders_whose_moments_have_passed_only_the_last_is_sent() -> None:
    start = a_booking().starts_at

    planned = plan_timed(a_booking(), [a_reminder(offsets=(12 * HOUR, HOUR, 10 * MINUTE))], now=start - 30 * MINUTE)

    assert [one.state for one in planned] == [State.EXPIRED, State.SCHEDULED, State.SCHEDULED]


def test_a_reminder_whose_moment_has_passed_is_sent_at_once_while_the_meeting_has_not_started() -> None:
    (planned,) = plan_timed(a_booking(), [a_reminder(offsets=(2 * DAY,))], now=NOON)

    assert planned.due_at < NOON
    assert planned.state is State.SCHEDULED
    assert planned.reason == ""


@pytest.mark.parametrize(
    ("now", "state"),
    [
        pytest.param(NOON + DAY - SECOND, State.SCHEDULED, id="a second before the start"),
        pytest.param(NOON + DAY, State.EXPIRED, id="at the start"),
    ],
)
def test_a_reminder_planned_too_late_is_recorded_as_expired(now: datetime, state: State) -> None:
    (planned,) = plan_timed(a_booking(), [a_reminder(offsets=(HOUR,))], now=now)

    assert planned.state is state
    late = "it was due at 2026-11-25 11:00 UTC, too late when it was planned"
    assert planned.reason == (late if state is State.EXPIRED else "")


@pytest.mark.parametrize("status", sorted(set(BookingStatus) - {BookingStatus.CONFIRMED}))
def test_only_a_confirmed_booking_has_timed_deliveries(status: BookingStatus) -> None:
    assert plan_timed(a_booking(status=status), [a_reminder()], now=NOON) == []


def test_timed_planning_leaves_other_rules_alone() -> None:
    assert plan_timed(a_booking(), [a_rule(), a_reminder(enabled=False)], now=NOON) == []


def test_a_change_that_does_not_move_the_moment_finds_the_same_reminder() -> None:
    longer = a_booking(revision=1, ends_at=a_booking().ends_at + HOUR)

    (before,) = plan_timed(a_booking(), [a_reminder()], now=NOON)
    (after,) = plan_timed(longer, [a_reminder(revision=2)], now=NOON + MINUTE)

    assert before.key == after.key
    assert (after.rule_revision, after.booking_revision) == (2, 1)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, True, id="the same one"),
        pytest.param({"recipient": "ada@EXAMPLE.org"}, True, id="the same one in other letters"),
        pytest.param({"booking_revision": 9, "rule_revision": 9}, True, id="one of another revision"),
        pytest.param({"recipient": "bob@example.org"}, False, id="one to somebody else"),
        pytest.param({"action_index": 1}, False, id="one of another action"),
        pytest.param({"due_at": NOON + DAY}, False, id="one of another moment"),
    ],
)
def test_a_timed_delivery_is_found_among_what_is_planned_now(change: dict[str, Any], expected: bool) -> None:
    planned = plan_timed(a_booking(), [a_reminder(offsets=(HOUR,))], now=NOON)

    found = planned_as(a_delivery(**({"due_at": NOON + DAY - HOUR} | change)), planned)
    assert found == (planned[0] if expected else None)
    assert planned_as(a_delivery(due_at=NOON + DAY - HOUR), []) is None


def test_an_address_written_in_another_way_is_the_same_delivery() -> None:
    one, other = (a_rule(actions=(an_action(emails=(email,)),)) for email in ("ada@x.org", "ada@X.ORG"))

    assert [p.key for p in plan(an_event(), [one])] == [p.key for p in plan(an_event(), [other])]


def test_a_change_that_moves_the_moment_makes_another_reminder() -> None:
    earlier = a_booking(starts_at=a_booking().starts_at - MINUTE)

    (before,) = plan_timed(a_booking(), [a_reminder()], now=NOON)
    (after,) = plan_timed(earlier, [a_reminder()], now=NOON)

    assert before.key != after.key


@given(RULES, st.sampled_from(EventKind))
def test_planning_twice_gives_the_same_keys_and_never_one_twice(rules: list[AutomationRule], kind: EventKind) -> None:
    event = an_event(kind=kind)

    keys = [p.key for p in plan(event, rules)]

    assert keys == [p.key for p in plan(replace(event, occurred_at=NOON + HOUR), rules)]
    assert len(set(keys)) == len(keys)


@given(RULES, MOMENTS, MOMENTS, st.integers(0, 9))
def test_planning_timed_rules_again_gives_the_same_keys_whenever_it_happens(
    rules: list[AutomationRule], now: datetime, later: datetime, revision: int
) -> None:
    keys = [p.key for p in plan_timed(a_booking(), rules, now=now)]

    assert keys == [p.key for p in plan_timed(a_booking(revision=revision), rules, now=later)]
    assert len(set(keys)) == len(keys)


@given(RULES, MOMENTS)
def test_nothing_is_planned_to_be_sent_when_it_has_expired(rules: list[AutomationRule], now: datetime) -> None:
    for planned in plan_timed(a_booking(), rules, now=now):
        assert (planned.state is State.EXPIRED) == (now >= planned.expires_at)


@given(RULES, st.sampled_from(EventKind))
def test_ranks_count_up(rules: list[AutomationRule], kind: EventKind) -> None:
    booking: Booking = a_booking()

    ranks = [p.rank for p in plan(an_event(kind=kind, booking=booking), rules)]

    assert ranks == list(range(len(ranks)))
