from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    a_booking,
    a_cancelled_booking,
    a_delivery,
    a_settlement,
)
from tocsin.domain.delivery import OPEN, Outcome, Result, State, Verdict, stale, verdict
from tocsin.domain.events import EventKind
from tocsin.domain.model import BookingStatus

PAUSE = timedelta(seconds=30)
TROUBLE = st.sampled_from([Result.TEMPORARY, Result.UNKNOWN])


def outcome(result: Result) -> Outcome:
    return Outcome(result=result, code=451, enhanced_code="4.7.1", reply="later")


def test_a_delivery_that_is_in_time_is_still_to_be_sent() -> None:
    assert stale(a_delivery(expires_at=NOON + SECOND), a_booking(), now=NOON) is None


def test_a_delivery_expires_at_the_very_moment() -> None:
    assert stale(a_delivery(expires_at=NOON), a_booking(), now=NOON) == Verdict(
        state=State.EXPIRED, reason="not sent by 2026-11-24 12:00 UTC"
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"created_at": NOON}, id="what was asked for before"),
        pytest.param({"event": EventKind.BEFORE_MEETING_STARTS, "created_at": NOON + DAY}, id="a reminder"),
        pytest.param({"event": EventKind.AFTER_MEETING_ENDS, "created_at": NOON + DAY}, id="a mail after the meeting"),
    ],
)
def test_a_cancellation_withdraws(change: dict[str, Any]) -> None:
    assert stale(a_delivery(**change), a_cancelled_booking(), now=NOON) == Verdict(
        state=State.CANCELLED, reason="the booking was cancelled first"
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"event": EventKind.BOOKING_CANCELLED, "created_at": NOON}, id="the mail about it"),
        pytest.param({"event": EventKind.MEETING_OUTCOME_CHANGED, "created_at": NOON + HOUR}, id="what came with it"),
        pytest.param({"event": EventKind.MEETING_OUTCOME_CHANGED, "created_at": NOON + DAY}, id="what came after it"),
    ],
)
def test_a_cancellation_does_not_withdraw(change: dict[str, Any]) -> None:
    assert stale(a_delivery(**change), a_cancelled_booking(cancelled_at=NOON + HOUR), now=NOON) is None


def test_a_booking_that_ended_without_a_moment_withdraws_all_but_the_mail_about_it() -> None:
    rejected = a_booking(status=BookingStatus.REJECTED, cancelled_at=None)

    assert stale(a_delivery(), rejected, now=NOON) == Verdict(
        state=State.CANCELLED, reason="the booking was rejected first"
    )


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Result.ACCEPTED, Verdict(state=State.SENT)),
        (Result.PERMANENT, Verdict(state=State.FAILED, reason="later")),
        (Result.TRANSPORT, Verdict(state=State.SCHEDULED, reason="later", next_at=NOON + PAUSE)),
        (Result.WITHDRAWN, Verdict(state=State.SCHEDULED, reason="later", next_at=NOON)),
        (Result.TEMPORARY, Verdict(state=State.RETRYING, reason="later", next_at=NOON + 30 * SECOND)),
        (Result.UNKNOWN, Verdict(state=State.RETRYING, reason="later", next_at=NOON + 30 * SECOND)),
    ],
)
def test_an_attempt_that_ended_as(result: Result, expected: Verdict) -> None:
    assert verdict(a_delivery(), outcome(result), now=NOON, jitter=0.5, pause=PAUSE) == expected


@pytest.mark.parametrize("result", [Result.TRANSPORT, Result.WITHDRAWN])
def test_the_relays_own_trouble_leaves_a_retry_a_retry(result: Result) -> None:
    after = verdict(a_delivery(failures=1), outcome(result), now=NOON, jitter=0.5, pause=PAUSE)

    assert after.state is State.RETRYING


def test_each_failure_makes_the_next_wait_longer() -> None:
    after = verdict(a_delivery(failures=2), outcome(Result.TEMPORARY), now=NOON, jitter=0.5, pause=PAUSE)

    assert after.next_at == NOON + 5 * MINUTE


def test_a_wait_that_passes_the_expiry_is_cut_to_one_last_try() -> None:
    delivery = a_delivery(failures=5, expires_at=NOON + 10 * MINUTE)

    after = verdict(delivery, outcome(Result.TEMPORARY), now=NOON, jitter=0.5, pause=PAUSE)

    assert after.next_at == NOON + 10 * MINUTE - SECOND


def test_the_last_try_is_not_followed_by_another_at_once() -> None:
    delivery = a_delivery(failures=5, expires_at=NOON + SECOND, next_at=NOON + MINUTE)

    after = verdict(delivery, outcome(Result.TEMPORARY), now=NOON, jitter=0.5, pause=PAUSE)

    assert after.next_at == NOON + MINUTE


@given(TROUBLE, st.integers(0, 20), st.floats(0, 1), st.timedeltas(SECOND, 3 * DAY))
def test_a_retry_never_waits_beyond_the_last_moment_at_which_it_makes_sense(
    result: Result, failures: int, jitter: float, left: timedelta
) -> None:
    delivery = a_delivery(failures=failures, expires_at=NOON + left, next_at=NOON)

    after = verdict(delivery, outcome(result), now=NOON, jitter=jitter, pause=PAUSE)

    assert after.next_at is not None
    assert NOON <= after.next_at < delivery.expires_at


@given(st.sampled_from(Result), st.integers(0, 20), st.floats(0, 1), st.timedeltas(-DAY, 9 * DAY))
def test_a_delivery_acts_again_exactly_while_it_is_open(
    result: Result, failures: int, jitter: float, elapsed: timedelta
) -> None:
    after = verdict(a_delivery(failures=failures), outcome(result), now=NOON + elapsed, jitter=jitter, pause=PAUSE)

    assert (after.next_at is not None) == (after.state in OPEN)


@pytest.mark.parametrize(
    ("result", "counts"),
    [
        (Result.ACCEPTED, False),
        (Result.TEMPORARY, True),
        (Result.PERMANENT, False),
        (Result.UNKNOWN, True),
        (Result.TRANSPORT, False),
        (Result.WITHDRAWN, False),
    ],
)
def test_only_what_failed_for_the_delivery_itself_counts(result: Result, counts: bool) -> None:
    assert a_settlement(a_delivery(), outcome=outcome(result)).counts is counts


def test_what_never_reached_the_relay_does_not_count() -> None:
    assert not a_settlement(a_delivery(), outcome=None).counts


def test_the_states_up_to_sent_are_open() -> None:
    assert {state.value for state in OPEN} == {"scheduled", "sending", "retrying", "paused"}
