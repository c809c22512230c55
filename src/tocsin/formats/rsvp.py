"""Answers to invitations, read from mail as calendars write it (RFC 6047; RFC 5546, 3.2.3 REPLY and 3.2.7 COUNTER).

Lenient, because each program writes its own sort, and bounded, because anybody can write one. Only the lines that matter are
read, so that whatever is wrong with the others does no harm. A VTIMEZONE is not: the rules in it could be anybody's.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import unquote

from icalendar import vDuration
from icalendar.parser import Contentline
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from tocsin.domain.rsvp import Answer, Proposal, Rsvp, comment
from tocsin.domain.text import complaint
from tocsin.formats import received, zones

LARGEST_CALENDAR = 256 * 1024  # octets
MOST_LINES = 2_000  # of those that matter
LONGEST_LINE = 4_000  # characters; only a COMMENT is longer in earnest, and no more than 500 of it are kept
MOST_ANSWERS = 50  # of one mail
_LONGEST_ID = 255  # characters of a UID or an address
_HIGHEST_SEQUENCE = 2**31 - 1  # RFC 5545, 3.3.8

_CALENDARS = ("text/calendar", "application/ics")
_FOLD = re.compile(r"\n[ \t]")
_WANTED = re.compile(
    r"\s*(BEGIN|END|METHOD|UID|SEQUENCE|DTSTAMP|ATTENDEE|COMMENT|DTSTART|DTEND|DURATION|RECURRENCE-ID)\s*[;:]",
    re.IGNORECASE,
)
_MOMENT = re.compile(r"([0-9]{8}T[0-9]{6})(Z?)")


@dataclass(frozen=True, slots=True)
class _Calendar:
    """A VCALENDAR: its method, if it names one, and the lines of each VEVENT."""

    method: list[str] = field(default_factory=list)
    events: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Property:
    parameters: dict[str, str]
    value: str


_Event = dict[str, list[_Property]]


def read(message: bytes) -> list[Answer | Proposal]:
    """Return what a mail answers, in its order, each once and at most 50; nothing if it answers nothing. Never raises.

    What is said about one occurrence of a series (RECURRENCE-ID) is left out: our entries do not recur.
    """
    try:
        return list(dict.fromkeys(_read(message)))[:MOST_ANSWERS]
    except Exception:  # noqa: BLE001  mail that means harm must not end who listens to it
        return []


def _read(message: bytes) -> Iterator[Answer | Proposal]:
    mail = received.taken_apart(message)
    parts = [] if mail is None else received.leaves(mail)
    for part in parts:
        if part.get_content_type() in _CALENDARS:
            text = received.text_of(part, largest=LARGEST_CALENDAR)
            for calendar in _calendars(text):
                # Both say the same (RFC 6047, 2.4); where they do not, Outlook believes the object, and so do we.
                method = (calendar.method or [received.parameter(part, "method")])[0].strip().upper()
                yield from _said(method, calendar)


def _calendars(text: str) -> list[_Calendar]:
    """Return the calendars in `text`; what stands in an alarm inside of an event is no property of the event."""
    calendars: list[_Calendar] = []
    within: list[str] = []
    for line in _lines(text):
        name, _, value = line.partition(":")
        match name.strip().upper(), value.strip().upper():
            case "BEGIN", component:
                within.append(component)
                _begin(calendars, within)
            case "END", component if component in within:
                del within[_last(within, component) :]
            case "METHOD", method if within == ["VCALENDAR"]:
                calendars[-1].method.append(method)
            case _ if within == ["VCALENDAR", "VEVENT"]:
                calendars[-1].events[-1].append(line)
    return calendars


def _begin(calendars: list[_Calendar], within: list[str]) -> None:
    if within == ["VCALENDAR"]:
        calendars.append(_Calendar())
    elif within == ["VCALENDAR", "VEVENT"]:
        calendars[-1].events.append([])


def _last(within: list[str], component: str) -> int:
    return len(within) - 1 - within[::-1].index(component)


def _lines(text: str) -> list[str]:
    """Return the unfolded lines that matter, whatever ends lines in `text`."""
    unfolded = _FOLD.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    wanted = (line[:LONGEST_LINE] for line in unfolded.split("\n") if _WANTED.match(line))
    return [line for line, _ in zip(wanted, range(MOST_LINES), strict=False)]


def _said(method: str, calendar: _Calendar) -> Iterator[Answer | Proposal]:
    for lines in calendar.events:
        event = _event(lines)
        uid = _first(event, "UID").value.strip()
        if not uid or len(uid) > _LONGEST_ID or "RECURRENCE-ID" in event:
            continue
        if method == "REPLY":
            yield from _answers(uid, event)
        elif method == "COUNTER":
            yield from _proposals(uid, event)


def _answers(uid: str, event: _Event) -> Iterator[Answer]:
    for one in event.get("ATTENDEE", []):
        attendee = _address(one)
        if attendee:
            yield Answer(
                uid=uid,
                attendee=attendee,
                rsvp=Rsvp.of_partstat(one.parameters.get("PARTSTAT", "")),
                sequence=_sequence(event),
                stamp=_moment(_first(event, "DTSTAMP")),
                comment=_comment(event, one),
            )


def _proposals(uid: str, event: _Event) -> Iterator[Proposal]:
    starts_at = _moment(_first(event, "DTSTART"))
    ends_at = _end(event, starts_at)
    if starts_at is None or ends_at is None or ends_at <= starts_at:
        return
    for one in event.get("ATTENDEE", []):
        attendee = _address(one)
        if attendee:
            yield Proposal(
                uid=uid,
                attendee=attendee,
                starts_at=starts_at,
                ends_at=ends_at,
                sequence=_sequence(event),
                stamp=_moment(_first(event, "DTSTAMP")),
                comment=_comment(event, one),
            )


def _event(lines: list[str]) -> _Event:
    found: _Event = {}
    for line in lines:
        with suppress(ValueError):  # the library cannot make sense of the line
            name, parameters, value = Contentline(line).parts()  # type: ignore[no-untyped-call]
            plain = {key.upper(): ",".join([one] if isinstance(one, str) else one) for key, one in parameters.items()}
            found.setdefault(name.upper(), []).append(_Property(plain, value))
    return found


def _first(event: _Event, name: str) -> _Property:
    return event.get(name, [_Property({}, "")])[0]


def _address(one: _Property) -> str:
    """Return an attendee's address, or nothing. It may stand in EMAIL instead (RFC 7986, 6.2), as Apple's servers do it."""
    scheme, colon, rest = one.value.strip().partition(":")
    if colon and scheme.lower() == "mailto":
        address = unquote(rest.partition("?")[0])  # RFC 6068, 2
    else:
        address = one.parameters.get("EMAIL", "") or ("" if colon else scheme)
    address = address.strip().strip("<>")
    local, _, domain = address.rpartition("@")
    return address if local and domain and complaint(address, limit=_LONGEST_ID) is None else ""


def _sequence(event: _Event) -> int | None:
    text = _first(event, "SEQUENCE").value.strip()
    if not text.isascii() or not text.isdecimal() or len(text) > 10:
        return None
    return min(int(text), _HIGHEST_SEQUENCE)


def _comment(event: _Event, attendee: _Property) -> str:
    # Google writes the attendee's words beside his answer.
    return comment(_first(event, "COMMENT").value or attendee.parameters.get("X-RESPONSE-COMMENT", ""))


def _end(event: _Event, starts_at: datetime | None) -> datetime | None:
    if "DTEND" in event or starts_at is None:
        return _moment(_first(event, "DTEND"))
    with suppress(ValueError, OverflowError):
        lasts: timedelta = vDuration.from_ical(_first(event, "DURATION").value.strip())  # type: ignore[no-untyped-call]
        return starts_at + lasts
    return None


def _moment(one: _Property) -> datetime | None:
    """Return the moment in UTC, or None: a day without a time, a time in no known zone, or no time at all."""
    found = _MOMENT.fullmatch(one.value.strip().upper())
    zone = "Etc/UTC" if found is not None and found[2] else _zone(one.parameters.get("TZID", ""))
    if found is None:
        return None
    with suppress(ValueError):  # there is no such day or hour, or no such zone
        wall = datetime.fromisoformat(found[1])
        return zones.instant(wall.date(), wall.time(), zone)
    return None


def _zone(name: str) -> str:
    """Return the zone that a TZID means: an IANA name, perhaps after a maker's name, or one of Windows; else nothing."""
    plain = name.strip().strip('"')
    if plain.lower() == "tzone://microsoft/utc":
        return "Etc/UTC"
    pieces = plain.strip("/").split("/")
    for start in range(min(len(pieces), 8)):
        if "/".join(pieces[start:]) in zones.ZONES:
            return "/".join(pieces[start:])
    return WINDOWS_TO_OLSON.get(plain, "")
