"""What a restored store may not send by itself, and how far SEQUENCE jumps because nobody knows what was sent meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import HOUR, MINUTE, NOON, a_booking, a_delivery, an_entry, an_invitation
from tocsin.domain import restore
from tocsin.domain.delivery import DeliveryId, State
from tocsin.domain.errors import ConflictError
from tocsin.domain.intervention import Deed, Intervention
from tocsin.domain.invite import Method, revise, uid_for
from tocsin.domain.restore import GAP, Decision


def test_the_reason_says_when_the_backup_was_taken_and_brought_back() -> None:
    said = restore.held_because(taken_at=NOON, restored_at=NOON + HOUR)

    assert said == (
        "held since the restore at 2026-11-24 13:00 UTC: it may have left after the backup of 2026-11-24 12:00 UTC"
    )
    assert restore.held_because(taken_at=None, restored_at=NOON).endswith("it may have left since the backup was taken")


def test_what_was_decided_is_what_was_done_first_since_a_restore_held_it_last() -> None:
    def made(deed: Deed, by: str) -> Intervention:
        return Intervention(delivery_id=DeliveryId("d"), deed=deed, by=by, at=NOON)

    by_hand, held = made(Deed.PAUSED, "ann@example.com"), made(Deed.PAUSED, restore.BY)
    resumed, done = made(Deed.RESUMED, "ann@example.com"), made(Deed.TAKEN_AS_SENT, "ann@example.com")

    assert restore.decided([]) is None
    assert restore.decided([by_hand, resumed]) is None
    assert restore.decided([by_hand, resumed, held]) is None
    assert restore.decided([held, done]) is Decision.DONE.deed
    assert restore.decided([held, resumed, by_hand]) is Decision.SEND.deed
    assert restore.decided([held, done, held, resumed]) is Deed.RESUMED
    assert restore.decided([held, done, held]) is None


def test_only_what_a_restore_holds_is_taken_as_sent() -> None:
    held = a_delivery(state=State.PAUSED, reason=restore.held_because(taken_at=None, restored_at=NOON))

    assert restore.taken_as_sent(held, by="ann@example.com").state is State.SENT
    reason = restore.taken_as_sent(held, by="ann@example.com").reason
    found = [restore.was_taken_as_sent(a_delivery(state=one, reason=reason)) for one in (State.SENT, State.FAILED)]
    assert found == [True, False]
    assert not restore.was_taken_as_sent(a_delivery(state=State.SENT))
    for other in (a_delivery(state=State.PAUSED, reason="paused by ann"), a_delivery(reason=held.reason)):
        with pytest.raises(ConflictError, match="no restore holds this delivery"):
            restore.taken_as_sent(other, by="ann@example.com")


@pytest.mark.parametrize(
    ("booking", "told", "restored_at", "expected"),
    [
        pytest.param({}, {}, None, 0, id="a store that was never restored"),
        pytest.param({}, None, NOON + HOUR, GAP, id="an older booking of which nobody was told"),
        pytest.param({"created_at": NOON + 2 * HOUR}, None, NOON + HOUR, 0, id="a booking made since"),
        pytest.param(
            {"created_at": NOON + 2 * HOUR, "source_uid": "x@cal.com"}, None, NOON + HOUR, GAP, id="reported anew"
        ),
        pytest.param({}, {"stamp": NOON}, NOON + HOUR, GAP, id="told before the restore"),
        pytest.param({}, {"stamp": NOON + 2 * HOUR}, NOON + HOUR, 0, id="told since"),
    ],
)
def test_the_gap_is_there_until_something_was_told(booking: Any, told: Any, restored_at: Any, expected: int) -> None:
    created = {"created_at": NOON - timedelta(days=1)} | booking
    invitation = None if told is None else an_invitation(**told)

    assert restore.gap(a_booking(**created), invitation, restored_at) == expected


def test_a_new_entry_has_a_number_behind_the_gap() -> None:
    assert GAP == 1000
    told = an_invitation(sequence=3)

    assert revise(an_entry(summary="New"), told, now=NOON + MINUTE, gap=GAP).sequence == 4 + GAP
    assert revise(an_entry(), None, now=NOON, gap=GAP).sequence == GAP
    assert revise(an_entry(method=Method.CANCEL), None, now=NOON, gap=GAP).sequence == GAP + 1


def test_who_is_invited_again_after_a_cancel_gets_a_uid_that_was_never_used() -> None:
    dead = an_invitation(sequence=3, method=Method.CANCEL)

    found = uid_for(a_booking(uid="b1@tocsin"), dead, Method.REQUEST, "ada@example.org", gap=GAP)

    assert found == f"b1.{4 + GAP}@tocsin"
