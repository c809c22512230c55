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
_MAILTO = r":mailto:[A-Za-z0-9.!$'*+_~%\-]+@[A-Za-z0-9.\-]+"
_MOMENT = re.compile(r":[0-9]{8}T[0-9]{6}Z")
_CHARACTERS = r"[^\\;,\x00-\x08\x0a-\x1f\x7f-\x9f]*+"
_TEXT = re.compile(rf":{_CHARACTERS}(?:\\[\\;,n]{_CHARACTERS})*")
_ATTENDEES = {
    "REQUEST": re.compile(
        rf";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE{_CN}{_MAILTO}",
    ),
    # A CANCEL asks for no answer.
    "CANCEL": re.compile(rf";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION{_CN}{_MAILTO}"),
}
_STATUS = {"REQUEST": "CONFIRMED", "CANCEL": "CANCELLED"}
_COMMON: Mapping[str, re.Pattern[str]] = {
    "UID": re.compile(r":(?:[^\\;,\x00-\x20\x7f-\x9f]|\\[\\;,])+"),
    "SEQUENCE": re.compile(r":(?:0|[1-9][0-9]{0,9})"),
    **dict.fromkeys(("DTSTAMP", "DTSTART", "DTEND", "CREATED", "LAST-MODIFIED"), _MOMENT),
    **dict.fromkeys(("SUMMARY", "DESCRIPTION", "LOCATION"), _TEXT),
    "URL": re.compile(r":https?://[^\x00-\x20\x7f-\U0010ffff\"<>\\^`{|}]+"),
    "ORGANIZER": re.compile(_CN + _MAILTO),
    "TRANSP": re.compile(r":OPAQUE"),
    "CLASS": re.compile(r":PUBLIC"),
    "X-MICROSOFT-DISALLOW-COUNTER": re.compile(r":TRUE"),
}
_GRAMMARS = {
    method: {**_COMMON, "ATTENDEE": attendee, "STATUS": re.compile(f":{_STATUS[method]}")}
    for method, attendee in _ATTENDEES.items()
}
_EXPECTED = _REQUIRED | _OPTIONAL
_HEADS = {
    method: [
        ("BEGIN", ":VCALENDAR"),
        ("VERSION", ":2.0"),
        ("CALSCALE", ":GREGORIAN"),
        ("METHOD", f":{method}"),
        ("BEGIN", ":VEVENT"),
    ]
    for method in _ATTENDEES
}
_TAIL = [("END", ":VEVENT"), ("END", ":VCALENDAR")]
_NOT_LINE_ENDS = bytes(set(range(256)) - set(b"\r\n"))
# Most objects are in order, and written in the usual one: a look at the whole sees that sooner than one at each line.
_LINES = re.compile(rb"(?:.{0,%d}+(?<=\r)\n)*" % (_LONGEST_LINE + 1))
_PROPERTY = re.compile(r"^([^:;\n]*)(.*)", re.MULTILINE)
_USUAL_ORDER = (
    "UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "LOCATION", "URL", "ORGANIZER", "ATTENDEE",
    "STATUS", "TRANSP", "CLASS", "CREATED", "LAST-MODIFIED", "X-MICROSOFT-DISALLOW-COUNTER",
)  # fmt: skip


def _group(name: str) -> str:
    return name.replace("-", "_")


def _usual(method: str) -> re.Pattern[str]:
    """Return the grammar of a whole object: all lines above, each of its own grammar. Groups have the properties' names."""
    lines = [f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//.*\nCALSCALE:GREGORIAN\nMETHOD:{method}\nBEGIN:VEVENT\n"]
    for name in _USUAL_ORDER:
        line = rf"{name}(?P<{_group(name)}>{_GRAMMARS[method][name].pattern})\n"
        lines.append(f"(?:{line})?" if name in _OPTIONAL else line)
    return re.compile("".join([*lines, "END:VEVENT\nEND:VCALENDAR"]))


_USUAL = {method: _usual(method) for method in _ATTENDEES}


def complaints(calendar: bytes, *, method: str, sender: str, recipient: str) -> Iterator[str]:
    """Yield what is wrong with the object in a `method` message from `sender` to `recipient`, both bare addresses."""
    if not _is_in_lines(calendar):
        lines = calendar.split(b"\r\n")
        if lines.pop() or any(b"\n" in line or b"\r" in line for line in lines):
            yield "the calendar's lines do not all end in CRLF"
            return
        yield f"the calendar holds a line of more than {_LONGEST_LINE} octets"
    try:
        # Folded as it is: a line that is cut inside of a character is an error for half of the readers.
        text = calendar.decode()
    except UnicodeDecodeError:
        yield "a line of the calendar is not UTF-8 by itself"
        return
    unfolded = text.replace("\r\n ", "").replace("\r\n", "\n").removesuffix("\n")
    usual = _USUAL[method].fullmatch(unfolded)
    if usual is None:
        yield from _object(_PROPERTY.findall(unfolded), method=method, sender=sender, recipient=recipient)
    else:
        yield from _disagreements(usual.groupdict(), method=method, sender=sender, recipient=recipient)


def _is_in_lines(calendar: bytes) -> bool:
    """Tell whether all is lines of at most 75 octets with CRLF behind them."""
    ends = calendar.translate(None, _NOT_LINE_ENDS)
    return ends == b"\r\n" * (len(ends) // 2) and _LINES.fullmatch(calendar) is not None


def _object(lines: list[tuple[str, str]], *, method: str, sender: str, recipient: str) -> Iterator[str]:
    head, event, tail = lines[:6], lines[6:-2], lines[-2:]
    product, id_ = head.pop(2) if len(head) == 6 else ("", "")
    if head != _HEADS[method] or product != "PRODID" or not id_.startswith(":-//") or tail != _TAIL:
        yield f"the calendar is not one VCALENDAR around one VEVENT with METHOD:{method}"
        return
    wrong = list(_counts(event))
    wrong = wrong or [
        f"{name} is not of the expected form in a {method}"
        for name, value in event
        if _GRAMMARS[method][name].fullmatch(value) is None
    ]
    found = {_group(name): value for name, value in event}
    yield from wrong or _disagreements(found, method=method, sender=sender, recipient=recipient)


def _counts(event: list[tuple[str, str]]) -> Iterator[str]:
    names = [name for name, _ in event]
    for name, count in Counter(names).items():
        if name not in _EXPECTED:
            yield f"the property {name[:40]} is not expected"
        elif count > 1:
            yield f"the property {name} is there {count} times"
    yield from (f"the property {name} is missing" for name in sorted(_REQUIRED.difference(names)))


def _disagreements(values: Mapping[str, str | None], *, method: str, sender: str, recipient: str) -> Iterator[str]:
    """Yield what does not fit together; `values` are by group, each of the expected form."""
    if str(values["DTEND"]) <= str(values["DTSTART"]):
        yield "DTEND is not after DTSTART"
    organizer, attendee = _address(values["ORGANIZER"]), _address(values["ATTENDEE"])
    if _REFERENCE.sub("", organizer) != sender:
        yield "ORGANIZER is not the address in From"
    if (organizer == sender) != (values.get("X_MICROSOFT_DISALLOW_COUNTER") is not None):
        yield "counter-proposals are taken where nobody reads them, or refused where somebody does"
    if method == "REQUEST" and values.get("STATUS") is None:
        yield "STATUS is missing"
    if attendee != recipient:
        yield "ATTENDEE is not the address in To"


def _address(value: str | None) -> str:
    return unquote(str(value).rpartition(":mailto:")[2])
