"""A moment in words, as `{{booking.starts_at}}` shows it."""

import re
from datetime import UTC, date, datetime, time
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_datetime_format

from tocsin.formats import zones
from tocsin.formats.words import LANGUAGES, words

_ENGLISH_DAY = "EEEE, d MMMM y"  # the same for all of the English-speaking, who disagree on 11/24
# The digit 0 of the numbering systems that CLDR has as the usual one of a locale. Babel writes all digits in Latin.
_ZEROS = {
    "adlm": 0x1E950,
    "arab": 0x0660,
    "arabext": 0x06F0,
    "beng": 0x09E6,
    "cakm": 0x11136,
    "deva": 0x0966,
    "hmnp": 0x1E140,
    "mtei": 0xABF0,
    "mymr": 0x1040,
    "nkoo": 0x07C0,
    "olck": 0x1C50,
    "tibt": 0x0F20,
}
_NAME = re.compile(r"[A-Za-z]{2,3}(?:[_\-][A-Za-z0-9]{2,8}){0,3}")


def moment(instant: datetime, zone: str, locale: str) -> str:
    """Return `instant`, which is aware, as clocks in `zone` show it, in the words of `locale`.

    In English: `Tuesday, 24 November 2026 at 15:30 (Europe/Berlin, GMT+1)`. Other languages have the order, the digits, and
    12 or 24 hours that CLDR gives for their locale. The offset is the one in force at that very moment. A locale that Babel
    does not know is English. Raises ValueError for an unknown zone.
    """
    return _moment(instant.astimezone(UTC), zone, locale)


def brief(instant: datetime, zone: str, locale: str) -> str:
    """Return `instant` as short as lists want it, with neither weekday nor zone: `24 Nov 2026, 15:30` in English."""
    local = zones.local(instant, zone)
    return f"{_short_day(local.date(), locale)}, {_clock(local.time(), locale)}"


@lru_cache(maxsize=1024)
def _short_day(day: date, name: str) -> str:
    locale = _locale(name)
    pattern = "d MMM y" if locale.language == "en" else "medium"
    return _in_its_digits(format_date(day, pattern, locale=locale), locale)


def day(instant: datetime, zone: str, locale: str) -> str:
    """Return the day of `instant` in `zone`, in the words of `locale`: `Tuesday, 24 November 2026`."""
    return _day(zones.local(instant, zone).date(), locale)[0]


def clock(instant: datetime, zone: str, locale: str) -> str:
    """Return the time of day of `instant`, as clocks in `zone` show it, with the hours and digits of `locale`."""
    return _clock(zones.local(instant, zone).time(), locale)


def leaf(instant: datetime, zone: str, locale: str) -> tuple[str, str, str]:
    """Return what the leaf of a calendar shows of `instant` in `zone`: the day of the week, of the month, and the month."""
    known, day = _locale(locale), zones.local(instant, zone).date()
    weekday, number, month = (_in_its_digits(format_date(day, one, locale=known), known) for one in ("EEE", "d", "LLL"))
    return weekday, number, month


@lru_cache(maxsize=2048)
def _moment(instant: datetime, zone: str, locale: str) -> str:
    # Kept, because all letters of a booking show the same few moments. In UTC: there none comes twice.
    local = zones.local(instant, zone)
    day, joined = _day(local.date(), locale)
    shown = joined.format(day=day, time=_clock(local.time(), locale))
    return f"{shown} ({zone}, {_offset(local)})"


@lru_cache(maxsize=1024)
def _day(day: date, name: str) -> tuple[str, str]:
    """Return a day in words, and how to join it with the time. Kept, because it takes Babel a while."""
    locale = _locale(name)
    pattern = _ENGLISH_DAY if locale.language == "en" else "full"
    return _in_its_digits(format_date(day, pattern, locale=locale), locale), _joined(locale)


@lru_cache(maxsize=1024)
def _clock(clock: time, name: str) -> str:
    locale = _locale(name)
    if locale.language == "en":
        return f"{clock.hour:02}:{clock.minute:02}"
    return _in_its_digits(format_time(clock, "short", locale=locale), locale)


def _joined(locale: Locale) -> str:
    if locale.language in LANGUAGES:
        return words(locale.language).gettext("{day} at {time}")
    return str(get_datetime_format("full", locale=locale)).format("{time}", "{day}")


def _in_its_digits(text: str, locale: Locale) -> str:
    zero = _ZEROS.get(locale.default_numbering_system)
    return text if zero is None else text.translate({ord("0") + digit: zero + digit for digit in range(10)})


def locale_complaint(name: str) -> str | None:
    """Tell what is wrong with `name` as the language and region of a workspace or recipient, or None.

    Any language is right whose dates Babel can write; without words of ours (`words.LANGUAGES`) these are English.
    """
    if _known(name) is None:
        return "is no language that dates can be written in; write one such as en, de, pt-BR or ja"
    return None


def _locale(name: str) -> Locale:
    return _known(name) or Locale("en")


@lru_cache(maxsize=256)
def _known(name: str) -> Locale | None:
    # The pattern first: Babel looks for a file of that name.
    for candidate in (name, re.split(r"[_\-]", name)[0]) if _NAME.fullmatch(name) else ():
        try:
            return Locale.parse(candidate.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            continue
    return None


def _offset(local: datetime) -> str:
    offset = local.utcoffset()
    minutes = 0 if offset is None else round(offset.total_seconds() / 60)
    if minutes == 0:
        return "GMT"
    hours, rest = divmod(abs(minutes), 60)
    return f"GMT{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02}" if rest else "")
