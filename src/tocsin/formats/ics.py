"""An invite as an iCalendar object (RFC 5545), as iMIP readers take it best."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from tocsin.domain.invite import Invite, Method
from tocsin.domain.text import one_line, several_lines
from tocsin.formats import links

PRODID = "-//Tocsin//Booking automation rules//EN"
_FOLD_AT = 75  # octets of a line without its line end (RFC 5545, 3.1)
_LONGEST_LOCATION = 2_048  # characters; a location is often the address to join, and those are long
_LONG = 4_096  # characters; what is the same in several letters is kept unless its description is longer
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
# Quotes have no escape there, and icalendar takes a backslash for one, although RFC 5545, 3.2 knows none.
_NOT_IN_CN = re.compile(r'["\\]')
# RFC 6868 readers turn ^n into a line end and ^' into a quote, older ones show them as they are; a space suits both.
_CARET = re.compile(r"\^(?=[n'^])")


def write(invite: Invite) -> str:
    """Return the iCalendar object that tells `invite`: one VEVENT, times in UTC, CRLF, folded at 75 octets.

    The same invite gives the same text. Values are filtered once more here, whatever they passed before.
    """
    head = (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{PRODID}\r\nCALSCALE:GREGORIAN\r\nMETHOD:{invite.entry.method}\r\n"
    )
    return f"{head}BEGIN:VEVENT\r\n{''.join(_event(invite))}END:VEVENT\r\nEND:VCALENDAR\r\n"


@lru_cache(maxsize=512)
def common_name(name: str) -> str:
    """Return `name` as it stands between the quotes of a CN: no quotes, backslashes or controls, no RFC 6868 escapes."""
    return _CARET.sub("^ ", _NOT_IN_CN.sub("", one_line(name))).strip()


def _event(invite: Invite) -> Iterator[str]:
    entry, stamp = invite.entry, _time(invite.stamp)
    yield _folded(f"UID:{_text(one_line(entry.uid))}")
    # Always written, although 0 could be left out: a CANCEL without it leaves the entry standing in Cyrus.
    yield f"SEQUENCE:{invite.sequence}\r\nDTSTAMP:{stamp}\r\n"
    meeting = (
        _time(entry.starts_at),
        _time(entry.ends_at),
        entry.summary,
        entry.description,
        entry.location,
        entry.url,
    )
    yield _meetings(*meeting) if len(entry.description) <= _LONG else _meeting(*meeting)
    yield _folded(f"ORGANIZER{_cn(entry.organizer_name)}:{_address(entry.organizer_email)}")
    yield _folded(f"ATTENDEE{_role(entry.method)}{_cn(entry.attendee_name)}:{_address(entry.attendee_email)}")
    # For somebody who is taken off alone the meeting is not cancelled (RFC 5546, 3.2.5).
    if not entry.is_still_on:
        yield f"STATUS:{'CANCELLED' if entry.method is Method.CANCEL else 'CONFIRMED'}\r\n"
    yield f"TRANSP:OPAQUE\r\nCLASS:PUBLIC\r\nCREATED:{_time(entry.created_at)}\r\nLAST-MODIFIED:{stamp}\r\n"
    if not entry.takes_counters:
        # Nobody would read a counter-proposal, so no client should offer to send one.
        yield "X-MICROSOFT-DISALLOW-COUNTER:TRUE\r\n"


def _meeting(starts_at: str, ends_at: str, *texts: str) -> str:
    """Return the lines that are the same for all recipients; `texts` are summary, description, location and URL."""
    summary, description, location, url = texts
    lines = [f"DTSTART:{starts_at}", f"DTEND:{ends_at}"]
    # May be empty but never missing: libical and Cyrus refuse a REQUEST without it.
    lines.append(f"SUMMARY:{_text(one_line(summary))}")
    lines += _unless_empty("DESCRIPTION", _text(several_lines(description).strip()))
    lines += _unless_empty("LOCATION", _text(one_line(location, limit=_LONGEST_LOCATION).strip()))
    lines += _unless_empty("URL", links.web(url))
    return "".join(map(_folded, lines))


_meetings = lru_cache(maxsize=32)(_meeting)  # the letters of one booking come together


def _role(method: Method) -> str:
    rsvp = ";RSVP=TRUE" if method is Method.REQUEST else ""
    return f";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION{rsvp}"


def _cn(name: str) -> str:
    filtered = common_name(name)
    # Always quoted: an unquoted CN with a colon destroys the address in ical.js (Thunderbird, Nextcloud) and KDE.
    return f';CN="{filtered}"' if filtered else ""


def _address(address: str) -> str:
    return links.mailto(one_line(address))


def _unless_empty(name: str, value: str) -> Iterator[str]:
    if value:
        yield f"{name}:{value}"


def _text(value: str) -> str:
    return value.translate(_ESCAPES)


def _time(moment: datetime) -> str:
    return _utc_time(moment.astimezone(UTC))


@lru_cache(maxsize=256)
def _utc_time(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _folded(line: str) -> str:
    if len(line) <= _FOLD_AT and line.isascii():
        return f"{line}\r\n"
    octets = line.encode()
    pieces, start, room = [], 0, _FOLD_AT
    while len(octets) - start > room:
        end = start + room
        # Cutting inside a character is legal, but vobject, ics, ical and Xandikos then refuse the object.
        while octets[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(octets[start:end])
        start, room = end, _FOLD_AT - 1
    pieces.append(octets[start:])
    return b"\r\n ".join(pieces).decode() + "\r\n"
