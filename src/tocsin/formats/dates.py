"""A moment in words, as `{{booking.starts_at}}` shows it."""

import re
from datetime import UTC, date, datetime
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, get_datetime_format

from tocsin.formats import zones

_ENGLISH_DAY = "EEEE, d MMMM y"  # the same for all of the English-speaking, who disagree on 11/24
_NAME = re.compile(r"[A-Za-z]{2,3}(?:[_\-][A-Za-z0-9]{2,8}){0,3}")


def moment(instant: datetime, zone: str, locale: str) -> str:
    """Return `instant`, which is aware, as clocks in `zone` show it, in the words of `locale`.

    In English: `Tuesday, 24 November 2026 at 15:30 (Europe/Berlin, GMT+1)`. The offset is the one in force at that very
    moment. A locale that Babel does not know is English. Raises ValueError for an unknown zone.
    """
    return _moment(instant.astimezone(UTC), zone, locale)


@lru_cache(maxsize=2048)
def _moment(instant: datetime, zone: str, locale: str) -> str:
    # Kept, because all letters of a booking show the same few moments. In UTC: there none comes twice.
    local = zones.local(instant, zone)
    day, joined = _day(local.date(), locale)
    return (
        f"{joined.replace('{0}', f'{local.hour:02}:{local.minute:02}').replace('{1}', day)} ({zone}, {_offset(local)})"
    )


@lru_cache(maxsize=1024)
def _day(day: date, name: str) -> tuple[str, str]:
    """Return a day in words, and how to join it, as `{1}`, with the time, `{0}`. Kept, because it takes Babel a while."""
    locale = _locale(name)
    if locale.language == "en":
        return format_date(day, _ENGLISH_DAY, locale=locale), "{1} at {0}"
    return format_date(day, "full", locale=locale), str(get_datetime_format("full", locale=locale))


def locale_complaint(name: str) -> str | None:
    """Tell what is wrong with `name` as the language and region of a workspace, or None."""
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
