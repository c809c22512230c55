"""A letter as the bytes that SMTP carries: multipart/mixed around the three alternatives and a copy of the calendar.

A letter without a calendar is just the two alternatives that people read.

Written by hand. `email` writes a subject that hides a line end in an encoded word as a new header (CVE-2024-6923), differs
between Python versions, and takes fifty times as long.
"""

import binascii
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from tocsin.domain.letter import Letter
from tocsin.domain.text import one_line, several_lines

_WIDTH = 76  # characters of a line with an encoded word (RFC 2047, 2); a little under RFC 5322's 78
_WORD = 75  # characters of one encoded word (RFC 2047, 2)
_AROUND = len("=?utf-8?b??=")
_LONG = 16_384  # characters; a longer body is not kept for the next letter
_LONGEST_BODY = 1_048_576  # characters; the templates' own limits are far below
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FOLD = "\r\n "
_LONGEST_URL = 900  # characters; with its header in one line of 998 (RFC 5322, 2.1.1)
_SPECIAL = re.compile(r'[\\"]')
_BLANKS_AND_WORD = re.compile(r" *[^ ]+")


# `=_` cannot stand in quoted-printable, nor `_` in base64, so no body can hold these boundaries (RFC 2045, 6.7). The calendar
# part has no Content-Disposition: with `attachment` it is no iMIP part for Outlook (RFC 6047, 2.4).
_READ = b"""\
Content-Type: multipart/alternative; boundary="=_alt_%(mark)b"

--=_alt_%(mark)b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

%(text)b
--=_alt_%(mark)b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

%(html)b
"""
_PLAIN_SHAPE = (
    b"""\
%(headers)b
MIME-Version: 1.0
"""
    + _READ
    + b"""\
--=_alt_%(mark)b--
"""
)
_SHAPE = (
    b"""\
%(headers)b
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_mix_%(mark)b"

--=_mix_%(mark)b
"""
    + _READ
    + b"""\
--=_alt_%(mark)b
Content-Type: text/calendar; charset="UTF-8"; method=%(method)b
Content-Transfer-Encoding: base64

%(calendar)b
--=_alt_%(mark)b--
--=_mix_%(mark)b
Content-Type: application/ics; name="invite.ics"
Content-Disposition: attachment; filename="invite.ics"
Content-Transfer-Encoding: base64

%(calendar)b
--=_mix_%(mark)b--
"""
)
_SHAPE, _PLAIN_SHAPE = (shape.replace(b"\n", b"\r\n") for shape in (_SHAPE, _PLAIN_SHAPE))


def write(letter: Letter) -> bytes:
    """Return the finished message; equal letters give equal bytes.

    Lines end in CRLF and, but for an address, id or link that cannot be broken, have at most 76 characters. Everything is ASCII
    except an address whose local part is not (RFC 6532); such a letter needs SMTPUTF8.
    """
    parts = {
        b"headers": "\r\n".join(_headers(letter)).encode(),
        b"mark": hashlib.sha256(letter.message_id.encode(errors="replace")).hexdigest()[:20].encode(),
        b"text": _quoted_printable(letter.text, letter.own_text),
        b"html": _quoted_printable(letter.html, letter.own_html),
    }
    if letter.method is None:
        return _PLAIN_SHAPE % parts
    return _SHAPE % {**parts, b"method": letter.method.encode(), b"calendar": _base64(letter.calendar)}


def _headers(letter: Letter) -> Iterator[str]:
    yield _mailbox("From", letter.from_name, letter.from_address)
    yield _mailbox("To", letter.to_name, letter.to_address)
    yield _unstructured("Subject", one_line(letter.subject).strip())
    yield f"Date: {_date(letter.date.astimezone(UTC))}"
    yield f"Message-ID: {_id(letter.message_id)}"
    if letter.references:
        thread = _id(letter.references)
        yield f"References: {thread}\r\nIn-Reply-To: {thread}"
    if letter.reply_to:
        yield "Reply-To: " + ",\r\n ".join([one_line(address).strip() for address in letter.reply_to])
    if letter.opt_out_url:
        yield _in_brackets("List-Unsubscribe", one_line(letter.opt_out_url, limit=_LONGEST_URL).strip("<> "))
        yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click"
    # No robot should answer, and vacation notices stay away (RFC 3834, 5).
    yield "Auto-Submitted: auto-generated"


@lru_cache(maxsize=256)
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


@lru_cache(maxsize=256)
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


@lru_cache(maxsize=64)
def _date(utc: datetime) -> str:
    """Return a moment in UTC as RFC 5322, 3.3 writes it. Not strftime, whose names of days follow the process's locale."""
    return f"{_DAYS[utc.weekday()]}, {utc.day:02} {_MONTHS[utc.month - 1]} {utc:%Y %H:%M:%S} +0000"


def _quoted_printable(text: str, own: str) -> bytes:
    """Return `text` and, behind it, what this letter's reader alone is told. What many are told is encoded once."""
    end = several_lines(own).rstrip("\n")
    if max(len(text), len(own)) > _LONG or text.endswith("\r" if end else ("\r", "\n")):
        return _encoded(_octets(several_lines(text + own, limit=_LONGEST_BODY).rstrip("\n")))
    lines, rest = _encoded_lines(text)
    return lines + _encoded(rest + _octets(end))


@lru_cache(maxsize=16)
def _encoded_lines(text: str) -> tuple[bytes, bytes]:
    """Return `text` in quoted-printable but for its last line, and the octets of that, which may become longer."""
    octets = _octets(several_lines(text))
    lines, line_end, last = _encoded(octets).removesuffix(b"\r\n").rpartition(b"\r\n")
    rest = binascii.a2b_qp(last)
    # A dot that begins a line may have to be encoded. Behind a soft line end it does not begin one.
    return (b"", octets) if rest.startswith(b".") else (lines + line_end, rest)


def _octets(filtered: str) -> bytes:
    return filtered.replace("\n", "\r\n").encode()


def _encoded(octets: bytes) -> bytes:
    # The line end at the end matters: b2a_qp writes soft line ends as the first line end that it finds.
    return binascii.b2a_qp(octets + b"\r\n", istext=True)


def _base64(text: str) -> bytes:
    octets = binascii.b2a_base64(text.encode(), newline=False)
    return b"\r\n".join([octets[start : start + _WIDTH] for start in range(0, len(octets), _WIDTH)])
