from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import HOUR, NOON, a_booking, a_member, an_outcome
from tocsin.domain.events import Event, EventKind, events_between, supposed
from tocsin.domain.model import Booking, BookingStatus, MemberId, OutcomeId, Place

AWAITING = {"status": BookingStatus.AWAITING_APPROVAL}
CANCELLED = {"status": BookingStatus.CANCELLED}
REJECTED = {"status": BookingStatus.REJECTED}
LATER = {"ends_at": a_booking().ends_at + HOUR}
WON, LOST = an_outcome(), an_outcome(id=OutcomeId("lost"))

BOOKINGS = st.builds(
    a_booking,
    status=st.sampled_from(BookingStatus),
    ends_at=st.sampled_from([a_booking().ends_at, a_booking().ends_at + HOUR]),
    place=st.sampled_from([Place(), Place(spot="phone")]),
    is_no_show=st.booleans(),
    outcome=st.sampled_from([None, WON, LOST]),
)


def kinds(before: Booking | None, after: Booking) -> list[str]:
    return [event.kind.value for event in events_between(before, after, now=NOON)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({}, {}, [], id="nothing"),
        pytest.param(AWAITING, {}, ["booking_confirmed"], id="approved"),
        pytest.param(AWAITING, LATER, ["booking_confirmed"], id="approved and moved at once"),
        pytest.param(AWAITING, AWAITING | LATER, [], id="moved while it awaits approval"),
        pytest.param(AWAITING, REJECTED, ["booking_cancelled"], id="rejected"),
        pytest.param(AWAITING, CANCELLED, ["booking_cancelled"], id="cancelled while it awaits approval"),
        pytest.param({}, CANCELLED, ["booking_cancelled"], id="cancelled"),
        pytest.param({}, CANCELLED | LATER, ["booking_cancelled"], id="moved and cancelled at once"),
        pytest.param(CANCELLED, CANCELLED, [], id="cancelled before"),
        pytest.param({}, LATER, ["booking_rescheduled"], id="moved"),
        pytest.param({}, {"place": Place(spot="phone")}, ["booking_rescheduled"], id="another place"),
        pytest.param({}, {"hosts": (a_member(id=MemberId("m2")),)}, ["booking_rescheduled"], id="another host"),
        pytest.param({}, {"is_no_show": True}, ["marked_no_show"], id="marked no-show"),
        pytest.param({"is_no_show": True}, {}, [], id="the no-show mark taken away"),
        pytest.param({"is_no_show": True}, {"is_no_show": True}, [], id="marked no-show before"),
        pytest.param({}, {"outcome": WON}, ["meeting_outcome_changed"], id="an outcome"),
        pytest.param({"outcome": WON}, {"outcome": LOST}, ["meeting_outcome_changed"], id="another outcome"),
        pytest.param({"outcome": WON}, {}, ["meeting_outcome_changed"], id="the outcome taken away"),
        pytest.param({"outcome": WON}, {"outcome": an_outcome(name="Gain")}, [], id="the same outcome, renamed"),
        pytest.param(
            {},
            LATER | {"is_no_show": True, "outcome": WON},
            ["booking_rescheduled", "marked_no_show", "meeting_outcome_changed"],
            id="several things at once",
        ),
    ],
)
def test_what_happened(before: dict[str, Any], after: dict[str, Any], expected: list[str]) -> None:
    assert kinds(a_booking(**before), a_booking(**after)) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [(BookingStatus.CONFIRMED, ["booking_confirmed"]), (BookingStatus.AWAITING_APPROVAL, [])],
)
def test_a_new_booking_is_an_event_only_if_it_is_confirmed(status: BookingStatus, expected: list[str]) -> None:
    assert kinds(None, a_booking(status=status)) == expected


def test_an_event_carries_the_booking_as_it_is_after_it() -> None:
    after = a_booking(revision=1, **LATER)

    assert events_between(a_booking(), after, now=NOON) == [
        Event(kind=EventKind.BOOKING_RESCHEDULED, booking=after, occurred_at=NOON)
    ]


@given(BOOKINGS)
def test_a_change_that_changes_nothing_is_no_event(booking: Booking) -> None:
    assert kinds(booking, booking) == []


@given(BOOKINGS, BOOKINGS)
def test_each_event_happens_at_most_once_in_one_change_and_none_of_them_is_timed(
    before: Booking, after: Booking
) -> None:
    happened = kinds(before, after)

    assert len(set(happened)) == len(happened)
    assert not {"before_meeting_starts", "after_meeting_ends"} & set(happened)


@pytest.mark.parametrize("kind", list(EventKind))
def test_whatever_is_supposed_to_happen_to_a_booking_that_awaits_approval_it_was_approved_or_called_off(
    kind: EventKind,
) -> None:
    found = supposed(kind, a_booking(status=BookingStatus.AWAITING_APPROVAL), now=NOON)

    is_over = kind is EventKind.BOOKING_CANCELLED
    assert found.status is (BookingStatus.CANCELLED if is_over else BookingStatus.CONFIRMED)
    assert found.is_no_show is (kind is EventKind.MARKED_NO_SHOW)
