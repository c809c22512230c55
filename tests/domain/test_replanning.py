"""What takes the place of a paused reminder is paused, and nothing else is."""

from datetime import timedelta

import pytest

from tests.builders import DAY, HOUR, a_booking, a_delivery, an_action
from tests.builders import a_reminder as reminder
from tocsin.domain.delivery import Delivery, State
from tocsin.domain.events import EventKind
from tocsin.domain.model import Booking
from tocsin.domain.plan import Planned, plan_timed
from tocsin.domain.replanning import still_paused
from tocsin.domain.rules import AutomationRule

ADA, BOB = "ada@example.org", "bob@example.org"
BEFORE, AFTER = EventKind.BEFORE_MEETING_STARTS, EventKind.AFTER_MEETING_ENDS
BOOKING = a_booking()
MOVED = a_booking(starts_at=BOOKING.starts_at + DAY, ends_at=BOOKING.ends_at + DAY)
LONG_AGO = BOOKING.starts_at - 30 * DAY


def a_rule(*people: str, offsets: tuple[timedelta, ...] = (HOUR,), event: EventKind = BEFORE) -> AutomationRule:
    return reminder(event=event, offsets=offsets, actions=(an_action(emails=people or (ADA,)),))


def planned(rule: AutomationRule, booking: Booking = BOOKING) -> list[Planned]:
    return plan_timed(booking, [rule], now=LONG_AGO)


def known(rule: AutomationRule, *, paused: set[tuple[str, timedelta]]) -> list[Delivery]:
    """Return what waits of a rule, paused for some people at some offsets."""
    return [
        a_delivery(
            rule_id=one.rule_id,
            action_index=one.action_index,
            event=one.event,
            recipient=one.recipient,
            due_at=one.due_at,
            state=State.PAUSED if (one.recipient, abs(_offset(one))) in paused else State.SCHEDULED,
            reason="paused by ann@example.com" if (one.recipient, abs(_offset(one))) in paused else "",
        )
        for one in planned(rule)
    ]


def _offset(one: Planned) -> timedelta:
    return (BOOKING.starts_at if one.event is BEFORE else BOOKING.ends_at) - one.due_at


def found(
    rule: AutomationRule, after: AutomationRule, booking: Booking = BOOKING, *, paused: set[tuple[str, timedelta]]
) -> list[tuple[str, timedelta]]:
    """Return who is paused at which offset once `after` is planned for `booking`."""
    result = still_paused(planned(after, booking), known(rule, paused=paused), before=BOOKING, after=booking)
    return [(one.recipient, booking.starts_at - one.due_at) for one in result if one.state is State.PAUSED]


@pytest.mark.parametrize("person", [ADA, BOB])
@pytest.mark.parametrize("offset", [HOUR, DAY])
def test_a_move_keeps_the_pause_of_the_same_person_and_offset(person: str, offset: timedelta) -> None:
    rule = a_rule(ADA, BOB, offsets=(DAY, HOUR))

    assert found(rule, rule, MOVED, paused={(person, offset)}) == [(person, offset)]


def test_a_pause_after_the_meeting_is_kept_too() -> None:
    rule = a_rule(event=AFTER)
    result = still_paused(planned(rule, MOVED), known(rule, paused={(ADA, HOUR)}), before=BOOKING, after=MOVED)

    assert [(one.state, one.reason) for one in result] == [(State.PAUSED, "paused by ann@example.com")]


def test_what_stays_the_delivery_that_it_was_needs_no_second_pause() -> None:
    rule = a_rule()

    assert found(rule, rule, paused={(ADA, HOUR)}) == []


def test_another_offset_takes_the_place_of_the_paused_one() -> None:
    assert found(a_rule(), a_rule(offsets=(2 * HOUR,)), paused={(ADA, HOUR)}) == [(ADA, 2 * HOUR)]


def test_an_offset_more_is_not_paused() -> None:
    assert found(a_rule(), a_rule(offsets=(HOUR, DAY)), paused={(ADA, HOUR)}) == []


def test_another_address_with_the_same_offset_takes_the_place_of_one_that_is_gone() -> None:
    assert found(a_rule(ADA), a_rule(BOB), paused={(ADA, HOUR)}) == [(BOB, HOUR)]
    assert found(a_rule(ADA), a_rule(BOB, offsets=(DAY,)), paused={(ADA, HOUR)}) == []


def test_an_address_more_is_not_paused() -> None:
    assert found(a_rule(ADA), a_rule(ADA, BOB), MOVED, paused={(ADA, HOUR)}) == [(ADA, HOUR)]


def test_another_event_is_not_paused() -> None:
    result = still_paused(
        planned(a_rule(event=AFTER)), known(a_rule(), paused={(ADA, HOUR)}), before=BOOKING, after=BOOKING
    )

    assert [one.state for one in result] == [State.SCHEDULED]


def test_what_is_too_late_is_not_paused_but_expires() -> None:
    rule = a_rule(offsets=(DAY, HOUR))
    late = plan_timed(MOVED, [rule], now=MOVED.starts_at - HOUR)

    result = still_paused(late, known(rule, paused={(ADA, DAY), (ADA, HOUR)}), before=BOOKING, after=MOVED)

    assert [one.state for one in result] == [State.EXPIRED, State.PAUSED]
