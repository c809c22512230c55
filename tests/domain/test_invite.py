from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import HOUR, MINUTE, NOON, SECOND, a_booking, an_entry, an_invitation
from tocsin.domain.invite import Answered, Entry, Invitation, Invite, Method, is_told, revise, uid_for
from tocsin.domain.rsvp import Rsvp

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


def test_after_a_cancel_another_cancel_says_nothing_new() -> None:
    dead = an_invitation(method=Method.CANCEL, digest="whatever")

    assert is_told(an_entry(method=Method.CANCEL, summary="New"), dead)


def test_whoever_is_invited_again_after_a_cancel_gets_an_entry_with_another_uid() -> None:
    dead = an_invitation(method=Method.CANCEL, digest="whatever", sequence=3)

    assert not is_told(an_entry(), dead)
    assert uid_for(a_booking(uid="b1@tocsin"), dead, Method.REQUEST, "ada@example.org") == "b1.4@tocsin"
    assert uid_for(a_booking(), dead, Method.CANCEL, "ada@example.org") == dead.uid


def test_an_entry_keeps_the_uid_under_which_it_was_told() -> None:
    assert uid_for(a_booking(uid="b1@tocsin"), None, Method.REQUEST, "ada@example.org") == "b1@tocsin"
    assert (
        uid_for(a_booking(uid="b1@tocsin"), an_invitation(uid="b1.4@tocsin"), Method.REQUEST, "ada@example.org")
        == "b1.4@tocsin"
    )


def test_an_answer_counts_for_the_entry_that_it_was_given_to_and_for_no_later_one() -> None:
    answered = Answered(rsvp=Rsvp.ACCEPTED, sequence=1, stamp=NOON, at=NOON)

    assert an_invitation(sequence=1, answered=answered).rsvp is Rsvp.ACCEPTED
    assert an_invitation(sequence=2, answered=answered).rsvp is Rsvp.NEEDS_ACTION
    assert an_invitation().rsvp is Rsvp.NEEDS_ACTION


def test_counter_proposals_are_taken_where_answers_come_back_to_us() -> None:
    signed = f"invites+r{'a' * 45}@example.com"

    assert an_entry(organizer_email=signed).takes_counters
    assert not an_entry(organizer_email="invites@example.com").takes_counters


def test_what_was_told_is_held_when_a_server_took_just_that() -> None:
    assert an_invitation(sequence=2, held_sequence=2).is_held
    assert not an_invitation(sequence=2, held_sequence=1).is_held
    assert not an_invitation().is_held


@pytest.mark.parametrize("field", [field.name for field in fields(Entry)])
def test_every_field_of_an_entry_counts_in_its_digest(field: str) -> None:
    value = getattr(an_entry(), field)
    others: dict[Any, Any] = {Method.REQUEST: Method.CANCEL, False: True}
    other = others.get(value) or value + (SECOND if isinstance(value, datetime) else "!")

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
        if before.method is entry.method is Method.CANCEL or before.digest == entry.digest:
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


@pytest.mark.parametrize(
    ("recipient", "uid"),
    [
        pytest.param("eve@EXAMPLE.net", "x@cal.com", id="the client"),
        pytest.param("oliver@example.com", "x@cal.com", id="a host"),
        pytest.param("gus@example.net", "x@cal.com", id="a guest"),
        pytest.param("ada@example.org", "b1@tocsin", id="somebody else"),
    ],
)
def test_who_takes_part_keeps_the_entry_that_another_scheduler_made(recipient: str, uid: str) -> None:
    booking = a_booking(uid="b1@tocsin", source_uid="x@cal.com", guests=("gus@example.net",))

    assert uid_for(booking, None, Method.REQUEST, recipient) == uid


def test_after_a_cancel_of_the_other_schedulers_entry_a_new_one_is_ours() -> None:
    dead = an_invitation(uid="x", method=Method.CANCEL, sequence=3)

    assert uid_for(a_booking(uid="b1@tocsin", source_uid="x"), dead, Method.REQUEST, "eve@example.net") == "b1.4@tocsin"
