"""Each of the seven events, from the booking's change through a real SMTP dialogue into the recipients' calendars."""

import base64
import email
import email.policy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import icalendar
import pytest
import vobject

from tests.builders import HOUR, MINUTE, OUTCOME_ID, a_client
from tests.calendars import LastWriteWinsCalendar, ReceivedInvite, StrictCalendar, read
from tests.journeys.world import MAIL_FROM, SECOND_HOST, World, slot
from tests.smtp_server import Sink
from tocsin.domain.delivery import State
from tocsin.domain.events import EventKind
from tocsin.domain.model import Booking, Place
from tocsin.domain.templates import VARIABLES
from tocsin.formats import scan

CONFIRMED, MOVED, CANCELLED = EventKind.BOOKING_CONFIRMED, EventKind.BOOKING_RESCHEDULED, EventKind.BOOKING_CANCELLED
BEFORE, AFTER = EventKind.BEFORE_MEETING_STARTS, EventKind.AFTER_MEETING_ENDS
NO_SHOW, OUTCOME = EventKind.MARKED_NO_SHOW, EventKind.MEETING_OUTCOME_CHANGED
EVERYBODY = ("ada@example.org", "{{client.email}}", "{{host.email}}", "ada@EXAMPLE.org")
ADDRESSES = ["ada@example.org", "eve@example.net", "oliver@example.com"]

Deed = Callable[[World, Booking], object]
DEEDS: dict[EventKind, Deed] = {
    CONFIRMED: lambda _world, _booking: None,
    MOVED: lambda world, booking: world.move(booking),
    CANCELLED: lambda world, booking: world.cancel(booking),
    BEFORE: lambda world, booking: world.go_to(booking.starts_at),
    AFTER: lambda world, booking: world.go_to(booking.ends_at + HOUR),
    NO_SHOW: lambda world, booking: world.change(booking, no_show=True),
    OUTCOME: lambda world, booking: world.change(booking, outcome_id=OUTCOME_ID),
}


def received(sink: Sink, recipient: str = "") -> list[ReceivedInvite]:
    """Return what arrived, after every judge has read it."""
    found = [one for one in sink.messages if recipient in ("", one.recipient)]
    for one in found:
        judged(one.message, recipient=one.recipient)
        assert one.sender == MAIL_FROM
    return [read(one.message) for one in found]


def judged(raw: bytes, *, recipient: str) -> None:
    """Read a message with our scan, our reader, the standard library, icalendar and vobject: all must understand the same."""
    assert scan.complaints(raw) == []
    ours = read(raw)
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    (part,) = (part for part in parsed.walk() if part.get_content_type() == "text/calendar")
    assert base64.b64decode(part.get_payload()) == ours.calendar  # type: ignore[arg-type]  # text, as it is base64
    assert (part.get_param("method"), parsed["To"].addresses[0].addr_spec) == (ours.method, recipient)
    assert parsed["Subject"] == ours.subject
    (event,) = icalendar.Calendar.from_ical(ours.calendar).walk("VEVENT")
    assert (event["UID"], event["SEQUENCE"], event.decoded("DTSTAMP")) == (ours.uid, ours.sequence, ours.stamp)
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (ours.appointment.starts_at, ours.appointment.ends_at)
    assert (event["SUMMARY"], event.get("DESCRIPTION", "")) == (ours.appointment.summary, ours.appointment.description)
    assert event["ATTENDEE"] == f"mailto:{recipient}"
    other = vobject.readOne(ours.calendar.decode())
    assert other.method.value == ours.method
    assert (other.vevent.uid.value, other.vevent.sequence.value) == (ours.uid, str(ours.sequence))
    assert other.vevent.dtstart.value == ours.appointment.starts_at
    assert other.vevent.summary.value == ours.appointment.summary


def calendars(sink: Sink) -> Iterator[tuple[StrictCalendar, LastWriteWinsCalendar]]:
    """Yield both calendars of each recipient, fed with all that he got."""
    for recipient in sorted({one.recipient for one in sink.messages}):
        both = StrictCalendar(recipient), LastWriteWinsCalendar(recipient)
        for calendar in both:
            calendar.receive_all(one.message for one in sink.messages if one.recipient == recipient)
        assert both[0].ignored == []
        yield both


