"""A server's replies: cut out of what it sends, and their text made fit to be kept and shown."""

import re
import smtplib
from dataclasses import dataclass
from typing import Self

LINE_LIMIT = 8192  # octets; RFC 5321, 4.5.3.1.5 says 512, some relays send more
REPLY_LIMIT = 65_536  # octets; an EHLO reply of a large relay has about 1,000
TEXT_LIMIT = 512  # octets of a reply that are kept: what RFC 5321, 4.5.3.1.5 allows for a line

_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")


class BrokenDialogueError(smtplib.SMTPException):
    """What the server sent is not SMTP, or does not fit what it was asked."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer (RFC 5321, 4.2): its code, and its lines without the code."""

    code: int
    lines: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, error: smtplib.SMTPResponseException) -> Self:
        """Return the reply that smtplib made `error` of."""
        text = error.smtp_error
        return cls(code=error.smtp_code, lines=tuple((text if isinstance(text, bytes) else text.encode()).split(b"\n")))

    @property
    def digit(self) -> int:
        """Return the first digit, which is all that decides (RFC 5321, 4.2.1)."""
        return self.code // 100

    @property
    def enhanced_code(self) -> str:
        """Return the enhanced code (RFC 3463, 2), such as `4.7.1`, or nothing if the text does not begin with one."""
        found = _ENHANCED.match(self._texts()[0])
        return found[1] if found and found[1][0] == str(self.code)[0] else ""

    @property
    def text(self) -> str:
        """Return code and text in one printable line; an enhanced code that each line repeats (RFC 2034, 4) stands once."""
        first, *others = self._texts()
        prefix = self.enhanced_code if others else ""
        return " ".join(filter(None, (str(self.code), first, *(each.removeprefix(prefix).strip() for each in others))))

    def _texts(self) -> list[str]:
        return [printable(line).strip() for line in self.lines] or [""]


class Incoming:
    """What a server has sent and nobody has read yet."""

    def __init__(self) -> None:
        self._bytes = b""
        self._lines: list[bytes] = []  # of the reply that has begun
        self._size = 0  # octets of it

    def __bool__(self) -> bool:
        """Tell whether anything is left to be read."""
        return bool(self._bytes or self._lines)

    def add(self, chunk: bytes) -> None:
        """Take what came."""
        self._bytes += chunk

    def reply(self) -> Reply | None:
        """Return the next reply (RFC 5321, 4.2.1), or None if it is not there in full. Raises BrokenDialogueError."""
        while (end := self._bytes.find(b"\n")) >= 0:
            line, self._bytes = self._bytes[:end].rstrip(b"\r"), self._bytes[end + 1 :]
            self._size += end + 1
            found = _LINE.fullmatch(line)
            if found is None or self._size > REPLY_LIMIT:
                raise BrokenDialogueError(f"no SMTP reply: {cut(printable(line[:80].rstrip()))}")
            self._lines.append(found[3] or b"")
            if found[2] != b"-":
                reply = Reply(int(found[1]), tuple(self._lines))
                self._lines, self._size = [], 0
                return reply
        if len(self._bytes) > LINE_LIMIT:
            raise BrokenDialogueError(f"the server sent a line of more than {LINE_LIMIT} octets")
        return None


def printable(raw: bytes) -> str:
    """Return `raw` as text for a log or a page: bytes that are not UTF-8 escaped, each control replaced by a space."""
    text = raw.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else " " for each in text)


def cut(text: str) -> str:
    """Return at most `TEXT_LIMIT` octets of `text`, at the border of a character."""
    if len(text) <= TEXT_LIMIT and text.isascii():
        return text
    return text.encode()[:TEXT_LIMIT].decode(errors="ignore")
