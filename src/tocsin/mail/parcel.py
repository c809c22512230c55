"""What may go over the wire: the strict grammar of envelope addresses, and the bytes of a message made fit for DATA."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import idna

from tocsin.domain.letter import Envelope

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\x80-\U0010ffff]"  # RFC 5322, 3.2.3 and RFC 6531, 3.3
_DOT_ATOM = re.compile(rf"{_ATEXT}++(?:\.{_ATEXT}++)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LITERAL = re.compile(r"\[[0-9A-Za-z.:]+\]")

LOCAL_PART_LIMIT = 64  # octets; RFC 5321, 4.5.3.1.1
ADDRESS_LIMIT = 254  # octets; a path has 256 with its angle brackets (RFC 5321, 4.5.3.1.3)


class RefusedError(Exception):
    """We do not send this; the text says why, and nothing was written to the relay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """An envelope that was found fit to be sent: both addresses checked, `body` as it follows DATA, `size` in octets."""

    sender: str
    recipient: str
    body: bytes
    size: int
    is_ascii: bool

    @classmethod
    def of(cls, envelope: Envelope) -> Self:
        """Return `envelope` ready to be sent; raise RefusedError for what must not be."""
        message = envelope.message
        if not message.endswith(b"\r\n"):
            message += b"\r\n"
        return cls(
            sender=path(envelope.sender),
            recipient=path(envelope.recipient),
            body=_as_it_follows_data(message),
            size=len(message),
            is_ascii=message.isascii(),
        )

    def commands(self, offered: frozenset[str]) -> tuple[bytes, bytes, bytes]:
        """Return MAIL, RCPT and DATA for a server that offers the extensions `offered`, in lower case.

        Raises RefusedError if the parcel needs one that is missing: 8BITMIME (RFC 6152) or SMTPUTF8 (RFC 6531).
        """
        parameters = f" SIZE={self.size}" if "size" in offered else ""  # RFC 1870, 5: it may refuse before we send
        if not self.is_ascii:
            _require("8bitmime", offered, why="the message holds 8-bit bytes")
            parameters += " BODY=8BITMIME"
        if not (self.sender + self.recipient).isascii():
            _require("smtputf8", offered, why="an address is not ASCII before its @")
            parameters += " SMTPUTF8"
        mail, rcpt = f"MAIL FROM:<{self.sender}>{parameters}\r\n", f"RCPT TO:<{self.recipient}>\r\n"
        return mail.encode(), rcpt.encode(), b"DATA\r\n"


@lru_cache(maxsize=1024)  # a workspace's sender is in all of its messages, and a team's address in many
def path(address: str) -> str:
    """Return `address` as it may stand between the angle brackets of MAIL and RCPT, its domain in A-labels.

    Narrower than RFC 5321, 4.1.2 on purpose: a dot-atom (or UTF-8: RFC 6531, 3.3), one `@` and a domain name; no quoting,
    no source route, no literal. Mail libraries cut `x@y>z` to `x@y` without a word, and then mail goes elsewhere than shown.
    Raises RefusedError.
    """
    local, _, domain = address.partition("@")
    if not _is_dot_atom(local) or len(local.encode()) > LOCAL_PART_LIMIT:
        raise RefusedError("an address is not of the form name@example.com, so it was not given to the relay")
    domain = _a_labels(domain)
    if not _DOMAIN.fullmatch(domain) or len(local.encode()) + 1 + len(domain) > ADDRESS_LIMIT:
        raise RefusedError("an address has no valid domain after its @, so it was not given to the relay")
    return f"{local}@{domain}"


def is_client_name(name: str) -> bool:
    """Tell whether EHLO can carry `name`: a domain or an address literal (RFC 5321, 4.1.1.1)."""
    return bool(_DOMAIN.fullmatch(name) or _LITERAL.fullmatch(name))


def _as_it_follows_data(message: bytes) -> bytes:
    """Return `message` with one dot more in front of each line that begins with one (RFC 5321, 4.5.2), and its end.

    Raises RefusedError for a line that ends in CR or LF only: the next server reads it differently (CVE-2023-51764).
    """
    if b"\r\n".join(message.splitlines()) + b"\r\n" != message or b"\0" in message:
        raise RefusedError("the message holds a bare CR, a bare LF or a NUL, so it was not given to the relay")
    if b"\r\n." in message or message.startswith(b"."):
        message = (b"." if message.startswith(b".") else b"") + message.replace(b"\r\n.", b"\r\n..")
    return message + b".\r\n"


def _is_dot_atom(local: str) -> bool:
    # Beyond ASCII, what cannot be printed is a space, a control, a bidi mark or half a surrogate pair.
    return local.isprintable() and _DOT_ATOM.fullmatch(local) is not None


def _a_labels(domain: str) -> str:
    # Not the codec "idna" of the standard library: it is IDNA 2003 and turns faß.de into fass.de, which is somebody else.
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""


def _require(extension: str, offered: frozenset[str], *, why: str) -> None:
    if extension not in offered:
        raise RefusedError(f"{why}, and the relay does not offer {extension.upper()}")
