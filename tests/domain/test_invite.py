from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import HOUR, MINUTE, NOON, SECOND, a_booking, an_entry, an_invitation
from tocsin.domain.invite import Entry, Invitation, Invite, Method, is_told, method_for, revise
from tocsin.domain.model import BookingStatus

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)
ENTRIES = st.builds(
    an_entry,
    method=st.sampled_from(Method),
    summary=st.sampled_from(["Talk", "Chat"]) | TEXT,
    description=st.sampled_from(["", "Talk"]) | TEXT,
    starts_at=st.sampled_from([NOON, NOON + HOUR]),
)
CLOCK = st.timedeltas(-HOUR, HOUR).map(lambda by: NOON + by)
HISTORIES = st.lists(st.tuples(ENTRIES, CLOCK), min_size=1, max_size=12)


def told_by(entry: Entry, told: Invitation | None, now: datetime) -> Invitation:
    """Return the ledger's row after `entry` was told, as a message is made from it."""
    if told is not None and is_told(entry, told):
        return told
    invite = revise(entry, told, now=now)
    return an_invitation(
        method=entry.method, sequence=invite.sequence, stamp=invite.stamp, digest=entry.digest, calendar=repr(invite)
    )


@pytest.mark.parametrize(
    ("status", "method"),
    [
        (BookingStatus.CONFIRMED, Method.REQUEST),
        (BookingStatus.AWAITING_APPROVAL, Method.REQUEST),
        (BookingStatus.CANCELLED, Method.CANCEL),
        (BookingStatus.REJECTED, Method.CANCEL),
    ],
)
def test_the_bookings_state_decides_the_method(status: BookingStatus, method: Method) -> None:
    assert method_for(a_booking(status=status)) is method


def test_who_was_told_nothing_gets_revision_zero_stamped_to_the_second() -> None:
    now = NOON + timedelta(microseconds=999_999)

    assert revise(an_entry(), None, now=now) == Invite(entry=an_entry(), sequence=0, stamp=NOON)


def test_a_cancel_that_comes_first_is_a_change_of_an_entry_never_sent() -> None:
    assert revise(an_entry(method=Method.CANCEL), None, now=NOON).sequence == 1


def test_another_content_is_the_next_revision() -> None:
    invite = revise(an_entry(summary="New"), an_invitation(sequence=3), now=NOON + MINUTE)

    assert (invite.sequence, invite.stamp) == (4, NOON + MINUTE)


@pytest.mark.parametrize("now", [NOON, NOON - HOUR], ids=["within one second", "when the clock went back"])
def test_the_stamp_rises_even(now: datetime) -> None:
    assert revise(an_entry(summary="New"), an_invitation(stamp=NOON), now=now).stamp == NOON + SECOND


def test_the_same_content_is_told_already_and_another_is_not() -> None:
    told = an_invitation(digest=an_entry().digest)

    assert is_told(an_entry(), told)
    assert not is_told(an_entry(summary="New"), told)


def test_after_a_cancel_nothing_new_is_ever_told() -> None:
    dead = an_invitation(method=Method.CANCEL, digest="whatever")

    assert is_told(an_entry(summary="New"), dead)


@pytest.mark.parametrize("field", [field.name for field in fields(Entry)])
def test_every_field_of_an_entry_counts_in_its_digest(field: str) -> None:
    value = getattr(an_entry(), field)
    other: Any = {Method.REQUEST: Method.CANCEL}.get(value) or value + (SECOND if isinstance(value, datetime) else "!")

    assert replace(an_entry(), **{field: other}).digest != an_entry().digest


@given(ENTRIES, ENTRIES)
def test_two_entries_have_one_digest_if_and_only_if_they_are_equal(one: Entry, other: Entry) -> None:
    assert (one.digest == other.digest) == (one == other)


@given(HISTORIES)
def test_over_any_history_the_revision_rises_with_the_content_and_never_otherwise(
    history: list[tuple[Entry, datetime]],
) -> None:
    told: Invitation | None = None
    for entry, now in history:
        before, told = told, told_by(entry, told, now)
        if before is None:
            continue
        if before.method is Method.CANCEL or before.digest == entry.digest:
            assert told == before
        else:
            assert told.sequence == before.sequence + 1
            assert told.stamp > before.stamp


@given(HISTORIES)
def test_every_stamp_is_a_whole_second(history: list[tuple[Entry, datetime]]) -> None:
    told: Invitation | None = None
    for entry, now in history:
        told = told_by(entry, told, now)
        assert told.stamp.microsecond == 0


@given(HISTORIES)
def test_a_history_replayed_tells_the_very_same(history: list[tuple[Entry, datetime]]) -> None:
    one: Invitation | None = None
    other: Invitation | None = None
    for entry, now in history:
        one, other = told_by(entry, one, now), told_by(entry, other, now)
    assert one == other
