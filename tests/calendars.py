"""What recipients' calendars do with our messages: a reader that forgives nothing, and two calendars that it feeds.

`StrictCalendar` goes by RFC 5546: it ignores what is older and what comes after a CANCEL. `LastWriteWinsCalendar` does what
Sabre (Nextcloud) and Cyrus were measured to do: whatever comes last stands. A stream of messages is right if both end up
alike. Nothing here is taken from Tocsin: a mistake there must not be one here too.
"""

import base64
import quopri
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

_LONGEST_HEADER_LINE = 998  # octets (RFC 5322, 2.1.1)
_LONGEST_CONTENT_LINE = 75  # octets (RFC 5545, 3.1)
# How often a property may stand in a VEVENT of ours: RFC 5546, 3.2.2 and 3.2.5, and what Cyrus, libical and Emacs insist on.
_ALWAYS = frozenset(["UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "ORGANIZER", "ATTENDEE"])
_NEVER = frozenset(["REQUEST-STATUS", "RECURRENCE-ID", "RRULE", "RDATE", "EXDATE", "ATTACH", "X-ALT-DESC", "DURATION"])
# None: whoever is taken off alone gets a CANCEL without a STATUS, because the meeting goes on (RFC 5546, 3.2.5).
_STATUS: Mapping[str, list[str | None]] = {"REQUEST": ["CONFIRMED"], "CANCEL": ["CANCELLED", None]}


class UnreadableError(Exception):
    """A message that some reader would misunderstand, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """What a person sees in a calendar."""

    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str
    location: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedInvite:
    """A message as its recipient's programs understand it. `calendar` is the very object."""

    headers: Mapping[str, str]
    plain: str
    html: str
    calendar: bytes
    method: str
    uid: str
    sequence: int
    stamp: datetime
    organizer: str
    attendee: str
    appointment: Appointment

    @property
    def subject(self) -> str:
        return self.headers["subject"]

    @property
    def words(self) -> str:
        """What the rule wrote, without the line on how to have no more of it."""
        return self.plain.partition("\n\nYou receive this because ")[0].strip()

    @property
    def message_id(self) -> str:
        return self.headers["message-id"]


def read(raw: bytes) -> ReceivedInvite:
    """Return what `raw` says. Raises UnreadableError for whatever any reader could stumble over."""
    _must(re.search(rb"(?<!\r)\n|\r(?!\n)|\0", raw) is None, "line ends other than CRLF, or NUL")
    headers, body = _part(raw)
    _must(raw.isascii() or "utf-8" in str(headers), "8-bit octets")
    _must(_kind(headers) == "multipart/mixed", "the outermost part is not multipart/mixed")
    first, copy = _parts(headers, body)
    inner, inner_body = _part(first)
    _must(_kind(inner) == "multipart/alternative", "the first part is not multipart/alternative, where Outlook looks")
    alternatives = [_part(each) for each in _parts(inner, inner_body)]
    kinds = [_kind(each) for each, _ in alternatives]
    _must(kinds == ["text/plain", "text/html", "text/calendar"], f"alternatives are {kinds}")
    (plain, html, (calendar_headers, encoded)) = alternatives
    _must("content-disposition" not in calendar_headers, "the calendar part has a disposition")
    calendar = _decoded(calendar_headers, encoded)
    copy_headers, copy_body = _part(copy)
    _must(_kind(copy_headers) == "application/ics", "the copy is no application/ics")
    _must(_decoded(copy_headers, copy_body) == calendar, "the copy of the calendar is another")
    method = _parameter(calendar_headers["content-type"], "method")
    return _invite(headers, _text(*plain), _text(*html), calendar, method)


class _Calendar:
    """A calendar of one person."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.ignored: list[str] = []
        self._held: dict[str, ReceivedInvite] = {}

    @property
    def appointments(self) -> dict[str, Appointment]:
        """Return what stands in the calendar, by UID; a cancelled entry does not."""
        return {uid: held.appointment for uid, held in self._held.items() if held.method == "REQUEST"}

    def receive_all(self, messages: Iterable[bytes]) -> None:
        """Take messages in the order in which they came."""
        for raw in messages:
            self.receive(read(raw))

    def receive(self, invite: ReceivedInvite) -> None:
        """Take one message."""
        raise NotImplementedError


class StrictCalendar(_Calendar):
    """Goes by RFC 5546, 2.1.5: older messages change nothing, and what was cancelled does not come back."""

    def receive(self, invite: ReceivedInvite) -> None:
        held = self._held.get(invite.uid)
        if invite.attendee != self.owner:
            self.ignored.append(f"is about {invite.attendee}")
        elif held is None:
            self._held[invite.uid] = invite
        elif invite.organizer != held.organizer:
            self.ignored.append(f"comes from {invite.organizer}, not from {held.organizer}")
        elif invite.calendar == held.calendar:
            pass  # known already
        elif (invite.sequence, invite.stamp) <= (held.sequence, held.stamp):
            self.ignored.append(f"is not newer than SEQUENCE {held.sequence}")
        elif held.method == "CANCEL":
            self.ignored.append("comes after a CANCEL")
        elif invite.sequence == held.sequence:
            self.ignored.append("differs without a higher SEQUENCE, which Thunderbird loses")
        else:
            self._held[invite.uid] = invite


class LastWriteWinsCalendar(_Calendar):
    """Looks at the UID and nothing else. A CANCEL for what it does not hold does nothing."""

    def receive(self, invite: ReceivedInvite) -> None:
        if invite.method == "REQUEST" or invite.uid in self._held:
            self._held[invite.uid] = invite


def _invite(headers: Mapping[str, str], plain: str, html: str, calendar: bytes, method: str) -> ReceivedInvite:
    properties = _properties(calendar, method)
    value = {name: text for name, (_, text) in properties.items()}
    organizer, attendee = _address(value["ORGANIZER"]), _address(value["ATTENDEE"])
    # Nextcloud up to 31 takes no CANCEL otherwise.
    answered = [_mailbox(headers["from"]), *headers.get("reply-to", "").split(", ")]
    _must(organizer in answered, "neither From nor Reply-To is ORGANIZER")
    _must(_mailbox(headers["to"]) == attendee, "To is not ATTENDEE")
    _must(headers.get("auto-submitted") == "auto-generated", "robots may answer")
    starts_at, ends_at = _moment(value["DTSTART"]), _moment(value["DTEND"])
    _must(starts_at < ends_at, "ends before it starts")
    return ReceivedInvite(
        headers=headers,
        plain=plain,
        html=html,
        calendar=calendar,
        method=method,
        uid=_unescaped(value["UID"]),
        sequence=int(value["SEQUENCE"]),
        stamp=_moment(value["DTSTAMP"]),
        organizer=organizer,
        attendee=attendee,
        appointment=Appointment(
            starts_at=starts_at,
            ends_at=ends_at,
            summary=_unescaped(value["SUMMARY"]),
            description=_unescaped(value.get("DESCRIPTION", "")),
            location=_unescaped(value.get("LOCATION", "")),
            host=_parameter(properties["ORGANIZER"][0], "CN"),
        ),
    )


def _properties(calendar: bytes, method: str) -> dict[str, tuple[str, str]]:
    """Return parameters and value of each property of the only VEVENT, as they are written."""
    _must(calendar.endswith(b"\r\n"), "the calendar does not end in CRLF")
    lines = calendar[:-2].split(b"\r\n")
    _must(max(map(len, lines)) <= _LONGEST_CONTENT_LINE, "a content line is not folded")
    unfolded: list[str] = []
    for line in lines:
        text = _utf8(line)  # each by itself: half of the readers refuse a fold inside of a character
        if text.startswith(" "):
            unfolded[-1] += text[1:]
        else:
            unfolded.append(text)
    _must(unfolded[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"], "no VCALENDAR 2.0")
    start = unfolded.index("BEGIN:VEVENT")
    _must(f"METHOD:{method}" in unfolded[:start], f"METHOD is not {method}, as the part says")
    _must(unfolded[-2:] == ["END:VEVENT", "END:VCALENDAR"], "more than one VEVENT")
    found: dict[str, tuple[str, str]] = {}
    for content in unfolded[start + 1 : -2]:
        matched = re.fullmatch(r'([A-Z-]+)((?:;[A-Z-]+=(?:"[^"]*"|[^;:"]*))*):(.*)', content)
        _must(matched is not None, f"no property: {content}")
        assert matched is not None
        _must(matched[1] not in found and matched[1] not in {"BEGIN", "END"}, f"{matched[1]} again")
        found[matched[1]] = (matched[2], matched[3])
    _must(found.keys() >= _ALWAYS, f"without {sorted(_ALWAYS - found.keys())}")
    _must(not found.keys() & _NEVER, f"with {sorted(found.keys() & _NEVER)}")
    status = found["STATUS"][1] if "STATUS" in found else None
    _must(status in _STATUS[method], f"STATUS {status} in a {method}")
    _must(re.fullmatch(r"\d+", found["SEQUENCE"][1]) is not None, "SEQUENCE is no number")
    return found


def _part(raw: bytes) -> tuple[dict[str, str], bytes]:
    head, separator, body = raw.partition(b"\r\n\r\n")
    _must(bool(separator), "headers without an end")
    _must(max(map(len, head.split(b"\r\n"))) <= _LONGEST_HEADER_LINE, "a header's line is too long")
    headers: dict[str, str] = {}
    for line in re.sub(r"\r\n[ \t]", " ", _utf8(head)).split("\r\n"):
        name, colon, value = line.partition(":")
        _must(bool(colon) and re.fullmatch(r"[A-Za-z-]+", name) is not None, f"no header: {line}")
        _must(name.lower() not in headers, f"{name} is there twice")
        headers[name.lower()] = _words(value.strip())
    return headers, body


def _parts(headers: Mapping[str, str], body: bytes) -> list[bytes]:
    boundary = b"--" + _parameter(headers["content-type"], "boundary").encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + boundary)
    _must(pieces[0] == b"" and pieces[-1].rstrip(b"\r\n") == b"--", "the parts have no proper end")
    return [piece.removeprefix(b"\r\n") for piece in pieces[1:-1]]


def _words(value: str) -> str:
    """Return a header's value with its encoded words read (RFC 2047); white space between two of them is not shown."""
    joined = re.sub(r"(=\?utf-8\?b\?[^?]*\?=)\s+(?==\?utf-8\?b\?)", r"\1", value)
    return re.sub(r"=\?utf-8\?b\?([^?]*)\?=", lambda m: _utf8(base64.b64decode(m[1], validate=True)), joined)


def _kind(headers: Mapping[str, str]) -> str:
    return headers["content-type"].partition(";")[0].strip()


def _parameter(value: str, name: str) -> str:
    found = re.search(rf';\s*{name}=(?:"([^"]*)"|([^;"\s:]*))', value)
    return "" if found is None else found[1] if found[1] is not None else found[2]


def _text(headers: Mapping[str, str], body: bytes) -> str:
    _must(_parameter(headers["content-type"], "charset").lower() == "utf-8", "a text that is not UTF-8")
    return _utf8(_decoded(headers, body)).replace("\r\n", "\n")


def _decoded(headers: Mapping[str, str], body: bytes) -> bytes:
    encoding = headers["content-transfer-encoding"]
    _must(encoding in {"base64", "quoted-printable"}, f"encoded as {encoding}")
    if encoding == "base64":
        return base64.b64decode(body.replace(b"\r\n", b""), validate=True)
    return quopri.decodestring(body)


def _mailbox(value: str) -> str:
    found = re.search(r"<([^<>]*)>$", value)
    return found[1] if found else value


def _address(value: str) -> str:
    _must(value.startswith("mailto:"), f"{value} is no mailto:")
    return unquote(value.removeprefix("mailto:"))


def _moment(value: str) -> datetime:
    _must(re.fullmatch(r"\d{8}T\d{6}Z", value) is not None, f"{value} is no time in UTC")
    return datetime.fromisoformat(value)


def _unescaped(value: str) -> str:
    _must(re.fullmatch(r"(?:[^\\;,]|\\[\\;,nN])*", value) is not None, f"a text that is not escaped: {value}")
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)


def _utf8(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise UnreadableError(f"not UTF-8: {octets!r}") from error


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise UnreadableError(otherwise)
