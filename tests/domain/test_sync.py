from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import (
    MINUTE,
    NOON,
    RULE_ID,
    SECOND,
    a_booking,
    a_cancelled_booking,
    an_invitation,
    an_inviter,
)
from tocsin.domain.delivery import Cause, State
from tocsin.domain.events import EventKind
from tocsin.domain.invite import Invitation, Method
from tocsin.domain.model import BookingStatus
from tocsin.domain.rules import RuleId
from tocsin.domain.sync import SETTLE, Inviter, Kept, Standing, plan_sync, standing, verdict_of

ACTIVE, GONE = an_inviter(), an_inviter(is_active=False)


def kept(*inviters: Inviter, **changes: Any) -> Kept:
    return Kept(
        invitation=an_invitation(**({"held_method": Method.REQUEST, "held_sequence": 0} | changes)), inviters=inviters
    )


@pytest.mark.parametrize(
    ("inviters", "expected"),
    [
        ([], Standing.INVITED),
        ([ACTIVE], Standing.INVITED),
        ([GONE], Standing.TAKEN_OFF),
        ([GONE, an_inviter(keeps=False)], Standing.INVITED),
    ],
)
def test_whoever_invited_a_recipient_and_did_not_take_him_off_makes_him_invited(
    inviters: list[Inviter], expected: Standing
) -> None:
    assert standing(a_booking(), inviters) is expected


def test_a_withdrawal_that_was_begun_is_finished_even_for_somebody_who_was_put_back() -> None:
    begun, done = an_invitation(method=Method.CANCEL), an_invitation(method=Method.CANCEL, held_sequence=0)

    assert standing(a_booking(), [ACTIVE], told=begun) is Standing.TAKEN_OFF
    assert standing(a_booking(), [ACTIVE], told=done) is Standing.INVITED
    assert standing(a_booking(), [ACTIVE], told=an_invitation()) is Standing.INVITED


@pytest.mark.parametrize("status", [BookingStatus.CANCELLED, BookingStatus.REJECTED])
@pytest.mark.parametrize("inviters", [[], [ACTIVE], [GONE]])
def test_when_the_booking_is_over_nobody_is_invited(status: BookingStatus, inviters: list[Inviter]) -> None:
    assert standing(a_booking(status=status), inviters) is Standing.OVER


@pytest.mark.parametrize(
    ("now_true", "method"),
    [(Standing.INVITED, Method.REQUEST), (Standing.TAKEN_OFF, Method.CANCEL), (Standing.OVER, Method.CANCEL)],
)
def test_what_is_true_decides_the_method(now_true: Standing, method: Method) -> None:
    assert now_true.method is method


def test_a_move_is_told_when_it_has_settled_in_the_words_of_the_action_that_keeps_the_invite() -> None:
    booking = a_booking(revision=3)

    (planned,) = plan_sync(booking, [kept(ACTIVE)], changed=True, now=NOON)

    assert planned.cause is Cause.KEEP_IN_SYNC
    assert planned.event is EventKind.BOOKING_RESCHEDULED
    assert planned.due_at == NOON + SETTLE
    assert (planned.recipient, planned.booking_revision, planned.rule_id) == ("ada@example.org", 3, RULE_ID)


def test_a_cancellation_is_told_at_once_also_to_whoever_was_just_taken_off() -> None:
    planned = plan_sync(a_cancelled_booking(), [kept(ACTIVE), kept(GONE)], changed=True, now=NOON)

    assert [(one.event, one.due_at) for one in planned] == [(EventKind.BOOKING_CANCELLED, NOON)] * 2


def test_whoever_was_taken_off_is_told_at_once_although_the_booking_stayed_as_it_was() -> None:
    (planned,) = plan_sync(a_booking(), [kept(GONE)], changed=False, now=NOON)

    assert (planned.event, planned.due_at) == (EventKind.RECIPIENT_REMOVED, NOON)


