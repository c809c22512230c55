"""RFC 5546, 2.1.4: the organizer raises SEQUENCE when time or status change, and with every CANCEL."""

from datetime import timedelta

import pytest

from tests.builders import DAY, HOUR, NOON, an_entry, an_invitation
from tocsin.domain.invite import Entry, Invitation, Method, is_told, revise


def told(entry: Entry, *, sequence: int) -> Invitation:
    return an_invitation(digest=entry.digest, method=entry.method, sequence=sequence)


def test_the_first_request_begins_at_zero() -> None:
    assert revise(an_entry(), None, now=NOON).sequence == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"starts_at": NOON + 2 * DAY, "ends_at": NOON + 2 * DAY + HOUR},
        {"ends_at": NOON + DAY + HOUR},
        {"method": Method.CANCEL},
        # RFC 5546 would allow these without; Thunderbird then loses the change.
        {"summary": "another"},
        {"description": "another"},
        {"location": "another"},
        {"organizer_name": "another"},
        {"attendee_name": "another"},
        {"url": "https://another.example"},
    ],
)
def test_a_change_raises_it_by_one(changed: dict[str, object]) -> None:
    before, after = an_entry(), an_entry(**changed)

    assert not is_told(after, told(before, sequence=4))
    assert revise(after, told(before, sequence=4), now=NOON + HOUR).sequence == 5


def test_the_same_content_keeps_it() -> None:
    assert is_told(an_entry(), told(an_entry(), sequence=4))


def test_a_cancel_of_what_was_never_sent_is_later_than_a_request_would_have_been() -> None:
    assert revise(an_entry(method=Method.CANCEL), None, now=NOON).sequence == 1


def test_after_a_cancel_there_is_no_further_cancel() -> None:
    cancelled = told(an_entry(method=Method.CANCEL), sequence=2)

    assert is_told(an_entry(method=Method.CANCEL, summary="another"), cancelled)


def test_whoever_is_told_for_the_first_time_begins_for_himself() -> None:
    assert revise(an_entry(attendee_email="new@example.org"), None, now=NOON + timedelta(days=9)).sequence == 0
