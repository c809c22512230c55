"""Time zones: which names are accepted, and wall time to instant and back.

The names are those of the tzdata package, the copy that is pinned; the system's list may differ by years.
"""

import difflib
import re
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from zoneinfo import ZoneInfo

from tocsin.domain.text import one_line

# `Factory` means "nobody has set a zone". `localtime`, `posix/…` and `right/…` exist only in system copies: the first is
# another zone on each machine, the last count leap seconds.
ZONES = frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()) - {"Factory"}

# Nobody books outside of these, and at the ends of the calendar Python's own arithmetic overflows in half of the zones.
EARLIEST_YEAR, LATEST_YEAR = 1970, 2100

# What Windows and Outlook call the zones that people use most (CLDR, windowsZones).
_WINDOWS = MappingProxyType({
    "pacific standard time": "America/Los_Angeles",
    "mountain standard time": "America/Denver",
    "central standard time": "America/Chicago",
    "eastern standard time": "America/New_York",
    "atlantic standard time": "America/Halifax",
    "e. south america standard time": "America/Sao_Paulo",
    "gmt standard time": "Europe/London",
    "greenwich standard time": "Africa/Abidjan",
    "w. europe standard time": "Europe/Berlin",
    "romance standard time": "Europe/Paris",
    "central europe standard time": "Europe/Budapest",
    "central european standard time": "Europe/Warsaw",
    "fle standard time": "Europe/Kyiv",
    "russian standard time": "Europe/Moscow",
    "turkey standard time": "Europe/Istanbul",
    "israel standard time": "Asia/Jerusalem",
    "arabian standard time": "Asia/Dubai",
    "india standard time": "Asia/Kolkata",
    "nepal standard time": "Asia/Kathmandu",
    "singapore standard time": "Asia/Singapore",
    "china standard time": "Asia/Shanghai",
    "tokyo standard time": "Asia/Tokyo",
    "aus eastern standard time": "Australia/Sydney",
    "new zealand standard time": "Pacific/Auckland",
})  # fmt: skip
_FOLDED = MappingProxyType({name.casefold(): name for name in sorted(ZONES)})
_OFFSET = re.compile(r"(?:UTC|GMT|Z)?\s*[+\-−]\s*[0-9]{1,2}(?::?[0-9]{2})?", re.IGNORECASE)
_LONGEST_NAME = 64


def complaint(name: str) -> str | None:
    """Tell that `name` is no IANA time zone, and which one was probably meant; None if it is one."""
    if name in ZONES:
        return None
    shown = one_line(name, limit=_LONGEST_NAME).strip()
    if _OFFSET.fullmatch(shown):
        return f"{shown} is an offset, which knows no summer time; write the name of a zone, such as Europe/Berlin"
    if not shown:
        return "is empty; write the name of a time zone, such as Europe/Berlin"
    return f"unknown time zone {shown}; did you mean {_nearest(shown)}?"


def instant(day: date, clock: time, zone: str) -> datetime:
    """Return the moment, aware and in UTC, at which clocks in `zone` show `clock` on `day`.

    A time that comes twice is its first occurrence; one that never comes counts from the offset before the gap
    (RFC 5545, 3.3.5). Raises ValueError for an unknown zone, or a year outside of 1970 to 2100.
    """
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise ValueError(f"the year {day.year} is not between {EARLIEST_YEAR} and {LATEST_YEAR}")
    # fold=0 is exactly the standard's choice in both cases; a `fold` that came in with `clock` would be somebody else's.
    wall = datetime.combine(day, clock.replace(fold=0), tzinfo=_zone(zone))
    first, second = (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    # Where the list of changes ends and a zone goes on by rule, Python may see a change that there is none (Nuuk in 2023).
    is_odd = not _shows(first, wall) and _shows(second, wall)
    return second if is_odd else first


def local(moment: datetime, zone: str) -> datetime:
    """Return `moment`, which is aware, as clocks in `zone` show it. Raises ValueError for an unknown zone."""
    return moment.astimezone(_zone(zone))


def _shows(moment: datetime, wall: datetime) -> bool:
    return moment.astimezone(wall.tzinfo).replace(tzinfo=None, fold=0) == wall.replace(tzinfo=None)


@cache
def _zone(name: str) -> ZoneInfo:
    # Raw text must not reach ZoneInfo: it opens files by name, and `America`, `..` or 300 letters raise four kinds of error.
    wrong = complaint(name)
    if wrong is not None:
        raise ValueError(wrong)
    return ZoneInfo(name)


def _nearest(name: str) -> str:
    folded = name.casefold().replace(" ", "_")
    exact = _FOLDED.get(folded) or _WINDOWS.get(name.casefold())
    if exact is not None:
        return exact
    # People know the city: `Berlin` is nearer to Europe/Berlin than any other name of six letters.
    cities = [zone for key, zone in _FOLDED.items() if key.endswith("/" + folded)]
    return (cities or [_FOLDED[difflib.get_close_matches(folded, _FOLDED, n=1, cutoff=0.0)[0]]])[0]
