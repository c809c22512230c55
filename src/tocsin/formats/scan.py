"""The last look at a finished message before it may leave: is it exactly what Tocsin sends, and nothing else?

Written apart from `mime` and `ics`, and shares no code with them: a mistake there must not be one here too. It knows one
shape, and that of a mail without a calendar, and calls everything else a fault, so nobody's text can add a header, a part, a
property or a recipient.
A message with a complaint is never sent; that is an alarm, not a retry.
"""

import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tocsin.formats.scan_calendar import complaints as calendar_complaints
from tocsin.formats.scan_signature import complaints as signature_complaints

_REQUIRED = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type")
_OPTIONAL = ("DKIM-Signature", "References", "In-Reply-To", "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post")
_EXPECTED = frozenset(_REQUIRED + _OPTIONAL)

_LONGEST_LINE = 998  # octets without CRLF (RFC 5322, 2.1.1)
_LONGEST_ENCODED_LINE = 76  # octets, of quoted-printable and base64 (RFC 2045, 6.7 and 6.8)
_HEADER = re.compile(r"([A-Za-z]+(?:-[A-Za-z]+)*):(?: (.*))?")
_ENCODED_WORD = re.compile(r"=\?utf-8\?b\?([A-Za-z0-9+/]+={0,2})\?=")
_ENCODED_WORDS = re.compile(rf"{_ENCODED_WORD.pattern}(?: {_ENCODED_WORD.pattern})*")
_QUOTED_STRING = re.compile(r'"(?:[^"\\\x00-\x1f\x7f-\U0010ffff]|\\[\\"])*"')
_ADDRESS = re.compile(
    r'[^\x00-\x20\x7f-\xa0"(),.:;<>@\[\\\]]+(?:\.[^\x00-\x20\x7f-\xa0"(),.:;<>@\[\\\]]+)*@[A-Za-z0-9.\-]+'
)
_MAILBOX = re.compile(r"(?:(.*) )?<([^<>]*)>")
_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]+@[A-Za-z0-9.\-]+>")
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} \+0000"
)
_ONE_LINK = re.compile(r"<https?://[\x21-\x3b=\x3f-\x7e]+>")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_MIXED = re.compile(r'multipart/mixed; boundary="(=_[A-Za-z0-9_]{1,60})"')
_ALTERNATIVE = re.compile(rb'Content-Type: multipart/alternative; boundary="(=_[A-Za-z0-9_]{1,60})"')
_ONLY_ALTERNATIVE = re.compile(r'multipart/alternative; boundary="(=_[A-Za-z0-9_]{1,60})"')
_CALENDAR = re.compile(
    rb'Content-Type: text/calendar; charset="UTF-8"; method=(REQUEST|CANCEL)\r\nContent-Transfer-Encoding: base64'
)
_PLAIN = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable"
_HTML = b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable"
_COPY = (
    b'Content-Type: application/ics; name="invite.ics"\r\n'
    b'Content-Disposition: attachment; filename="invite.ics"\r\nContent-Transfer-Encoding: base64'
)
# Most messages are in order, and a look at all of the lines sees that sooner than one at each. Plain ones need no other.
_LINES = re.compile(rb"(?:.{0,%d}+(?<=\r)\n)*.{0,%d}+" % (_LONGEST_LINE + 1, _LONGEST_LINE))
_PLAIN_LINES = re.compile(rb"(?:.{0,%d}+(?<=[^ \t]\r)\n)*" % (_LONGEST_ENCODED_LINE + 1))
_NOT_LINE_ENDS = bytes(set(range(256)) - set(b"\0\r\n"))
_PRINTED = bytes(range(0x20, 0x7F)) + b"\t"
_LONE_EQUALS = re.compile(rb"=(?![0-9A-F]{2}|\r\n)")
_NOT_QUOTED_PRINTABLE = re.compile(rb"=(?![0-9A-F]{2}|\r\n)|[^\t\r\n\x20-\x7e]|[ \t]\r\n|[ \t]$")


