"""From nothing to the first invite, its move and its end, through a real SMTP dialogue, for each source."""

from collections.abc import Iterator

import pytest

from tests.builders import DAY, HOUR, MINUTE
from tests.calendars import ReceivedInvite, StrictCalendar, read
from tests.faces.client import Client, an_action
from tests.journeys.world import smtp_mailer
from tests.smtp_server import Sink
from tests.sources.senders import KINDS, Other, connected_to, first, fixture, the_booking
from tocsin.mail.lanes import Lanes
from tocsin.workers.loop import drain

MOVED = {
    "generic": ("moved",),
    "cal_com": ("rescheduled",),
    "calendly": ("moved_away", "moved_here"),
    "easy_appointments": ("moved",),
    "acuity": ("rescheduled",),
}
ENDED = {
    "generic": "cancelled",
    "cal_com": "cancelled",
    "calendly": "cancelled_after_move",
    "easy_appointments": "deleted",
    "acuity": "canceled",
}
SLUGS = {"generic": "intro", "cal_com": "intro"}
UIDS = {"generic": "b-17@shop.example", "cal_com": "calUid1@Cal.com"}


@pytest.fixture
def mailer(sink: Sink) -> Iterator[Lanes]:
    found = smtp_mailer(sink.port)
    yield found
    found.close()


def invites(sink: Sink, recipient: str) -> list[ReceivedInvite]:
    return [read(one.message) for one in sink.messages if recipient in one.recipients]


def ended(kind: str) -> object:
    body = fixture(kind, ENDED[kind])
    if kind == "cal_com":  # it ends under the name that it got when it was moved
        body["payload"]["uid"] = "calUid2"
    return body


def let_pass(client: Client, other: Other, mailer: Lanes) -> None:
    """Let a minute pass, and deliver what is due then."""
    client.clock.advance(MINUTE)
    other.tend()
    drain(client.app.sender, mailer)


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_becomes_an_invite_that_moves_and_ends_with_the_booking(
    client: Client, sink: Sink, mailer: Lanes, kind: str
) -> None:
    link = client.a_link(slug=SLUGS.get(kind, "introduction"), hosts=["somebody@example.com"])
    emails = ["ada@example.org", "{{client.email}}", "{{guest.emails}}", "{{host.email}}"]
    client.a_rule(link, actions=[an_action(emails=emails, keep_in_sync=True)])
    other = connected_to(client, kind)

    other.tells(first(kind))
    let_pass(client, other, mailer)
    (made,) = invites(sink, "ada@example.org")
    other.has(appointment=fixture("acuity", "api_moved"))
    for name in MOVED[kind]:
        other.tells(fixture(kind, name))
    let_pass(client, other, mailer)
    other.has(appointment=fixture("acuity", "api_cancelled"))
    other.tells(ended(kind))
    let_pass(client, other, mailer)

    assert the_booking(client)["status"] == "cancelled"
    told = invites(sink, "ada@example.org")
    assert [(one.method, one.sequence) for one in told] == [("REQUEST", 0), ("REQUEST", 1), ("CANCEL", 2)]
    assert made.uid.endswith("@tocsin")
    assert {one.uid for one in told} == {made.uid}
    for recipient in ("ada@example.org", "eve@example.net"):
        calendar = StrictCalendar(recipient)
        calendar.receive_all(one.message for one in sink.messages if recipient in one.recipients)
        assert (calendar.appointments, calendar.ignored) == ({}, [])


@pytest.mark.parametrize("kind", UIDS)
def test_who_takes_part_keeps_the_entry_that_the_source_made_and_others_get_one_of_ours(
    client: Client, sink: Sink, mailer: Lanes, kind: str
) -> None:
    emails = ["ada@example.org", "{{client.email}}", "{{guest.emails}}", "oliver@EXAMPLE.com"]
    client.a_rule(client.a_link(), actions=[an_action(emails=emails, keep_in_sync=True)])
    other = connected_to(client, kind)

    other.tells(first(kind))
    let_pass(client, other, mailer)
    for name in MOVED[kind]:
        other.tells(fixture(kind, name))
    let_pass(client, other, mailer)

    for recipient in ("eve@example.net", "gus@example.net", "oliver@example.com"):
        assert [one.uid for one in invites(sink, recipient)] == [UIDS[kind]] * 2, recipient
    ours = [one.uid for one in invites(sink, "ada@example.org")]
    assert len(set(ours)) == 1
    assert ours[0].endswith("@tocsin")


def test_a_booking_that_was_history_when_it_came_invites_when_it_is_moved_ahead(
    client: Client, sink: Sink, mailer: Lanes
) -> None:
    client.a_rule(client.a_link(), actions=[an_action(emails=["ada@example.org"])])
    other = connected_to(client, "generic")
    client.clock.advance(2 * DAY + 6 * HOUR)

    other.tells(first("generic"))
    let_pass(client, other, mailer)
    assert invites(sink, "ada@example.org") == []
    other.tells(fixture("generic", "moved"))
    let_pass(client, other, mailer)
    other.tells(fixture("generic", "moved", data__location="Room 3", timestamp="2026-11-24T09:20:00Z"))
    let_pass(client, other, mailer)

    (told,) = invites(sink, "ada@example.org")
    assert (told.method, told.sequence, told.appointment.starts_at.day) == ("REQUEST", 0, 27)


def test_a_booking_that_moves_within_the_past_is_history_still(client: Client, sink: Sink, mailer: Lanes) -> None:
    link = client.a_link()
    client.a_rule(link, actions=[an_action(emails=["ada@example.org"])])
    client.a_rule(link, event="booking_rescheduled", actions=[an_action(emails=["carl@example.org"])])
    other = connected_to(client, "generic")
    client.clock.advance(2 * DAY + 6 * HOUR)
    other.tells(first("generic"))

    other.tells(
        fixture(
            "generic",
            "moved",
            data__starts_at="2026-11-25T09:00:00Z",
            data__ends_at="2026-11-25T09:30:00Z",
            timestamp="2026-11-24T09:15:00Z",
        )
    )
    let_pass(client, other, mailer)
    assert sink.messages == []
    other.tells(fixture("generic", "moved", timestamp="2026-11-24T09:20:00Z"))
    let_pass(client, other, mailer)

    assert [one.recipients for one in sink.messages] == [("ada@example.org",)]
    assert invites(sink, "ada@example.org")[0].sequence == 0
