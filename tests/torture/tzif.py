"""A second reader of the zone database (RFC 9636), written apart from Python's: what clocks show, and when they show it."""

import re
import struct
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  of clocks on walls
_HEADER = struct.Struct(">4sc15x6I")
_NAME = r"(?:[A-Za-z]{3,}|<[^>]+>)"
_TIME = r"[+-]?\d{1,3}(?::\d{2}){0,2}"
_RULE = re.compile(rf"{_NAME}({_TIME})(?:{_NAME}({_TIME})?,([^,]+),([^,]+))?")
_LAST_YEAR = 2038


@dataclass(frozen=True, slots=True)
class Zone:
    """When clocks change: seconds since 1970 in UTC, and by how many seconds they are ahead from then on."""

    moments: tuple[int, ...]
    offsets: tuple[int, ...]  # one more: the first is from before all

    def local(self, moment: datetime) -> datetime:
        """Return what clocks show at a moment, naive."""
        seconds = int((moment - _EPOCH.replace(tzinfo=UTC)).total_seconds())
        return _EPOCH + timedelta(seconds=seconds + self.offsets[bisect_right(self.moments, seconds)])

    def instant(self, wall: datetime) -> datetime:
        """Return when clocks show `wall`, which is naive, for the first time; in a gap, by the offset before it."""
        shown = int((wall - _EPOCH).total_seconds())
        for number, offset in enumerate(self.offsets):
            begin = self.moments[number - 1] if number else None
            end = self.moments[number] if number < len(self.moments) else None
            # Of this stretch, or of the gap behind it: what clocks show next begins after it.
            until = None if end is None else end + max(offset, self.offsets[number + 1])
            if (begin is None or shown >= begin + offset) and (until is None or shown < until):
                return _EPOCH.replace(tzinfo=UTC) + timedelta(seconds=shown - offset)
        raise AssertionError(f"no clock shows {wall}")

    def changes(self, first_year: int, last_year: int) -> list[tuple[int, int, int]]:
        """Return the changes in some years: the moment, the offset before and behind it."""
        first, last = (int((datetime(year, 1, 1) - _EPOCH).total_seconds()) for year in (first_year, last_year + 1))  # noqa: DTZ001
        found = enumerate(self.moments)
        return [(at, self.offsets[n], self.offsets[n + 1]) for n, at in found if first <= at < last]


@cache
def zone(name: str) -> Zone:
    """Return a zone of the tzdata package."""
    raw = files("tzdata.zoneinfo").joinpath(*name.split("/")).read_bytes()
    _, _, *first = _HEADER.unpack_from(raw)
    start = _HEADER.size + _size(first, width=4)
    _, _, *counts = _HEADER.unpack_from(raw, start)
    _, _, _, number, kinds, _ = counts
    at = start + _HEADER.size
    moments = struct.unpack_from(f">{number}q", raw, at)
    places = raw[at + 8 * number : at + 9 * number]
    offsets = [struct.unpack_from(">i", raw, at + 9 * number + 6 * kind)[0] for kind in range(kinds)]
    footer = raw[start + _HEADER.size + _size(counts, width=8) :].strip(b"\n").decode("ascii")
    known = [(moment, offsets[place]) for moment, place in zip(moments, places, strict=True)]
    behind = [one for one in _by_rule(footer) if not known or one[0] > known[-1][0]]
    every = [*known, *behind]
    return Zone(tuple(moment for moment, _ in every), (offsets[0], *(offset for _, offset in every)))


def _size(counts: list[int], *, width: int) -> int:
    utc, standard, leaps, number, kinds, letters = counts
    return number * (width + 1) + kinds * 6 + letters + leaps * (width + 4) + standard + utc


def _by_rule(footer: str) -> list[tuple[int, int]]:
    """Return the changes that the rule at the end of a file (POSIX, TZ) means, from 1970 on."""
    matched = _RULE.fullmatch(footer)
    if matched is None or matched[3] is None:
        return []
    standard = -_seconds(matched[1])
    summer = standard + 3600 if matched[2] is None else -_seconds(matched[2])
    found = []
    for year in range(1970, _LAST_YEAR + 1):
        found += [(_shown(matched[3], year) - standard, summer), (_shown(matched[4], year) - summer, standard)]
    return sorted(found)


def _shown(rule: str, year: int) -> int:
    """Return when, as clocks show it, a rule such as `M3.5.0/2` changes them."""
    day, _, clock = rule.partition("/")
    new_year = datetime(year, 1, 1)  # noqa: DTZ001
    if day.startswith("M"):
        month, week, weekday = map(int, day[1:].split("."))
        first = datetime(year, month, 1)  # noqa: DTZ001
        date = first + timedelta(days=(weekday - first.isoweekday()) % 7 + 7 * (week - 1))
        while date.month != month:
            date -= timedelta(days=7)
    elif day.startswith("J"):  # never 29 February
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        date = new_year + timedelta(days=int(day[1:]) - 1 + (leap and int(day[1:]) >= 60))
    else:
        date = new_year + timedelta(days=int(day))
    return int((date - _EPOCH).total_seconds()) + (_seconds(clock) if clock else 7200)


def _seconds(text: str) -> int:
    """Return `[+-]hh[:mm[:ss]]` in seconds."""
    hours, minutes, seconds = (*map(int, text.lstrip("+-").split(":")), 0, 0)[:3]
    return (hours * 3600 + minutes * 60 + seconds) * (-1 if text.startswith("-") else 1)
