"""RFC 5545, 3.3.5: a local time that comes twice is the first; one that does not exist counts from before the gap."""

from datetime import UTC, date, datetime, time

from tests.formats.letters import an_invite
from tocsin.formats import ics, zones


def test_a_time_that_comes_twice_is_its_first_occurrence() -> None:
    assert zones.instant(date(2026, 10, 25), time(2, 30), "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_time_that_does_not_exist_counts_from_the_offset_before_the_gap() -> None:
    assert zones.instant(date(2026, 3, 29), time(2, 30), "Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_times_in_an_object_are_in_utc_so_no_zone_needs_to_be_explained() -> None:
    calendar = ics.write(an_invite())

    assert "DTSTART:20261201T120000Z\r\n" in calendar
    assert "TZID" not in calendar
    assert "VTIMEZONE" not in calendar
