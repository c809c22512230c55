"""RFC 5546, 3.2.5: what a CANCEL must hold. Cyrus leaves the entry standing if anything of it is missing."""

from tests.calendars import LastWriteWinsCalendar, StrictCalendar, read
from tests.formats.letters import a_letter, an_invite
from tocsin.domain.invite import Method
from tocsin.formats import ics, mime, scan

REQUEST = mime.write(a_letter())
CANCEL = mime.write(
    a_letter(
        method=Method.CANCEL, calendar=ics.write(an_invite(method=Method.CANCEL, sequence=4)), message_id="c@x.org"
    )
)


def test_a_cancel_holds_the_whole_entry_with_its_status_and_the_one_attendee() -> None:
    request, cancel = read(REQUEST), read(CANCEL)

    assert cancel.method == "CANCEL"
    assert b"STATUS:CANCELLED\r\n" in cancel.calendar
    assert cancel.calendar.replace(b"\r\n ", b"").count(b"\r\nATTENDEE") == 1
    assert (cancel.uid, cancel.organizer, cancel.attendee) == (request.uid, request.organizer, request.attendee)
    assert cancel.appointment.starts_at == request.appointment.starts_at
    assert cancel.sequence > request.sequence


def test_a_cancel_asks_for_no_answer_and_rings_no_alarm() -> None:
    calendar = read(CANCEL).calendar.replace(b"\r\n ", b"")

    assert b"RSVP" not in calendar
    assert b"VALARM" not in calendar


def test_it_takes_the_entry_out_of_either_calendar() -> None:
    owner = read(REQUEST).attendee
    for calendar in (StrictCalendar(owner), LastWriteWinsCalendar(owner)):
        calendar.receive_all([REQUEST])
        assert len(calendar.appointments) == 1
        calendar.receive_all([CANCEL])
        assert calendar.appointments == {}


def test_whoever_is_taken_off_alone_gets_a_cancel_without_a_status_because_the_meeting_goes_on() -> None:
    invite = an_invite(method=Method.CANCEL, sequence=4, is_still_on=True)
    alone = mime.write(a_letter(method=Method.CANCEL, calendar=ics.write(invite), message_id="c@x.org"))

    assert b"\r\nSTATUS" not in read(alone).calendar
    assert scan.complaints(alone) == []
    calendar = StrictCalendar(read(REQUEST).attendee)
    calendar.receive_all([REQUEST, alone])
    assert calendar.appointments == {}
