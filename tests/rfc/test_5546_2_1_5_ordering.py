"""RFC 5546, 2.1.5: by UID, then SEQUENCE, then DTSTAMP a calendar knows which message is the latest."""

from datetime import datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOON, SECOND, a_booking, a_delivery, a_scene, an_action
from tests.calendars import LastWriteWinsCalendar, StrictCalendar
from tocsin.domain.invite import Invitation
from tocsin.domain.model import BookingStatus
from tocsin.services.messages import compose

ADA = "ada@example.org"


def stream(starts: list[int], *, ends_cancelled: bool, moments: list[datetime]) -> list[bytes]:
    """Return the messages of a booking that is confirmed, moved to each of `starts` (hours), and perhaps cancelled."""
    told: Invitation | None = None
    messages = []
    for revision, (hours, now) in enumerate(zip(starts, moments, strict=True)):
        start = NOON + timedelta(hours=hours)
        is_over = ends_cancelled and revision == len(starts) - 1
        status = BookingStatus.CANCELLED if is_over else BookingStatus.CONFIRMED
        booking = a_booking(starts_at=start, ends_at=start + timedelta(hours=1), revision=revision, status=status)
        frozen, told = compose(a_delivery(), an_action(), a_scene(booking=booking, told=told), now=now)
        messages.append(frozen.message)
    return messages


def test_in_whatever_order_messages_arrive_a_strict_calendar_ends_with_the_latest() -> None:
    messages = stream([1, 2, 3], ends_cancelled=False, moments=[NOON, NOON, NOON])

    for arrived in permutations(messages):
        calendar = StrictCalendar(ADA)
        calendar.receive_all(arrived)

        (held,) = calendar.appointments.values()
        assert held.starts_at == NOON + timedelta(hours=3)


def test_a_cancel_wins_in_whatever_order_it_arrives() -> None:
    messages = stream([1, 2, 2], ends_cancelled=True, moments=[NOON, NOON, NOON])

    for arrived in permutations(messages):
        calendar = StrictCalendar(ADA)
        calendar.receive_all(arrived)

        assert calendar.appointments == {}


@given(
    starts=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    ends_cancelled=st.booleans(),
    steps=st.lists(st.integers(-5, 5), min_size=6, max_size=6),
)
def test_in_order_and_with_repeats_both_calendars_agree_even_if_a_clock_goes_back(
    starts: list[int], *, ends_cancelled: bool, steps: list[int]
) -> None:
    moments = [NOON + sum(steps[: n + 1]) * SECOND for n in range(len(starts))]
    messages = stream(starts, ends_cancelled=ends_cancelled, moments=moments)
    strict, lax = StrictCalendar(ADA), LastWriteWinsCalendar(ADA)

    for message in messages:
        for calendar in (strict, lax):
            calendar.receive_all([message, message])

    assert strict.ignored == []
    assert strict.appointments == lax.appointments
    assert len(strict.appointments) == (0 if ends_cancelled else 1)