@pytest.mark.parametrize("event", list(EventKind)[:7])
def test_an_event_writes_to_each_recipient_once_and_to_nobody_else(world: World, sink: Sink, event: EventKind) -> None:
    world.rule(event, *EVERYBODY)
    booking = world.book()
    world.drain()
    before = len(sink.messages)

    DEEDS[event](world, booking)
    world.drain()

    assert before == (3 if event is CONFIRMED else 0)
    found = received(sink)
    assert sorted(one.attendee for one in found) == ADDRESSES
    assert {one.method for one in found} == {"CANCEL" if event is CANCELLED else "REQUEST"}
    assert {one.uid for one in found} == {booking.uid}
    assert {one.organizer for one in found} == {MAIL_FROM}
    assert {one.sequence for one in found} == {1 if event is CANCELLED else 0}
    assert world.states() == [State.SENT] * 3
    for strict, lax in calendars(sink):
        assert strict.appointments == lax.appointments or event is CANCELLED
        assert len(strict.appointments) == (0 if event is CANCELLED else 1)


def test_a_whole_life_leaves_the_right_entry_at_every_step(world: World, sink: Sink) -> None:
    for event in EventKind:
        world.rule(event, *EVERYBODY)
    booking = world.book()

    def check(starts_at: datetime | None) -> None:
        world.drain()
        for strict, lax in calendars(sink):
            assert strict.appointments == lax.appointments
            found = strict.appointments.get(booking.uid)
            assert (None if found is None else found.starts_at) == starts_at

    check(booking.starts_at)
    moved = world.move(booking)
    check(moved.starts_at)
    world.change(booking, place=Place(spot="in_person", details="Room 1"))
    check(moved.starts_at)
    assert {c.appointments[booking.uid].location for c, _ in calendars(sink)} == {"Room 1"}
    world.go_to(moved.starts_at)
    world.change(booking, no_show=True, outcome_id=OUTCOME_ID)
    check(moved.starts_at)
    world.go_to(moved.ends_at + HOUR)
    world.clock.advance(MINUTE)
    world.cancel(booking)
    check(None)

    for recipient in ADDRESSES:
        found = received(sink, recipient)
        # Confirmed, moved, moved to the room; the reminder and the others say the same as that; cancelled.
        assert [one.sequence for one in found] == [0, 1, 2, 2, 2, 2, 2, 3]
        assert {one.uid for one in found} == {booking.uid}
        assert len({one.calendar for one in found[2:-1]}) == 1
        assert len({one.message_id for one in found}) == len(found)
        assert {one.headers.get("references") for one in found[1:]} == {found[0].message_id}
        stamps = [one.stamp for one in found]
        assert stamps == sorted(stamps)


def test_a_reminder_of_an_unchanged_entry_carries_the_very_same_object(world: World, sink: Sink) -> None:
    world.rule(CONFIRMED, email_subject="Booked")
    world.rule(BEFORE, email_subject="Soon")
    booking = world.book()

    world.go_to(booking.starts_at)

    first, second = received(sink)
    assert (first.subject, second.subject) == ("Booked", "Soon")
    assert first.calendar == second.calendar
    assert first.message_id != second.message_id


def test_a_rule_that_says_something_else_raises_the_sequence(world: World, sink: Sink) -> None:
    world.rule(CONFIRMED)
    world.rule(BEFORE, calendar_invite_subject="Soon: {{meeting.name}}")
    booking = world.book()

    world.go_to(booking.starts_at)

    first, second = received(sink)
    assert (first.sequence, second.sequence) == (0, 1)
    assert second.stamp > first.stamp
    ((strict, lax),) = calendars(sink)
    assert strict.appointments == lax.appointments
    assert strict.appointments[booking.uid].summary == "Soon: Introduction"