@pytest.mark.parametrize(
    ("one", "changed"),
    [
        (kept(ACTIVE), False),
        (kept(GONE, an_inviter(keeps=False, rule_id=RuleId("other"))), True),
        (kept(ACTIVE, method=Method.CANCEL), True),
    ],
    ids=["nothing changed", "only an action that keeps nothing still invites", "a CANCEL is held"],
)
def test_nothing_is_planned_when(one: Kept, changed: bool) -> None:
    assert plan_sync(a_booking(), [one], changed=changed, now=NOON) == []


def test_a_cancelled_booking_that_changes_in_other_ways_tells_nobody_again() -> None:
    assert plan_sync(a_cancelled_booking(), [kept(ACTIVE)], changed=False, now=NOON) == []


def test_a_cancel_that_no_server_took_is_planned_again() -> None:
    unheld = kept(GONE, method=Method.CANCEL, sequence=1)

    assert len(plan_sync(a_booking(), [unheld], changed=False, now=NOON)) == 1


def test_of_several_that_keep_an_invite_the_latest_that_still_does_has_the_word() -> None:
    early = an_inviter(rule_id=RuleId("early"), invited_at=NOON - MINUTE)
    gone = an_inviter(rule_id=RuleId("gone"), invited_at=NOON, is_active=False)
    loose = an_inviter(rule_id=RuleId("loose"), invited_at=NOON + MINUTE, keeps=False)

    assert kept(early, gone, loose).voice == early


@pytest.mark.parametrize(
    ("told", "now_true", "may_hold", "state"),
    [
        (None, Standing.OVER, False, State.CANCELLED),
        (an_invitation(), Standing.OVER, False, State.CANCELLED),
        (an_invitation(booking_revision=2, held_sequence=0), Standing.INVITED, True, State.SUPERSEDED),
        (an_invitation(method=Method.CANCEL, held_sequence=0), Standing.OVER, True, State.SUPERSEDED),
        (an_invitation(method=Method.CANCEL, held_sequence=0), Standing.TAKEN_OFF, True, State.SUPERSEDED),
        (an_invitation(method=Method.CANCEL, held_sequence=0), Standing.INVITED, True, State.CANCELLED),
    ],
    ids=["told nothing", "holds nothing", "told already", "cancelled already", "withdrawn already", "invited again"],
)
def test_nothing_is_left_to_tell_when_the_recipient_is(
    told: Invitation | None, now_true: Standing, may_hold: bool, state: State
) -> None:
    verdict = verdict_of(told, now_true, revision=2, may_hold=may_hold)

    assert verdict is not None
    assert (verdict.state, verdict.next_at) == (state, None)
    assert verdict.reason


@pytest.mark.parametrize(
    ("told", "now_true"),
    [
        (an_invitation(booking_revision=1, held_sequence=0), Standing.INVITED),
        (an_invitation(booking_revision=2, sequence=1, held_sequence=0), Standing.INVITED),
        (an_invitation(booking_revision=2, held_sequence=0), Standing.OVER),
        (an_invitation(booking_revision=2, held_sequence=0), Standing.TAKEN_OFF),
        (an_invitation(method=Method.CANCEL, sequence=1, held_sequence=0), Standing.OVER),
    ],
    ids=["told of an older booking", "told, but not taken", "invited to what is over", "invited still", "not taken"],
)
def test_something_is_left_to_tell_when_the_recipient_was(told: Invitation, now_true: Standing) -> None:
    assert verdict_of(told, now_true, revision=2, may_hold=True) is None


@given(
    inviters=st.lists(st.builds(an_inviter, keeps=st.booleans(), is_active=st.booleans()), min_size=1, max_size=4),
    changed=st.booleans(),
    is_over=st.booleans(),
)
def test_whoever_has_to_be_told_is_planned_once_and_never_before_now(
    inviters: list[Inviter], changed: bool, is_over: bool
) -> None:
    booking = a_cancelled_booking() if is_over else a_booking()
    inviters = [*inviters, an_inviter(keeps=True, is_active=inviters[0].is_active)]

    planned = plan_sync(booking, [kept(*inviters)], changed=changed, now=NOON)

    assert len(planned) <= 1
    assert all(NOON <= one.due_at <= NOON + 10 * SECOND < one.expires_at for one in planned)
