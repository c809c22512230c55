"""Addresses of ours that carry a signed reference: where answers to an invitation go, and where a delivery's bounces go.

Whoever writes to one has seen the message it stood in, so nobody can answer for somebody else or have somebody suppressed.
A local part may lose its case on the way (RFC 5321, 2.4), so all is lower case; it has at most 64 octets. More than half of a
token is the signature, so there is room only for how the ids begin.
"""

import base64
import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass
from enum import StrEnum

_MAC = 16  # octets (ASVS 5.0, 11.2.3)
_PREFIX = 2  # octets of the workspace's id: enough to find one or two among a thousand
_BEGINNING = 10  # octets of the thing's: of version 7 the milliseconds and 26 random bits (RFC 9562, 5.7)
_END = 6  # octets of it that are missing
LONGEST_LOCAL = 64  # octets (RFC 5321, 4.5.3.1.1)
_TOKEN = 45  # characters of 28 octets in base32
_TAG = re.compile(rf"\+[rb][a-z2-7]{{{_TOKEN}}}@")
LONGEST_BASE = LONGEST_LOCAL - _TOKEN - 2  # characters before the `+` and the purpose


class Purpose(StrEnum):
    """What an address is for; its first letter after the `+`."""

    ANSWER = "r"  # ORGANIZER of an invitation: the answer to it (RFC 6047, 2.3)
    BOUNCE = "b"  # the return path of a delivery (RFC 5321, 3.6.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a signed address speaks of: how the ids of a workspace (4 hex digits) and of a thing in it (20) begin."""

    purpose: Purpose
    workspace_prefix: str
    beginning: str

    @property
    def bounds(self) -> tuple[str, str]:
        """The first and the last UUID that begin so."""
        first, last = (str(uuid.UUID(hex=self.beginning + digit * 2 * _END)) for digit in "0f")
        return first, last


def reference(purpose: Purpose, *, workspace_id: str, thing_id: str) -> Reference:
    """Return the reference to a thing of a workspace; both ids are UUIDs."""
    beginning = uuid.UUID(thing_id).hex[: 2 * _BEGINNING]
    return Reference(purpose=purpose, workspace_prefix=workspace_id[: 2 * _PREFIX], beginning=beginning)


def write(base: str, wanted: Reference, secret: bytes) -> str | None:
    """Return `base`, such as `invites@example.com`, with the signed reference in it; None if it would be too long."""
    local, _, domain = base.rpartition("@")
    payload = bytes.fromhex(wanted.workspace_prefix + wanted.beginning)
    token = base64.b32encode(payload + _mac(wanted.purpose, payload, secret)).decode().rstrip("=").lower()
    signed = f"{local}+{wanted.purpose}{token}"
    return f"{signed}@{domain}" if len(signed.encode()) <= LONGEST_LOCAL else None


def base_of(address: str) -> str:
    """Return `address` without a signed reference, if it looks as if it had one."""
    return _TAG.sub("@", address)


def read(address: str, secret: bytes) -> Reference | None:
    """Return the reference in `address`, or None if there is none that was signed with `secret`."""
    tag = address.rpartition("@")[0].rpartition("+")[2].lower()
    if len(tag) != _TOKEN + 1 or not tag.isascii() or tag[0] not in list(Purpose):
        return None
    purpose = Purpose(tag[0])
    try:
        octets = base64.b32decode(tag[1:].upper() + "===")
    except ValueError:
        return None
    payload, mac = octets[:-_MAC], octets[-_MAC:]
    if not hmac.compare_digest(mac, _mac(purpose, payload, secret)):
        return None
    return Reference(purpose=purpose, workspace_prefix=payload[:_PREFIX].hex(), beginning=payload[_PREFIX:].hex())


def _mac(purpose: Purpose, payload: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, b"address " + purpose.encode() + payload, hashlib.sha256)[:_MAC]