def test_a_change_of_place_or_host_is_a_move(world: World, sink: Sink) -> None:
    world.rule(MOVED)
    booking = world.book()
    world.change(booking, place=Place(spot="zoom", join_url="https://zoom.example/j/2"))
    world.drain()

    world.change(booking, host_email=SECOND_HOST.email)
    world.drain()

    first, second = received(sink)
    assert first.appointment.location == "https://zoom.example/j/2"
    assert second.appointment.host == "Wanda Host"
    assert (first.sequence, second.sequence) == (0, 1)
    assert {first.organizer, second.organizer} == {MAIL_FROM}


def test_an_entry_that_was_never_sent_is_cancelled_and_not_requested(world: World, sink: Sink) -> None:
    world.rule(CONFIRMED)
    world.rule(CANCELLED)

    world.cancel(world.book())
    world.drain()

    (only,) = received(sink)
    assert (only.method, only.sequence) == ("CANCEL", 1)


def test_a_rejected_booking_is_told_as_cancelled(world: World, sink: Sink) -> None:
    world.rule(CANCELLED, email_body="{{booking.status}}: {{booking.cancel_reason}}")

    world.change(world.book(awaits_approval=True), status="rejected", reason="full")
    world.drain()

    (only,) = received(sink)
    assert (only.method, only.words) == ("CANCEL", "rejected: full")


ZONES = [
    # client's zone, his slot, host's zone, what the client reads, what the host reads, the instant
    (
        "Asia/Kathmandu",
        "2027-01-01 00:00",
        "Europe/Dublin",
        "Friday, 1 January 2027 at 00:00 (Asia/Kathmandu, GMT+5:45)",
        "Thursday, 31 December 2026 at 18:15 (Europe/Dublin, GMT)",
        datetime(2026, 12, 31, 18, 15, tzinfo=UTC),
    ),
    (
        "Australia/Lord_Howe",
        "2027-04-04 01:45",  # comes twice: the clocks go back by half an hour
        "Asia/Kathmandu",
        "Sunday, 4 April 2027 at 01:45 (Australia/Lord_Howe, GMT+11)",
        "Saturday, 3 April 2027 at 20:30 (Asia/Kathmandu, GMT+5:45)",
        datetime(2027, 4, 3, 14, 45, tzinfo=UTC),
    ),
    (
        "Europe/Dublin",
        "2027-03-28 01:30",  # does not exist: the clocks go forward
        "Australia/Lord_Howe",
        "Sunday, 28 March 2027 at 02:30 (Europe/Dublin, GMT+1)",
        "Sunday, 28 March 2027 at 12:30 (Australia/Lord_Howe, GMT+11)",
        datetime(2027, 3, 28, 1, 30, tzinfo=UTC),
    ),
    (
        "America/New_York",
        "2027-03-14 03:00",  # the first instant of summer time there; Dublin still has winter
        "Europe/Dublin",
        "Sunday, 14 March 2027 at 03:00 (America/New_York, GMT-4)",
        "Sunday, 14 March 2027 at 07:00 (Europe/Dublin, GMT)",
        datetime(2027, 3, 14, 7, 0, tzinfo=UTC),
    ),
]


@pytest.mark.parametrize("case", ZONES, ids=[case[0] for case in ZONES])
def test_times_are_right_in_the_zones_of_client_and_host(
    world: World, sink: Sink, case: tuple[str, str, str, str, str, datetime]
) -> None:
    zone, when, host_zone, for_client, for_host, instant = case
    host = world.set_host(time_zone=host_zone)
    world.set_link(hosts=(host,))
    body = "<p>{{client.starts_at}}</p><p>{{host.starts_at}}</p><p>{{booking.starts_at}}</p>"
    world.rule(CONFIRMED, *EVERYBODY, email_body=body, calendar_invite_body=body)
    world.rule(MOVED, *EVERYBODY, email_body=body, calendar_invite_body=body)

    booking = world.book(client=a_client(time_zone=zone), slot=slot(when))
    world.drain()

    for one in received(sink):
        own = {"eve@example.net": for_client, "oliver@example.com": for_host}
        lines = one.words.split("\n\n")
        assert [line.strip() for line in lines[:2]] == [for_client, for_host]
        assert one.attendee not in own or lines[2].strip() == own[one.attendee]
        assert one.appointment.starts_at == instant
        assert one.appointment.ends_at == instant + 30 * MINUTE
        assert for_client in one.appointment.description
    assert booking.starts_at == instant


