"""The whole way there and back: the program sends an invite by SMTP, hears the answer by LMTP, and keeps the entry true."""

import smtplib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.calendars import ReceivedInvite, StrictCalendar, read
from tests.formats import replies
from tests.formats.reports import a_report
from tests.journeys.program import Program, a_body, prepare, running, until
from tests.ports import free_port
from tests.smtp_server import Received, Sink


@pytest.fixture
def relay() -> Iterator[Sink]:
    with Sink() as server:
        yield server


@pytest.fixture
def inbound_port() -> int:
    return free_port()


@pytest.fixture
def program(sqlite_path: Path, relay: Sink, inbound_port: int) -> Iterator[Program]:
    """Give the program on SQLite, which hears answers on a port of its own."""
    made = prepare(f"sqlite:///{sqlite_path}", relay, lease_s=60)
    listening = {**made.environment, "TOCSIN_INBOUND": f"lmtp://127.0.0.1:{inbound_port}"}
    hearing = replace(made, environment=listening)
    with running(hearing):
        hearing.start()
        yield hearing


def a_rule(program: Program, **action: Any) -> None:
    status, meetings = program.call("GET", "/meetings")
    assert status == 200
    body = {
        "event": "booking_confirmed",
        "meeting_ids": [meetings["meetings"][0]["id"]],
        "actions": [
            {
                "type": "send_calendar_invite_to_anyone",
                "emails": ["bob@example.org"],
                "email_subject": "Invitation",
                "email_body": "<p>{{booking.starts_at}}</p>",
                "calendar_invite_subject": "{{meeting.name}}",
                "calendar_invite_body": "<p></p>",
            }
            | action
        ],
    }
    status, answer = program.call("POST", "/automation-rules", body)
    assert status == 201, answer


def to_bob(relay: Sink) -> list[Received]:
    return [one for one in relay.messages if "bob@example.org" in one.recipients]


def hand_in(port: int, recipient: str, message: bytes) -> None:
    with smtplib.LMTP("127.0.0.1", port) as lmtp:
        assert lmtp.sendmail("someone@example.org", [recipient], message) == {}


def invitation(program: Program, booking_id: str) -> dict[str, Any]:
    status, answer = program.call("GET", f"/invitations?booking_id={booking_id}")
    assert status == 200
    found: dict[str, Any] = next(one for one in answer["invitations"] if one["recipient"] == "bob@example.org")
    return found


def invites(relay: Sink) -> list[ReceivedInvite]:
    return [read(one.message) for one in to_bob(relay)]


def test_an_invite_goes_out_is_answered_moved_and_cancelled(program: Program, relay: Sink, inbound_port: int) -> None:
    a_rule(program, keep_in_sync=True)
    status, answer = program.call("POST", "/bookings", a_body(1))
    assert status == 201
    booking = answer["booking"]
    until(lambda: len(to_bob(relay)) == 1)
    (first,) = invites(relay)

    said = replies.a_reply(uid=first.uid, attendee="Bob@Example.ORG", organizer=first.organizer, stamp=first.stamp)
    hand_in(inbound_port, first.organizer, replies.outlook(said))
    assert invitation(program, booking["id"])["rsvp"] == "accepted"

    change = a_body(1) | {"slot_start_time": "11:00"}
    moved = {name: change[name] for name in ("slot_date", "slot_start_time", "override_availability")}
    status, answer = program.call("PATCH", f"/bookings/{booking['id']}", moved)
    assert status == 200, answer
    until(lambda: len(to_bob(relay)) == 2)
    assert invitation(program, booking["id"])["rsvp"] == "needs_action"

    program.call("PATCH", f"/bookings/{booking['id']}", {"status": "cancelled"})
    until(lambda: len(to_bob(relay)) == 3)
    calendar = StrictCalendar("bob@example.org")
    calendar.receive_all(one.message for one in to_bob(relay))
    assert (calendar.appointments, calendar.ignored) == ({}, [])
    assert program.stop() == [0]


def test_a_bounce_ends_the_delivery_and_nothing_more_is_sent_to_that_address(
    program: Program, relay: Sink, inbound_port: int
) -> None:
    a_rule(program)
    program.call("POST", "/bookings", a_body(1))
    until(lambda: len(to_bob(relay)) == 1)
    until(lambda: program.count("sent") == 3)

    hand_in(inbound_port, "invites+bforged@tocsin.example", a_report())
    assert program.count("failed") == 0
    hand_in(inbound_port, to_bob(relay)[0].sender, a_report())
    assert program.count("failed") == 1

    program.call("POST", "/bookings", a_body(2))
    until(lambda: program.count("suppressed") == 1)
    assert len(to_bob(relay)) == 1
