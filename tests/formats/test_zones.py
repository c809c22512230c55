from datetime import UTC, date, datetime, time

import pytest

from tests.pinned_zones import the_pinned_copy  # noqa: F401  pytest finds it by its name
from tocsin.formats import zones


@pytest.mark.parametrize(
    ("zone", "wall", "utc"),
    [
        pytest.param("America/New_York", "2026-03-08T02:30", "2026-03-08T07:30", id="gap"),
        pytest.param("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30", id="overlap"),
        pytest.param("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45", id="gap of half an hour"),
        pytest.param("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45", id="overlap of half an hour"),
        pytest.param("America/Nuuk", "2023-10-28T23:30", "2023-10-29T01:30", id="no change, though the rule knows one"),
        pytest.param("Europe/Dublin", "2026-01-15T12:00", "2026-01-15T12:00", id="negative summer time, winter"),
        pytest.param("Europe/Dublin", "2026-07-15T12:00", "2026-07-15T11:00", id="negative summer time, summer"),
        pytest.param("Africa/Casablanca", "2026-02-15T02:30", "2026-02-15T01:30", id="Ramadan"),
        pytest.param("America/Sao_Paulo", "2026-11-01T00:30", "2026-11-01T03:30", id="no summer time any more"),
        pytest.param("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T03:00", id="gap at midnight"),
        pytest.param("Asia/Kathmandu", "2026-01-01T00:00", "2025-12-31T18:15", id="offset of three quarters"),
        pytest.param("Africa/Cairo", "2026-04-24T00:30", "2026-04-23T22:30", id="the day starts at one, Cairo"),
        pytest.param("Asia/Beirut", "2026-03-29T00:30", "2026-03-28T22:30", id="the day starts at one, Beirut"),
        pytest.param("Antarctica/Troll", "2026-03-29T02:00", "2026-03-29T02:00", id="summer time of two hours"),
        pytest.param("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T22:00", id="a day that was skipped"),
        pytest.param("America/Vancouver", "2026-12-15T12:00", "2026-12-15T19:00", id="a rule that changed lately"),
        pytest.param("Europe/London", "2040-07-01T12:00", "2040-07-01T11:00", id="after 2037"),
        pytest.param("Asia/Tokyo", "2100-12-31T23:59", "2100-12-31T14:59", id="the last day"),
    ],
)
def test_wall_time_is_understood_as_the_standard_says(zone: str, wall: str, utc: str) -> None:
    at = datetime.fromisoformat(wall)

    assert zones.instant(at.date(), at.time(), zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_fold_that_came_with_the_clock_does_not_count() -> None:
    second = zones.instant(date(2026, 11, 1), time(1, 30, fold=1), "America/New_York")

    assert second == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize("year", [1, 1969, 2101, 9999])
def test_a_year_that_nobody_books_is_refused(year: int) -> None:
    with pytest.raises(ValueError, match="between 1970 and 2100"):
        zones.instant(date(year, 12, 31), time(12), "Asia/Tokyo")


def test_an_instant_is_shown_as_clocks_there_show_it() -> None:
    shown = zones.local(datetime(2026, 3, 8, 7, 30, tzinfo=UTC), "America/New_York")

    assert f"{shown:%H:%M}" == "03:30"


@pytest.mark.parametrize("zone", ["America", "localtime", "../../etc/passwd", "x" * 300, "nul\0", "", "/etc/localtime"])
def test_only_known_names_reach_the_files(zone: str) -> None:
    with pytest.raises(ValueError, match=r"write the name|did you mean"):
        zones.local(datetime(2026, 1, 1, tzinfo=UTC), zone)


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "UTC", "US/Pacific", "Asia/Calcutta", "Europe/Kiev", "EST", "EST5EDT", "Zulu", "GMT0"]
)
def test_names_and_their_aliases_are_accepted(zone: str) -> None:
    assert zones.complaint(zone) is None


def test_every_accepted_name_can_be_loaded() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    assert all(zones.local(moment, zone) == moment for zone in zones.ZONES)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("asia/tokyo", "Asia/Tokyo"),
        ("Pacific Standard Time", "America/Los_Angeles"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("Europe/Berln", "Europe/Berlin"),
        ("  Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_the_nearest_name_is_suggested(name: str, meant: str) -> None:
    assert str(zones.complaint(name)).endswith(f"did you mean {meant}?")


def test_every_name_that_windows_uses_stands_for_an_accepted_one() -> None:
    assert set(zones._WINDOWS.values()) <= zones.ZONES


@pytest.mark.parametrize(
    "name", ["localtime", "posix/UTC", "right/UTC", "Factory", "Mars/Phobos", "America", "x" * 9999]
)
def test_a_trap_is_not_a_zone(name: str) -> None:
    assert str(zones.complaint(name)).startswith(f"unknown time zone {name[:63]}")


@pytest.mark.parametrize("name", ["UTC+3", "+03:00", "GMT-5", "-0330"])
def test_an_offset_is_not_a_zone_and_the_complaint_says_why(name: str) -> None:
    assert "is an offset" in str(zones.complaint(name))


@pytest.mark.parametrize("name", ["", " ", "\0\n"])
def test_nothing_is_not_a_zone(name: str) -> None:
    assert str(zones.complaint(name)).startswith("is empty")
