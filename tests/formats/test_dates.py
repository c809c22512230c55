import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from babel import Locale, localedata

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
        ("de", "Dienstag, 24. November 2026 um 15:30"),
        ("de_ZZ", "Dienstag, 24. November 2026 um 15:30"),
        ("fr", "mardi 24 novembre 2026 à 15:30"),
        ("es", "martes, 24 de noviembre de 2026, 15:30"),
        ("pt-BR", "terça-feira, 24 de novembro de 2026 às 15:30"),
        ("pt_BR", "terça-feira, 24 de novembro de 2026 às 15:30"),
        ("hi", "मंगलवार, 24 नवंबर 2026 को 3:30 pm बजे"),
        ("ja", "2026年11月24日火曜日 15:30"),
        ("ar", "الثلاثاء، 24 نوفمبر 2026 في 3:30 م"),
        ("it", "martedì 24 novembre 2026 alle ore 15:30"),
        ("nl", "dinsdag 24 november 2026 om 15:30"),
        ("en_US", "Tuesday, 24 November 2026 at 15:30"),
    ],
)
def test_other_languages_use_their_own_full_date_and_clock(locale: str, shown: str) -> None:
    assert dates.moment(AFTERNOON, "Europe/Berlin", locale) == f"{shown} (Europe/Berlin, GMT+1)"


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("es-MX", "martes, 24 de noviembre de 2026, 3:30\u202fp.m."),
        ("ar-EG", "الثلاثاء، ٢٤ نوفمبر ٢٠٢٦ في ٣:٣٠ م"),
        ("ar-AE", "الثلاثاء، 24 نوفمبر 2026 في 3:30 م"),
        ("fa", "سه\u200cشنبه ۲۴ نوامبر ۲۰۲۶، ساعت ۱۵:۳۰"),
        ("mr", "मंगळवार, २४ नोव्हेंबर, २०२६, ३:३० PM"),
        ("bn", "মঙ্গলবার, ২৪ নভেম্বর, ২০২৬ ৩:৩০ PM"),
        ("sv", "tisdag 24 november 2026 15:30"),
    ],
)
def test_the_region_decides_on_twelve_hours_and_on_the_digits(locale: str, shown: str) -> None:
    assert dates.moment(AFTERNOON, "Europe/Berlin", locale) == f"{shown} (Europe/Berlin, GMT+1)"


def test_every_numbering_system_that_is_usual_somewhere_has_its_digits() -> None:
    for name in localedata.locale_identifiers():
        system = Locale.parse(name).default_numbering_system
        shown = dates.moment(AFTERNOON, "UTC", name).rpartition(" (UTC, GMT)")[0]
        digits = {letter for letter in shown if letter.isdecimal()}
        assert {unicodedata.digit(letter) for letter in digits} <= set(range(10))
        assert (not any(letter.isascii() for letter in digits)) is (system != "latn"), (name, system, shown)


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


def test_a_leaf_and_a_clock_are_those_of_the_readers_zone_and_language() -> None:
    late = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)

    assert dates.leaf(late, "Europe/London", "en") == ("Tue", "24", "Nov")
    assert dates.leaf(late, "Asia/Tokyo", "de") == ("Mi.", "25", "Nov")
    assert dates.leaf(late, "Africa/Cairo", "ar-EG")[1] == "٢٥"
    assert dates.day(late, "Asia/Tokyo", "en") == "Wednesday, 25 November 2026"
    assert dates.clock(late, "Asia/Tokyo", "en") == "07:30"
    assert dates.clock(late, "America/New_York", "es-MX") == "5:30\u202fp.m."
