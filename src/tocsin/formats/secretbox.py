"""Secrets as they are kept in the database: AES-GCM under a key that is derived from the installation's secret.

The secret is not in the database, so a thief of the database alone, or of its backup, can read nothing (NIST SP 800-38D,
RFC 5869).
"""

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_KEY = 32  # octets: AES-256, and HMAC-SHA-256 for the nonce
_NONCE = 12  # octets
_TAG = 16  # octets


def seal(plain: bytes, *, secret: bytes, purpose: str, identity: Sequence[str]) -> bytes:
    """Return `plain` encrypted and authenticated, to be opened with the same secret, purpose and identity only.

    `purpose` says what sort of thing this is, so that no two sorts share a key. `identity` says whose and which it is: a box
    that was moved to another row does not open there.
    """
    cipher, nonce_key = _keys(secret, purpose)
    about = _about(identity)
    # Made from what is sealed, so that no chance is needed and a nonce comes twice only for the same box (as RFC 5297 does).
    nonce = hmac.digest(nonce_key, about + hashlib.sha256(plain).digest(), "sha256")[:_NONCE]
    return _VERSION + nonce + cipher.encrypt(nonce, plain, about)


def unseal(box: bytes, *, secret: bytes, purpose: str, identity: Sequence[str]) -> bytes:
    """Return what was sealed. Raises ValueError if the box is damaged, or was sealed with another secret or identity."""
    if not box.startswith(_VERSION) or len(box) < len(_VERSION) + _NONCE + _TAG:
        raise ValueError("this is no sealed box")
    nonce, sealed = box[len(_VERSION) : len(_VERSION) + _NONCE], box[len(_VERSION) + _NONCE :]
    cipher, _ = _keys(secret, purpose)
    try:
        return cipher.decrypt(nonce, sealed, _about(identity))
    except InvalidTag:
        raise ValueError("the box was sealed with another secret or for something else, or it is damaged") from None


def _keys(secret: bytes, purpose: str) -> tuple[AESGCM, bytes]:
    derived = HKDF(algorithm=SHA256(), length=2 * _KEY, salt=None, info=f"tocsin {purpose}".encode()).derive(secret)
    return AESGCM(derived[:_KEY]), derived[_KEY:]


def _about(identity: Sequence[str]) -> bytes:
    """Return the parts of an identity, each with its length before it, so that none can run into the next."""
    return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in identity)
