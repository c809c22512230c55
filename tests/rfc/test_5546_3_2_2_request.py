"""RFC 5546, 3.2.2: what a REQUEST must hold, and what it must not."""

import re

import pytest

from tests.calendars import UnreadableError, read
from tests.formats.letters import a_letter, an_invite
from tocsin.domain.invite import Method
from tocsin.formats import ics, mime


def message(*, method: Method = Method.REQUEST, calendar: str = "") -> bytes:
    return mime.write(a_letter(method=method, calendar=calendar or ics.write(an_invite(method=method, sequence=3))))


def test_a_request_holds_what_it_must_and_is_confirmed() -> None:
    invite = read(message())

    assert (invite.method, invite.sequence) == ("REQUEST", 3)
    assert b"STATUS:CONFIRMED\r\n" in invite.calendar
    assert b"RSVP=TRUE" in invite.calendar.replace(b"\r\n ", b"")


@pytest.mark.parametrize(
    "name", ["UID", "SEQUENCE", "DTSTAMP", "DTSTART", "SUMMARY", "ORGANIZER", "ATTENDEE", "STATUS"]
)
def test_a_request_without_what_it_must_hold_would_be_noticed(name: str) -> None:
    calendar = re.sub(rf"(?m)^{name}[:;].*\r\n(?: .*\r\n)*", "", ics.write(an_invite()))

    with pytest.raises(UnreadableError, match=name):
        read(message(calendar=calendar))


def test_a_request_that_says_cancelled_would_be_noticed() -> None:
    with pytest.raises(UnreadableError, match="STATUS CANCELLED in a REQUEST"):
        read(message(calendar=ics.write(an_invite()).replace("STATUS:CONFIRMED", "STATUS:CANCELLED")))


def test_it_holds_none_of_what_a_request_must_not() -> None:
    calendar = read(message()).calendar

    for name in (b"REQUEST-STATUS", b"RECURRENCE-ID", b"BEGIN:VALARM", b"BEGIN:VTIMEZONE", b"RRULE"):
        assert name not in calendar
