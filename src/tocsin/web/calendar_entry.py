"""A calendar object of ours as a calendar shows it: read from its very lines, and laid out on its day."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from tocsin.formats import dates, zones

_LINE = re.compile(r"([A-Z-]+)((?:;[A-Z-]+=(?:\"[^\"]*\"|[^\";:]*))*):(.*)", re.DOTALL)
_CN = re.compile(r';CN="([^"]*)"')
_HOUR = timedelta(hours=1)
HOUR_HEIGHT = 44  # of the drawing, in its own units
_MOST_HOURS = 10
_LEAST_HEIGHT = 14


def properties(calendar: str) -> list[tuple[str, str, str]]:
    """Return the lines of a calendar object, unfolded: name, parameters, value."""
    lines = calendar.replace("\r\n ", "").split("\r\n")
    found = [match.groups() for line in lines if (match := _LINE.fullmatch(line))]
    return [(name, parameters, unescaped(value)) for name, parameters, value in found if name not in {"BEGIN", "END"}]


def unescaped(value: str) -> str:
    """Return a text as it was before RFC 5545, 3.3.11 escaped it."""
    pieces = value.split("\\\\")
    return "\\".join(piece.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";") for piece in pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """A line of the day: its time, and where it is drawn."""

    label: str
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry as its reader's calendar shows it: in his zone and language."""

    method: str
    title: str
    weekday: str
    day: str
    month: str
    date: str
    times: str
    place: str
    organizer: str
    attendees: Sequence[str]
    notes: str
    hours: Sequence[Hour]
    top: int
    height: int


def entry_of(calendar: str, *, time_zone: str, locale: str) -> Entry:
    """Return the entry of a calendar object of ours, as somebody in `time_zone` with `locale` sees it."""
    found = properties(calendar)
    first = {name: value for name, _, value in reversed(found)}
    starts_at, ends_at = _moment(first["DTSTART"]), _moment(first["DTEND"])
    weekday, day, month = dates.leaf(starts_at, time_zone, locale)
    until = dates.clock(ends_at, time_zone, locale)
    begin = _full_hour(starts_at, time_zone)
    hours, top = _hours(begin, ends_at, time_zone, locale), _height(starts_at - begin)
    return Entry(
        method=first["METHOD"].lower(),
        title=first["SUMMARY"],
        weekday=weekday,
        day=day,
        month=month,
        date=dates.day(starts_at, time_zone, locale),
        times=f"{dates.clock(starts_at, time_zone, locale)} – {until} ({time_zone})",
        place=first.get("LOCATION", ""),
        organizer=next((_person(*one) for one in found if one[0] == "ORGANIZER"), ""),
        attendees=[_person(*one) for one in found if one[0] == "ATTENDEE"],
        notes=first.get("DESCRIPTION", ""),
        hours=hours,
        top=top,
        height=max(_LEAST_HEIGHT, min(_height(ends_at - starts_at), hours[-1].y - top)),
    )


def _moment(value: str) -> datetime:
    return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _person(_name: str, parameters: str, value: str) -> str:
    address, name = unquote(value.removeprefix("mailto:")), _CN.search(parameters)
    return f"{name[1]} ({address})" if name else address


def _full_hour(moment: datetime, time_zone: str) -> datetime:
    """Return the last full hour of the clocks there; some zones are half an hour off."""
    local = zones.local(moment, time_zone)
    return moment - timedelta(minutes=local.minute, seconds=local.second)


def _hours(begin: datetime, end: datetime, time_zone: str, locale: str) -> list[Hour]:
    number = min(_MOST_HOURS, -(-(end - begin) // _HOUR)) + 1
    return [
        Hour(label=dates.clock(begin + one * _HOUR, time_zone, locale), y=one * HOUR_HEIGHT) for one in range(number)
    ]


def _height(length: timedelta) -> int:
    return round(length / _HOUR * HOUR_HEIGHT)
