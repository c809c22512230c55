"""The token in a message's opt-out link: who wants to stop what. Signed, so that nobody can stop somebody else's messages.

Hard to forge, as RFC 8058, 3.1, asks. It never expires: a message may be years old when its reader has had enough.
"""

import base64
import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass

_ID = 16  # octets of a UUID
_MAC = 16  # octets: a guess succeeds once in 2^128
_LONGEST = 500  # characters; an address has at most 254 octets
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{(2 * _ID + _MAC) * 4 // 3},{_LONGEST}}}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """What a link is about: the messages of a rule, and of its whole workspace, to one address. The ids are UUIDs."""

    workspace_id: str
    rule_id: str
    recipient: str


def write(wanted: OptOut, secret: bytes) -> str:
    """Return the token: base64url without padding (RFC 4648, 5), so that it stands in a path as it is."""
    payload = uuid.UUID(wanted.workspace_id).bytes + uuid.UUID(wanted.rule_id).bytes + wanted.recipient.encode()
    return _text(payload + _mac(payload, secret))


def read(token: str, secret: bytes) -> OptOut | None:
    """Return what `token` is about, or None if it was not signed with `secret`, or is not written as we write it."""
    if _TOKEN.fullmatch(token) is None or len(token) % 4 == 1:
        return None
    octets = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    payload, mac = octets[:-_MAC], octets[-_MAC:]
    # The last letter holds bits that decoding drops: without the second look, several tokens would be one.
    if not hmac.compare_digest(mac, _mac(payload, secret)) or _text(octets) != token:
        return None
    return OptOut(
        workspace_id=str(uuid.UUID(bytes=payload[:_ID])),
        rule_id=str(uuid.UUID(bytes=payload[_ID : 2 * _ID])),
        recipient=payload[2 * _ID :].decode(),
    )


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _mac(payload: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, b"opt-out " + payload, hashlib.sha256)[:_MAC]