class _FaultError(Exception):
    """What was found makes it pointless to look further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """The contents of the parts, still encoded, and what the calendar part says its method is, if there has to be one."""

    plain: bytes
    html: bytes
    calendar: bytes = b""
    copy: bytes = b""
    method: str = ""


def complaints(message: bytes, *, invites: bool = True) -> list[str]:
    """Return everything that keeps `message` from leaving, each as a sentence; an empty list means that it may leave.

    `invites`: it must carry a calendar; else it must not.
    """
    head, separator, body = message.partition(b"\r\n\r\n")
    is_plain = _are_lines(body, _PLAIN_LINES, without=_PRINTED)
    found = [] if is_plain and _are_lines(head, _LINES, without=_NOT_LINE_ENDS) else list(_octets(message))
    # With wrong line ends, what is a line is already a matter of opinion.
    if found:
        return found
    if not separator:
        return ["has no empty line after its headers"]
    try:
        return list(_structure(head, body, is_plain=is_plain, invites=invites))
    except _FaultError as fault:
        return [str(fault)]


def _are_lines(octets: bytes, lines: re.Pattern[bytes], *, without: bytes) -> bool:
    """Tell whether `octets` are such lines, and that nothing but line ends is left `without` the given octets."""
    ends = octets.translate(None, without)
    return ends == b"\r\n" * (len(ends) // 2) and lines.fullmatch(octets) is not None


def _octets(message: bytes) -> Iterator[str]:
    if b"\0" in message:
        yield "holds a NUL"
    lines = message.split(b"\r\n")
    if any(b"\r" in line or b"\n" in line for line in lines):
        yield "holds a CR or LF that is not a part of a CRLF"
    if max(map(len, lines)) > _LONGEST_LINE:
        yield f"holds a line of more than {_LONGEST_LINE} octets"


def _structure(head: bytes, body: bytes, *, is_plain: bool, invites: bool) -> Iterator[str]:
    headers = _headers(head)
    yield from _header_complaints(headers)
    tree = (_tree if invites else _plain_tree)(headers["Content-Type"], body)
    for name, part in (("plain", tree.plain), ("HTML", tree.html)):
        if not _is_quoted_printable(part, is_plain=is_plain):
            yield f"the {name} part is not quoted-printable"
    sender, recipient = _mailbox(headers["From"])[1], _mailbox(headers["To"])[1]
    yield from signature_complaints(headers, sender=sender)
    if not invites:
        return
    if tree.calendar != tree.copy:
        yield "the attached copy of the calendar is another"
    calendar = _decoded(tree.calendar, is_plain=is_plain)
    yield from calendar_complaints(calendar, method=tree.method, sender=sender, recipient=recipient)


def _is_quoted_printable(part: bytes, *, is_plain: bool) -> bool:
    if is_plain:
        return _LONE_EQUALS.search(part) is None
    return _NOT_QUOTED_PRINTABLE.search(part) is None and _longest(part) <= _LONGEST_ENCODED_LINE


def _headers(head: bytes) -> Mapping[str, str]:
    """Return the headers by name, unfolded. Each must be expected and there once, or else _FaultError."""
    headers: dict[str, str] = {}
    try:
        lines = head.replace(b"\r\n ", b" ").decode().split("\r\n")
    except UnicodeDecodeError:
        raise _FaultError("the headers are not UTF-8") from None
    for line in lines:
        name, separator, value = line.partition(": ")
        if name not in _EXPECTED or not separator:
            name, value = _odd_header(line), ""
        if name in headers:
            raise _FaultError(f"the header {name} is there twice")
        headers[name] = value
    for name in _REQUIRED:
        if name not in headers:
            raise _FaultError(f"the header {name} is missing")
    return headers


def _odd_header(line: str) -> str:
    """Return the name of a header without a value. Raises _FaultError if `line` is anything else."""
    matched = _HEADER.fullmatch(line)
    if matched is None:
        raise _FaultError(f"this is not a header: {line[:60]!r}")
    if matched[1] not in _EXPECTED:
        raise _FaultError(f"the header {matched[1]} is not expected")
    return matched[1]


def _header_complaints(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        if not _is_of_form(name, value):
            yield f"{name} is not of the form in which Tocsin writes it"
    if headers.get("References") != headers.get("In-Reply-To"):
        yield "References and In-Reply-To differ"
    if ("List-Unsubscribe" in headers) != ("List-Unsubscribe-Post" in headers):
        yield "List-Unsubscribe and List-Unsubscribe-Post are not there together"


@lru_cache(maxsize=256)  # one host sends many messages, many at the same second
def _is_of_form(name: str, value: str) -> bool:
    return name not in _FORMS or _FORMS[name](value)


def _mailbox(value: str) -> tuple[str, str]:
    """Return name and address."""
    matched = _MAILBOX.fullmatch(value)
    return ("", value) if matched is None else (matched[1] or "", matched[2])


def _is_mailbox(value: str) -> bool:
    name, address = _mailbox(value)
    if not _is_address(address):
        return False
    # Some readers decode what looks like an encoded word even between quotes.
    return not name or _is_clean_encoded(name) or (_QUOTED_STRING.fullmatch(name) is not None and "=?" not in name)


def _is_address(value: str) -> bool:
    return "=?" not in value and _ADDRESS.fullmatch(value) is not None and _CONTROL.search(value) is None


def _is_id(value: str) -> bool:
    return _ID.fullmatch(value) is not None


def _is_plain(value: str) -> bool:
    if "=?" in value:
        return _is_clean_encoded(value)
    return value.isascii() and _CONTROL.search(value) is None


def _is_clean_encoded(value: str) -> bool:
    """Tell whether `value` is encoded words, and what they hide has no control character and no encoded word in it."""
    if _ENCODED_WORDS.fullmatch(value) is None:
        return False
    try:
        # Each word by itself: one that is cut inside of a character is not decoded by all readers (RFC 2047, 5).
        hidden = "".join(binascii.a2b_base64(word, strict_mode=True).decode() for word in _ENCODED_WORD.findall(value))
    except ValueError:
        return False
    return _CONTROL.search(hidden) is None and "=?" not in hidden


def _tree(content_type: str, body: bytes) -> _Tree:
    """Return the parts of the one tree that is sent. Raises _FaultError for any other."""
    mixed = _MIXED.fullmatch(content_type)
    if mixed is None:
        raise _FaultError("Content-Type is not multipart/mixed with a boundary of ours")
    outer = _parts(body, mixed[1].encode(), end=b"--\r\n", count=2)
    alternative = _ALTERNATIVE.fullmatch(outer[0][0])
    if alternative is None:
        raise _FaultError("the first part is not multipart/alternative")
    inner = _parts(outer[0][1], alternative[1], end=b"--", count=3)
    calendar = _CALENDAR.fullmatch(inner[2][0])
    if calendar is None or (inner[0][0], inner[1][0], outer[1][0]) != (_PLAIN, _HTML, _COPY):
        raise _FaultError(
            "the parts are not plain text, HTML, calendar and its copy, with exactly the expected headers"
        )
    return _Tree(
        plain=inner[0][1], html=inner[1][1], calendar=inner[2][1], copy=outer[1][1], method=calendar[1].decode()
    )


def _plain_tree(content_type: str, body: bytes) -> _Tree:
    """Return the parts of a mail without a calendar. Raises _FaultError for any other."""
    alternative = _ONLY_ALTERNATIVE.fullmatch(content_type)
    if alternative is None:
        raise _FaultError("Content-Type is not multipart/alternative with a boundary of ours")
    inner = _parts(body, alternative[1].encode(), end=b"--\r\n", count=2)
    if (inner[0][0], inner[1][0]) != (_PLAIN, _HTML):
        raise _FaultError("the parts are not plain text and HTML, with exactly the expected headers")
    return _Tree(plain=inner[0][1], html=inner[1][1])


def _parts(body: bytes, boundary: bytes, *, end: bytes, count: int) -> list[tuple[bytes, bytes]]:
    """Return headers and content of each of `count` parts."""
    before, *pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if before or len(pieces) != count + 1 or pieces[-1] != end:
        raise _FaultError(f"a multipart does not consist of {count} parts and nothing around them")
    parts = [piece.partition(b"\r\n\r\n") for piece in pieces[:-1]]
    return [(head.removeprefix(b"\r\n"), content) for head, _, content in parts]


def _decoded(content: bytes, *, is_plain: bool) -> bytes:
    try:
        octets = binascii.a2b_base64(content.replace(b"\r\n", b""), strict_mode=True)
    except binascii.Error:
        raise _FaultError("the calendar part is not base64") from None
    if not is_plain and _longest(content) > _LONGEST_ENCODED_LINE:
        raise _FaultError(f"a line of the calendar part has more than {_LONGEST_ENCODED_LINE} octets")
    return octets


def _longest(content: bytes) -> int:
    return max(map(len, content.split(b"\r\n")))


_FORMS: Mapping[str, Callable[[str], bool]] = {
    **dict.fromkeys(("From", "To"), _is_mailbox),
    "Reply-To": lambda value: all(_is_address(each) for each in value.split(", ")),
    **dict.fromkeys(("Message-ID", "References", "In-Reply-To"), _is_id),
    "Subject": _is_plain,
    "Date": lambda value: _DATE.fullmatch(value) is not None,
    "List-Unsubscribe": lambda value: _ONE_LINK.fullmatch(value) is not None,
    "List-Unsubscribe-Post": lambda value: value == "List-Unsubscribe=One-Click",
    "Auto-Submitted": lambda value: value == "auto-generated",
    "MIME-Version": lambda value: value == "1.0",
}
