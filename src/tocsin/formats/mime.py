"""A letter as the bytes that SMTP carries: multipart/mixed around the three alternatives and a copy of the calendar.

Written by hand. `email` writes a subject that hides a line end in an encoded word as a new header (CVE-2024-6923), differs
between Python versions, and takes fifty times as long.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from tocsin.domain.letter import Letter
from tocsin.domain.text import one_line, several_lines

_WIDTH = 76  # characters of a line with an encoded word (RFC 2047, 2); a little under RFC 5322's 78
_WORD = 75  # characters of one encoded word (RFC 2047, 2)
_AROUND = len("=?utf-8?b??=")
_LONGEST_BODY = 1_048_576  # characters; the templates' own limits are far below
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FOLD = "\r\n "
_LONGEST_URL = 900  # characters; with its header in one line of 998 (RFC 5322, 2.1.1)
_SPECIAL = re.compile(r'[\\"]')
_BLANKS_AND_WORD = re.compile(r" *[^ ]+")


def write(letter: Letter) -> bytes:
    """Return the finished message; equal letters give equal bytes.

    Lines end in CRLF and, but for an address, id or link that cannot be broken, have at most 76 characters. Everything is ASCII
    except an address whose local part is not (RFC 6532); such a letter needs SMTPUTF8.
    """
    mark = hashlib.sha256(letter.message_id.encode(errors="replace")).hexdigest()[:20]
    # `=_` cannot stand in quoted-printable, nor `_` in base64, so no body can hold these boundaries (RFC 2045, 6.7).
    outer, inner = f"=_mix_{mark}", f"=_alt_{mark}"
    calendar = _base64(letter.calendar)
    alternatives = _multipart(
        inner,
        [
            _part("text/plain; charset=utf-8", "quoted-printable", _quoted_printable(letter.text)),
            _part("text/html; charset=utf-8", "quoted-printable", _quoted_printable(letter.html)),
            # No Content-Disposition: with `attachment` it is no iMIP part for Outlook (RFC 6047, 2.4).
            _part(f'text/calendar; charset="UTF-8"; method={letter.method}', "base64", calendar),
        ],
    )
    nested = f'Content-Type: multipart/alternative; boundary="{inner}"\r\n\r\n'.encode() + alternatives
    headers = [*_headers(letter), "MIME-Version: 1.0", f'Content-Type: multipart/mixed; boundary="{outer}"', "", ""]
    return "\r\n".join(headers).encode() + _multipart(outer, [nested, _attachment(calendar)]) + b"\r\n"


def _headers(letter: Letter) -> Iterator[str]:
    yield _mailbox("From", letter.from_name, letter.from_address)
    yield _mailbox("To", letter.to_name, letter.to_address)
    yield _unstructured("Subject", one_line(letter.subject).strip())
    yield f"Date: {_date(letter.date)}"
    yield f"Message-ID: {_id(letter.message_id)}"
    if letter.references:
        yield f"References: {_id(letter.references)}"
        yield f"In-Reply-To: {_id(letter.references)}"
    if letter.reply_to:
        yield "Reply-To: " + ",\r\n ".join(one_line(address).strip() for address in letter.reply_to)
    if letter.opt_out_url:
        yield _in_brackets("List-Unsubscribe", one_line(letter.opt_out_url, limit=_LONGEST_URL).strip("<> "))
        yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click"
    # No robot should answer, and vacation notices stay away (RFC 3834, 5).
    yield "Auto-Submitted: auto-generated"


def _mailbox(header: str, name: str, address: str) -> str:
    filtered, mailbox = one_line(name).strip(), one_line(address).strip()
    if not filtered:
        return f"{header}: {mailbox}"
    phrase = '"' + _SPECIAL.sub(r"\\\g<0>", filtered) + '"'
    start = f"{header}: {phrase}"
    if not filtered.isascii() or len(start) > _WIDTH:
        start = f"{header}: {_encoded_words(filtered, used=len(header) + 2)}"
    last_line = len(start) - start.rfind("\n") - 1
    gap = " " if last_line + len(mailbox) + 3 <= _WIDTH else "\r\n "
    return f"{start}{gap}<{mailbox}>"


def _in_brackets(header: str, url: str) -> str:
    """Return a header of one URL (RFC 2369, 2), on a line of its own where that keeps the lines short."""
    is_long = len(header) + len(url) + 4 > _WIDTH >= len(url) + 3
    return f"{header}:{_FOLD if is_long else ' '}<{url}>"


def _unstructured(header: str, value: str) -> str:
    if not value.isascii():
        return f"{header}: {_encoded_words(value, used=len(header) + 2)}"
    lines, line = [], f"{header}:"
    for piece in _BLANKS_AND_WORD.findall(f" {value}"):
        if len(line) + len(piece) > _WIDTH and not line.endswith(":"):
            lines.append(line)
            line = ""
        line += piece
    return "\r\n".join([*lines, line])


def _encoded_words(value: str, *, used: int) -> str:
    """Return `value` as folded encoded words, the first on a line of which `used` characters are taken (RFC 2047, 2)."""
    words, word, room = [], b"", _room(_WIDTH - used)
    for character in value:
        octets = character.encode()
        if len(word) + len(octets) > room:
            words.append(word)
            word, room = b"", _room(_WORD)
        word += octets
    return "\r\n ".join(f"=?utf-8?b?{binascii.b2a_base64(each, newline=False).decode()}?=" for each in [*words, word])


def _room(characters: int) -> int:
    """Return how many octets an encoded word of so many characters can hold."""
    return (characters - _AROUND) // 4 * 3


def _id(message_id: str) -> str:
    return f"<{one_line(message_id).strip('<> ')}>"


def _date(moment: datetime) -> str:
    """Return `moment` as RFC 5322, 3.3 writes it. Not strftime, whose names of days follow the process's locale."""
    utc = moment.astimezone(UTC)
    return f"{_DAYS[utc.weekday()]}, {utc.day:02} {_MONTHS[utc.month - 1]} {utc:%Y %H:%M:%S} +0000"


def _multipart(boundary: str, parts: list[bytes]) -> bytes:
    opening = f"--{boundary}\r\n".encode()
    return b"".join(opening + part + b"\r\n" for part in parts) + f"--{boundary}--".encode()


def _part(content_type: str, encoding: str, body: bytes) -> bytes:
    return f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body


def _attachment(calendar: bytes) -> bytes:
    kind = 'application/ics; name="invite.ics"\r\nContent-Disposition: attachment; filename="invite.ics"'
    return _part(kind, "base64", calendar)


def _quoted_printable(text: str) -> bytes:
    # The line end at the end matters: b2a_qp writes soft line ends as the first line end that it finds.
    lines = several_lines(text, limit=_LONGEST_BODY).rstrip("\n").replace("\n", "\r\n") + "\r\n"
    return binascii.b2a_qp(lines.encode(), istext=True)


def _base64(text: str) -> bytes:
    return base64.encodebytes(text.encode()).rstrip(b"\n").replace(b"\n", b"\r\n")
