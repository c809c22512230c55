"""The address that a source calls: nobody can guess it, and nothing of it is kept."""

import base64
import hashlib
import hmac
import uuid

_MAC = 16  # octets
_LENGTH = 52  # characters of 32 octets in base32
PATH = "/in/"


def token_of(source_id: str, *, workspace_id: str, secret: bytes) -> str:
    """Return the last part of a source's address."""
    octets = uuid.UUID(source_id).bytes
    signed = octets + _mac(octets, workspace_id, secret)
    return base64.b32encode(signed).decode().rstrip("=").lower()


def source_of(token: str, *, workspace_id: str, secret: bytes) -> str | None:
    """Return the id of the source that a token of this workspace names, or None if it is none of ours."""
    if len(token) != _LENGTH or not token.isascii():
        return None
    try:
        octets = base64.b32decode(token.upper() + "====")
    except ValueError:
        return None
    named, mac = octets[:-_MAC], octets[-_MAC:]
    return str(uuid.UUID(bytes=named)) if hmac.compare_digest(mac, _mac(named, workspace_id, secret)) else None


def _mac(octets: bytes, workspace_id: str, secret: bytes) -> bytes:
    return hmac.digest(secret, b"source " + workspace_id.encode() + octets, hashlib.sha256)[:_MAC]
