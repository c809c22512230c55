"""The calendar's half of the scan: one VEVENT of the listed properties, which agrees with the mail around it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

_LONGEST_LINE = 75  # octets without CRLF (RFC 5545, 3.1)
_REQUIRED = frozenset((
    "UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "ORGANIZER", "ATTENDEE", "TRANSP", "CLASS",
    "CREATED", "LAST-MODIFIED",
))  # fmt: skip
_OPTIONAL = frozenset(("DESCRIPTION", "LOCATION", "URL", "STATUS", "X-MICROSOFT-DISALLOW-COUNTER"))
# A signed reference after the `+`: answers to this very invitation go there, and only mail that was signed is heard.
_REFERENCE = re.compile(r"\+r[a-z2-7]{45}(?=@)")
_CN = r'(?:;CN="[^"\x00-\x1f\x7f]*")?'
_MAILTO = r":mailto:([A-Za-z0-9.!$'*+_~%\-]+@[A-Za-z0-9.\-]+)"
_MOMENT = re.compile(r":([0-9]{8}T[0-9]{6}Z)")
_TEXT = re.compile(r":(?:[^\\;,\x00-\x08\x0a-\x1f\x7f-\x9f]|\\[\\;,n])*")
_ORGANIZER = re.compile(_CN + _MAILTO)
_ATTENDEES = {
    "REQUEST": re.compile(
        rf";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE{_CN}{_MAILTO}",
    ),
    # A CANCEL asks for no answer.
    "CANCEL": re.compile(rf";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION{_CN}{_MAILTO}"),
}
_STATUS = {"REQUEST": "CONFIRMED", "CANCEL": "CANCELLED"}
_GRAMMARS: Mapping[str, re.Pattern[str]] = {
    "UID": re.compile(r":(?:[^\\;,\x00-\x20\x7f-\x9f]|\\[\\;,])+"),
    "SEQUENCE": re.compile(r":(0|[1-9][0-9]{0,9})"),
    **dict.fromkeys(("DTSTAMP", "DTSTART", "DTEND", "CREATED", "LAST-MODIFIED"), _MOMENT),
    **dict.fromkeys(("SUMMARY", "DESCRIPTION", "LOCATION"), _TEXT),
    "URL": re.compile(r":https?://[^\x00-\x20\x7f-\U0010ffff\"<>\\^`{|}]+"),
    "ORGANIZER": _ORGANIZER,
    "TRANSP": re.compile(r":OPAQUE"),
    "CLASS": re.compile(r":PUBLIC"),
    "X-MICROSOFT-DISALLOW-COUNTER": re.compile(r":TRUE"),
}


def complaints(calendar: bytes, *, method: str, sender: str, recipient: str) -> Iterator[str]:
    """Yield what is wrong with the object in a `method` message from `sender` to `recipient`, both bare addresses."""
    lines = calendar.split(b"\r\n")
    if lines.pop() or any(b"\n" in line or b"\r" in line for line in lines):
        yield "the calendar's lines do not all end in CRLF"
        return
    if max(map(len, lines), default=0) > _LONGEST_LINE:
        yield f"the calendar holds a line of more than {_LONGEST_LINE} octets"
    try:
        # Line by line: one that is cut inside of a character is an error for half of the readers.
        text = "\n".join([line.decode() for line in lines])
    except UnicodeDecodeError:
        yield "a line of the calendar is not UTF-8 by itself"
        return
    yield from _object(text.replace("\n ", "").split("\n"), method=method, sender=sender, recipient=recipient)


def _object(lines: list[str], *, method: str, sender: str, recipient: str) -> Iterator[str]:
    head, event, tail = lines[:6], lines[6:-2], lines[-2:]
    product = head.pop(2) if len(head) == 6 else ""
    expected = ["BEGIN:VCALENDAR", "VERSION:2.0", "CALSCALE:GREGORIAN", f"METHOD:{method}", "BEGIN:VEVENT"]
    if head != expected or not product.startswith("PRODID:-//") or tail != ["END:VEVENT", "END:VCALENDAR"]:
        yield f"the calendar is not one VCALENDAR around one VEVENT with METHOD:{method}"
        return
    names = [re.split("[:;]", line, maxsplit=1)[0] for line in event]
    values = {name: line[len(name) :] for name, line in zip(names, event, strict=True)}
    wrong = list(_counts(names))
    yield from wrong or _values(values, method=method, sender=sender, recipient=recipient)


def _counts(names: list[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if name not in _REQUIRED | _OPTIONAL:
            yield f"the property {name[:40]} is not expected"
        elif count > 1:
            yield f"the property {name} is there {count} times"
    yield from (f"the property {name} is missing" for name in sorted(_REQUIRED.difference(names)))


def _values(values: Mapping[str, str], *, method: str, sender: str, recipient: str) -> Iterator[str]:
    attendee = _ATTENDEES[method]
    grammars = {**_GRAMMARS, "ATTENDEE": attendee, "STATUS": re.compile(f":{_STATUS[method]}")}
    wrong = [name for name, value in values.items() if grammars[name].fullmatch(value) is None]
    yield from (f"{name} is not of the expected form in a {method}" for name in wrong)
    if wrong:
        return
    if values["DTEND"] <= values["DTSTART"]:
        yield "DTEND is not after DTSTART"
    organizer = _address(_ORGANIZER, values["ORGANIZER"])
    if _REFERENCE.sub("", organizer) != sender:
        yield "ORGANIZER is not the address in From"
    if (organizer == sender) != ("X-MICROSOFT-DISALLOW-COUNTER" in values):
        yield "counter-proposals are taken where nobody reads them, or refused where somebody does"
    if method == "REQUEST" and "STATUS" not in values:
        yield "STATUS is missing"
    if _address(attendee, values["ATTENDEE"]) != recipient:
        yield "ATTENDEE is not the address in To"


def _address(grammar: re.Pattern[str], value: str) -> str:
    matched = grammar.fullmatch(value)
    return "" if matched is None else unquote(matched[1])
