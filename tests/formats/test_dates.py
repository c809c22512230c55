from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tocsin.formats import dates

AFTERNOON = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)


def test_english_is_written_as_the_product_says() -> None:
    shown = dates.moment(AFTERNOON, "Europe/Berlin", "en")

    assert shown == "Tuesday, 24 November 2026 at 15:30 (Europe/Berlin, GMT+1)"


@pytest.mark.parametrize(
    ("zone", "at", "ending"),
    [
        ("Europe/Berlin", datetime(2026, 7, 1, 12, tzinfo=UTC), "14:00 (Europe/Berlin, GMT+2)"),
        ("Asia/Kathmandu", AFTERNOON, "20:15 (Asia/Kathmandu, GMT+5:45)"),
        ("America/St_Johns", AFTERNOON, "11:00 (America/St_Johns, GMT-3:30)"),
        ("Australia/Lord_Howe", datetime(2026, 7, 1, 12, tzinfo=UTC), "22:30 (Australia/Lord_Howe, GMT+10:30)"),
        ("Australia/Lord_Howe", datetime(2026, 1, 1, 12, tzinfo=UTC), "23:00 (Australia/Lord_Howe, GMT+11)"),
        ("Europe/Dublin", datetime(2026, 1, 1, 12, tzinfo=UTC), "12:00 (Europe/Dublin, GMT)"),
        ("Europe/Dublin", datetime(2026, 7, 1, 12, tzinfo=UTC), "13:00 (Europe/Dublin, GMT+1)"),
        ("America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "01:30 (America/New_York, GMT-4)"),
        ("America/New_York", datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "01:30 (America/New_York, GMT-5)"),
    ],
)
def test_the_offset_is_the_one_of_that_moment(zone: str, at: datetime, ending: str) -> None:
    assert dates.moment(at, zone, "en").endswith(f" at {ending}")


def test_an_hour_that_comes_twice_is_told_apart() -> None:
    once = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo("America/New_York"))

    shown = [dates.moment(each, "America/New_York", "en") for each in (once, once.replace(fold=1))]

    assert [each.rpartition(" ")[2] for each in shown] == ["GMT-4)", "GMT-5)"]


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("de", "Dienstag, 24. November 2026, 15:30 (Europe/Berlin, GMT+1)"),
        ("pt-BR", "terça-feira, 24 de novembro de 2026 15:30 (Europe/Berlin, GMT+1)"),
        ("pt_BR", "terça-feira, 24 de novembro de 2026 15:30 (Europe/Berlin, GMT+1)"),
        ("ja", "2026年11月24日火曜日 15:30 (Europe/Berlin, GMT+1)"),
        ("de_ZZ", "Dienstag, 24. November 2026, 15:30 (Europe/Berlin, GMT+1)"),
        ("en_US", "Tuesday, 24 November 2026 at 15:30 (Europe/Berlin, GMT+1)"),
    ],
)
def test_other_languages_use_their_own_full_date(locale: str, shown: str) -> None:
    assert dates.moment(AFTERNOON, "Europe/Berlin", locale) == shown


@pytest.mark.parametrize("locale", ["xx", "", "../../etc", "xx_YY", "a" * 1000, "\0", "C"])
def test_an_unknown_locale_is_english(locale: str) -> None:
    assert dates.moment(AFTERNOON, "UTC", locale) == dates.moment(AFTERNOON, "UTC", "en")


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="did you mean Asia/Tokyo"):
        dates.moment(AFTERNOON, "asia/tokyo", "en")


@pytest.mark.parametrize(
    ("name", "is_known"), [("en", True), ("pt-BR", True), ("de_XX", True), ("xx", False), ("../en", False)]
)
def test_a_language_that_dates_cannot_be_written_in_is_told(name: str, is_known: bool) -> None:
    assert (dates.locale_complaint(name) is None) is is_known
