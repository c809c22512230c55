from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings

from tests.formats.letters import NOON, an_invite, hostile_text
from tocsin.domain.invite import Method
from tocsin.formats import ics


def lines_of(calendar: str) -> list[str]:
    return calendar.replace("\r\n ", "").split("\r\n")[:-1]


def test_a_request_is_written_line_by_line_as_the_receivers_need_it() -> None:
    assert lines_of(ics.write(an_invite(sequence=3))) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tocsin//Booking automation rules//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "UID:0f8fad5b-d9cb-469f-a165-70867728950e@example.net",
        "SEQUENCE:3",
        "DTSTAMP:20261124T120000Z",
        "DTSTART:20261201T120000Z",
        "DTEND:20261201T130000Z",
        "SUMMARY:Intro call",
        r"DESCRIPTION:Hello\,\nsee you there.",
        "LOCATION:Room 1",
        "URL:https://bookings.example.net/b/1",
        'ORGANIZER;CN="Zoe Host":mailto:bookings@example.net',
        'ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN="Alice":mailto:alice@example.com',
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "CLASS:PUBLIC",
        "CREATED:20261123T120000Z",
        "LAST-MODIFIED:20261124T120000Z",
        "X-MICROSOFT-DISALLOW-COUNTER:TRUE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_a_cancel_says_so_and_asks_for_no_answer() -> None:
    request = lines_of(ics.write(an_invite()))
    cancel = lines_of(ics.write(an_invite(method=Method.CANCEL)))

    assert [line for line in cancel if line not in request] == [
        "METHOD:CANCEL",
        'ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;CN="Alice":mailto:alice@example.com',
        "STATUS:CANCELLED",
    ]


def test_what_is_empty_is_left_out_but_for_the_summary() -> None:
    calendar = ics.write(
        an_invite(summary="", description=" \n", location="", url="", organizer_name="", attendee_name='"')
    )

    assert "SUMMARY:\r\n" in calendar
    assert "ORGANIZER:mailto:bookings@example.net\r\n" in calendar
    assert not any(name in calendar for name in ("DESCRIPTION", "LOCATION", "URL", "CN="))


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "mailto:a@b.example", "https://u:p@x.example", "no link", "//x.example"]
)
def test_only_a_web_address_is_a_url(url: str) -> None:
    assert "URL" not in ics.write(an_invite(url=url))


def test_a_long_address_to_join_is_not_cut() -> None:
    address = "https://teams.example/l/meetup-join/" + "x" * 1_000

    lines = lines_of(ics.write(an_invite(location=address, url=address)))

    assert {f"LOCATION:{address}", f"URL:{address}"} <= set(lines)


def test_times_are_written_in_utc_to_the_second() -> None:
    berlin = timezone(timedelta(hours=1))
    invite = an_invite(
        starts_at=datetime(2026, 12, 1, 15, 30, 59, 999_999, tzinfo=berlin),
        ends_at=datetime(2026, 12, 1, 15, tzinfo=UTC),
    )

    assert {"DTSTART:20261201T143059Z", "DTEND:20261201T150000Z"} <= set(lines_of(ics.write(invite)))


@pytest.mark.parametrize(
    ("name", "common_name"),
    [
        ('Zoe "Z" Host', "Zoe Z Host"),
        ("a:b;c,d", "a:b;c,d"),
        ("a\r\nATTENDEE:x", "a  ATTENDEE:x"),
        ("a^nb ^' ^^ ^\"n ^x", "a^ nb ^ ' ^ ^ ^ n ^x"),
        ("back\\slash", "backslash"),
    ],
)
def test_a_name_can_neither_leave_its_quotes_nor_hide_a_line_end(name: str, common_name: str) -> None:
    assert ics.common_name(name) == common_name
    assert f';CN="{common_name}":mailto:' in ics.write(an_invite(organizer_name=name)).replace("\r\n ", "")


@settings(deadline=None)
@given(hostile_text)
def test_no_text_adds_a_line(text: str) -> None:
    plain = an_invite(summary="x", description="x", location="x", organizer_name="x", attendee_name="x")
    hostile = an_invite(
        summary=text, description=f"x{text}", location=f"x{text}", organizer_name=f"x{text}", attendee_name=f"x{text}"
    )

    def names(calendar: str) -> list[str]:
        return [line.partition(":")[0].partition(";")[0] for line in lines_of(calendar)]

    assert names(ics.write(hostile)) == names(ics.write(plain))


def test_the_same_invite_gives_the_same_text() -> None:
    assert ics.write(an_invite(stamp=NOON)) == ics.write(an_invite(stamp=NOON))
