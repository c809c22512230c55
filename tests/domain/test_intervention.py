"""What a person may do to a delivery that waits, and what follows."""

from collections.abc import Callable

import pytest

from tests.builders import HOUR, NOON, a_delivery
from tocsin.domain.delivery import Cause, Delivery, State, Verdict
from tocsin.domain.errors import ConflictError
from tocsin.domain.intervention import SKIPPED, lapsed, paused, resumed, skipped

ANN = "ann@example.com"
PAUSED = a_delivery(state=State.PAUSED, reason="paused by ann@example.com at 2026-11-24 12:00 UTC")


def pause(delivery: Delivery) -> Verdict:
    return paused(delivery, by=ANN, now=NOON)


def skip(delivery: Delivery) -> Verdict:
    return skipped(delivery, by=ANN)


@pytest.mark.parametrize("state", [State.SCHEDULED, State.RETRYING])
def test_what_waits_is_paused_and_says_by_whom_and_when(state: State) -> None:
    delivery = a_delivery(state=state, next_at=NOON + HOUR)

    assert pause(delivery) == Verdict(
        state=State.PAUSED, reason="paused by ann@example.com at 2026-11-24 12:00 UTC", next_at=NOON + HOUR
    )


@pytest.mark.parametrize("state", [State.SCHEDULED, State.RETRYING, State.PAUSED])
def test_what_waits_is_skipped_and_says_by_whom(state: State) -> None:
    assert skip(a_delivery(state=state)) == Verdict(state=State.CANCELLED, reason="skipped by ann@example.com")
    assert skip(a_delivery(state=state)).reason.startswith(SKIPPED)


@pytest.mark.parametrize("deed", [pause, skip])
def test_what_is_on_its_way_is_left_alone(deed: Callable[[Delivery], Verdict]) -> None:
    with pytest.raises(ConflictError, match="on its way now"):
        deed(a_delivery(state=State.SENDING))


@pytest.mark.parametrize("deed", [pause, skip])
@pytest.mark.parametrize("state", [State.SENT, State.FAILED, State.CANCELLED, State.EXPIRED, State.SUPERSEDED])
def test_what_has_ended_is_left_alone(deed: Callable[[Delivery], Verdict], state: State) -> None:
    with pytest.raises(ConflictError, match=f"this delivery is {state.value}"):
        deed(a_delivery(state=state))


def test_what_is_paused_already_tells_by_whom() -> None:
    with pytest.raises(ConflictError, match="paused already: paused by ann"):
        pause(PAUSED)


@pytest.mark.parametrize("state", sorted(set(State) - {State.PAUSED}))
def test_only_what_is_paused_is_resumed(state: State) -> None:
    with pytest.raises(ConflictError, match=f"this one is {state.value}"):
        resumed(a_delivery(state=state), now=NOON)


@pytest.mark.parametrize(("failures", "state"), [(0, State.SCHEDULED), (2, State.RETRYING)])
def test_what_is_resumed_is_due_as_before(failures: int, state: State) -> None:
    delivery = a_delivery(state=State.PAUSED, failures=failures, next_at=NOON - HOUR, expires_at=NOON + HOUR)

    assert resumed(delivery, now=NOON) == Verdict(state=state, next_at=NOON - HOUR)


def test_what_is_resumed_too_late_expires_and_says_why() -> None:
    delivery = a_delivery(state=State.PAUSED, reason="paused by ann@example.com", expires_at=NOON)

    found = resumed(delivery, now=NOON)

    assert found == lapsed(delivery)
    assert found == Verdict(
        state=State.EXPIRED, reason="paused by ann@example.com, and not resumed by 2026-11-24 12:00 UTC"
    )


def test_what_keeps_an_invite_true_is_paused_but_not_skipped() -> None:
    delivery = a_delivery(cause=Cause.KEEP_IN_SYNC)

    assert pause(delivery).state is State.PAUSED
    with pytest.raises(ConflictError, match="keeps an invite true"):
        skip(delivery)
