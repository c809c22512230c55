from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND, a_booking
from tocsin.domain.events import TIMED, EventKind
from tocsin.domain.schedule import AFTER_THE_END, HORIZON, due_at, expires_at, is_coming

BEFORE, AFTER = EventKind.BEFORE_MEETING_STARTS, EventKind.AFTER_MEETING_ENDS
BOOKING = a_booking(starts_at=NOON, ends_at=NOON + 30 * MINUTE)
OFFSETS = st.integers(0, 525_600).map(lambda minutes: timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("kind", "offset", "due"),
    [
        (BEFORE, 30 * MINUTE, NOON - 30 * MINUTE),
        (BEFORE, timedelta(0), NOON),
        (BEFORE, 365 * DAY, NOON - 365 * DAY),
        (AFTER, timedelta(0), NOON + 30 * MINUTE),
        (AFTER, 2 * HOUR, NOON + 150 * MINUTE),
    ],
)
def test_a_timed_event_falls_due_by_elapsed_time(kind: EventKind, offset: timedelta, due: datetime) -> None:
    assert due_at(kind, BOOKING, offset=offset) == due


@pytest.mark.parametrize(
    ("kind", "due", "expires"),
    [
        pytest.param(BEFORE, NOON - HOUR, NOON, id="a reminder, at the start"),
        pytest.param(BEFORE, NOON, NOON + 15 * MINUTE, id="a reminder due at the start, a little later"),
        pytest.param(AFTER, NOON + 30 * MINUTE, NOON + 30 * MINUTE + DAY, id="after the end, a day later"),
        pytest.param(AFTER, NOON, NOON + 30 * MINUTE + DAY, id="after the end, never less than a day after it"),
        pytest.param(AFTER, NOON + 9 * HOUR, NOON + 9 * HOUR + DAY, id="long after the end, a day after it was due"),
        pytest.param(EventKind.BOOKING_CONFIRMED, NOON, NOON + 72 * HOUR, id="all others, after three days"),
    ],
)
def test_it_is_too_late_for(kind: EventKind, due: datetime, expires: datetime) -> None:
    assert expires_at(kind, BOOKING, due=due) == expires


@given(st.sampled_from(sorted(TIMED)), OFFSETS)
def test_a_timed_delivery_always_has_time_between_due_and_expired(kind: EventKind, offset: timedelta) -> None:
    due = due_at(kind, BOOKING, offset=offset)

    assert expires_at(kind, BOOKING, due=due) > due


@given(OFFSETS, OFFSETS)
def test_a_larger_offset_is_further_from_the_meeting(one: timedelta, other: timedelta) -> None:
    near, far = sorted((one, other))

    assert due_at(BEFORE, BOOKING, offset=far) <= due_at(BEFORE, BOOKING, offset=near) <= BOOKING.starts_at
    assert due_at(AFTER, BOOKING, offset=far) >= due_at(AFTER, BOOKING, offset=near) >= BOOKING.ends_at


@given(st.sampled_from(sorted(set(EventKind) - TIMED)), st.timedeltas(-9999 * DAY, 9999 * DAY))
def test_other_deliveries_are_tried_for_the_whole_horizon(kind: EventKind, elapsed: timedelta) -> None:
    assert expires_at(kind, BOOKING, due=NOON + elapsed) == NOON + elapsed + HORIZON


def test_a_mail_after_the_meeting_makes_sense_for_a_day() -> None:
    assert AFTER_THE_END == DAY


@pytest.mark.parametrize(
    ("kind", "now", "expected"),
    [
        (BEFORE, NOON - SECOND, True),
        (BEFORE, NOON, False),
        (AFTER, NOON, True),
        (AFTER, NOON + 30 * MINUTE - SECOND, True),
        (AFTER, NOON + 30 * MINUTE, False),
    ],
)
def test_a_new_timed_rule_concerns_a_meeting_until(kind: EventKind, now: datetime, expected: bool) -> None:
    assert is_coming(kind, BOOKING, now=now) is expected