def test_a_move_over_a_change_of_the_clocks_keeps_the_wall_time(world: World, sink: Sink) -> None:
    world.rule(CONFIRMED, "{{client.email}}", email_body="{{client.starts_at}}")
    world.rule(MOVED, "{{client.email}}", email_body="{{client.starts_at}}")
    booking = world.book(client=a_client(time_zone="Europe/Dublin"), slot=slot("2027-03-27 09:00"))
    world.drain()

    world.change(booking, slot=slot("2027-03-28 09:00"))
    world.drain()

    first, second = received(sink)
    assert first.words == "Saturday, 27 March 2027 at 09:00 (Europe/Dublin, GMT)"
    assert second.words == "Sunday, 28 March 2027 at 09:00 (Europe/Dublin, GMT+1)"
    assert second.appointment.starts_at - first.appointment.starts_at == timedelta(hours=23)


def test_every_variable_is_filled(world: World, sink: Sink) -> None:
    body = "".join(f"<p>{name}={{{{{name}}}}}</p>" for name in VARIABLES)
    subject = "{{booking.id}} {{client.last_name}}"
    world.rule(
        CANCELLED, email_subject=subject, email_body=body, calendar_invite_subject=subject, calendar_invite_body=body
    )
    booking = world.book(client=a_client(name="Eve <b>Jones</b> {{host.email}}"))
    world.change(booking, outcome_id=OUTCOME_ID)

    world.cancel(booking, reason="a, b; c\\d")
    world.drain()

    (one,) = received(sink)
    shown = dict(line.split("=", 1) for line in one.words.split("\n\n"))
    zone = "(America/New_York, GMT-5)", "(Europe/Berlin, GMT+1)"
    assert shown == {
        "booking.id": booking.sid,
        "meeting.name": "Introduction",
        "meeting.scheduling_url": "https://acme.example.com/intro",
        "client.name": "Eve <b>Jones</b> {{host.email}}",
        "client.first_name": "Eve",
        "client.last_name": "<b>Jones</b> {{host.email}}",
        "client.email": "eve@example.net",
        "client.starts_at": f"Wednesday, 25 November 2026 at 07:00 {zone[0]}",
        "client.ends_at": f"Wednesday, 25 November 2026 at 07:30 {zone[0]}",
        "host.name": "Oliver Smith",
        "host.starts_at": f"Wednesday, 25 November 2026 at 13:00 {zone[1]}",
        "host.ends_at": f"Wednesday, 25 November 2026 at 13:30 {zone[1]}",
        "booking.status": "cancelled",
        "booking.cancel_reason": "a, b; c\\d",
        "booking.outcome": "Won",
        "booking.starts_at": f"Wednesday, 25 November 2026 at 13:00 {zone[1]}",
        "booking.ends_at": f"Wednesday, 25 November 2026 at 13:30 {zone[1]}",
        "meeting.description": "A first talk",
        "meeting.join_url": "https://zoom.example/j/1",
        "host.email": "oliver@example.com",
        "workspace.name": "Acme",
        "recipient.email": "ada@example.org",
        "invitation.email": "",  # nobody's answer made this rule fire
        "invitation.rsvp": "",
    }
    assert one.subject == one.appointment.summary == f"{booking.sid} <b>Jones</b> {{{{host.email}}}}"
    assert one.appointment.description == one.words
    assert "<b>" not in one.html


def test_a_variable_without_a_value_is_empty(world: World, sink: Sink) -> None:
    world.rule(CONFIRMED, email_body="[{{booking.outcome}}{{booking.cancel_reason}}]")

    world.book()
    world.drain()

    (one,) = received(sink)
    assert one.words == "[]"
