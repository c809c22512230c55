"""RFC 5546, 3.2.2 and 3.2.5: what a REQUEST and a CANCEL must hold."""

import icalendar
import pytest

from tests.formats.letters import an_invite
from tocsin.domain.invite import Method
from tocsin.formats import ics


@pytest.mark.parametrize(("method", "status"), [(Method.REQUEST, "CONFIRMED"), (Method.CANCEL, "CANCELLED")])
def test_both_methods_hold_what_the_tables_ask_for(method: Method, status: str) -> None:
    calendar = icalendar.Calendar.from_ical(ics.write(an_invite(method=method, sequence=2)))
    (event,) = calendar.walk("VEVENT")

    assert calendar["METHOD"] == method
    assert event["STATUS"] == status
    assert {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "ORGANIZER", "ATTENDEE"} <= set(event)
    assert calendar.walk("VALARM") == []
