"""Secrets as they are kept in the database: AES-GCM under a key that is derived from the installation's secret.

The secret is not in the database, so a thief of the database alone, or of its backup, can read nothing (NIST SP 800-38D,
RFC 5869). A box begins with the number of its algorithm, so that another one can be added: docs/cryptography.md has how.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY = 32  # octets: AES-256, and HMAC-SHA-256 for the nonce
_NONCE = 12  # octets
_TAG = 16  # octets


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """One way to seal. Each has keys of its own: `info` is what they are derived for, before the purpose (RFC 5869, 3.2).

    `seal` takes key, plain and identity, `unseal` key, sealed and identity; that raises ValueError if it does not open.
    `shortest` is how many octets the box of nothing has, without the number.
    """

    info: str
    key_length: int
    shortest: int
    seal: Callable[[bytes, bytes, bytes], bytes]
    unseal: Callable[[bytes, bytes, bytes], bytes]

    def key(self, secret: bytes, purpose: str) -> bytes:
        """Return the key for one sort of things."""
        info = f"{self.info} {purpose}".encode()
        return HKDF(algorithm=SHA256(), length=self.key_length, salt=None, info=info).derive(secret)


def seal(plain: bytes, *, secret: bytes, purpose: str, identity: Sequence[str]) -> bytes:
    """Return `plain` encrypted and authenticated, to be opened with the same secret, purpose and identity only.

    `purpose` says what sort of thing this is, so that no two sorts share a key. `identity` says whose and which it is: a box
    that was moved to another row does not open there.
    """
    newest = max(ALGORITHMS)
    algorithm = ALGORITHMS[newest]
    return bytes([newest]) + algorithm.seal(algorithm.key(secret, purpose), plain, _about(identity))


def unseal(box: bytes, *, secret: bytes, purpose: str, identity: Sequence[str]) -> bytes:
    """Return what was sealed. Raises ValueError if the box is damaged, or was sealed with another secret or identity."""
    algorithm = ALGORITHMS.get(box[0]) if box else None
    if algorithm is None or len(box) <= algorithm.shortest:
        raise ValueError("this is no sealed box")
    return algorithm.unseal(algorithm.key(secret, purpose), box[1:], _about(identity))


def sealed_anew(box: bytes, *, former: bytes, secret: bytes, purpose: str, identity: Sequence[str]) -> bytes:
    """Return what `seal` makes now of what is in a box that opens with `secret`, or else with the `former` one.

    That is the very same box if it was sealed with `secret` by the newest algorithm. Raises ValueError if neither opens it.
    """
    try:
        plain = unseal(box, secret=secret, purpose=purpose, identity=identity)
    except ValueError:
        plain = unseal(box, secret=former, purpose=purpose, identity=identity)
    return seal(plain, secret=secret, purpose=purpose, identity=identity)


def _seal_aes_gcm(key: bytes, plain: bytes, about: bytes) -> bytes:
    # Made from what is sealed, so that no chance is needed and a nonce comes twice only for the same box (as RFC 5297 does).
    nonce = hmac.digest(key[_KEY:], about + hashlib.sha256(plain).digest(), "sha256")[:_NONCE]
    return nonce + AESGCM(key[:_KEY]).encrypt(nonce, plain, about)


def _unseal_aes_gcm(key: bytes, sealed: bytes, about: bytes) -> bytes:
    try:
        return AESGCM(key[:_KEY]).decrypt(sealed[:_NONCE], sealed[_NONCE:], about)
    except InvalidTag:
        raise ValueError("the box was sealed with another secret or for something else, or it is damaged") from None


def _about(identity: Sequence[str]) -> bytes:
    """Return the parts of an identity, each with its length before it, so that none can run into the next."""
    return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in identity)


# By the octet that a box begins with. The one with the largest number seals, all of them open.
ALGORITHMS: dict[int, Algorithm] = {
    1: Algorithm(
        info="tocsin", key_length=2 * _KEY, shortest=_NONCE + _TAG, seal=_seal_aes_gcm, unseal=_unseal_aes_gcm
    ),
}
