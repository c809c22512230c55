"""Passwords as the database keeps them: argon2id (RFC 9106), slow on purpose.

The cost is that of OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane, some 30 ms.
"""

import hashlib
import unicodedata
from functools import cache
from importlib.resources import files
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

SALT_OCTETS = 16
MARK_OCTETS = 5
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Each takes its memory: a crowd that signs in at one moment waits, and does not take the machine's.
_AT_ONCE = BoundedSemaphore(4)


def hashed(password: str, *, salt: bytes) -> str:
    """Return the hash of `password`, with its salt and cost. `salt` is SALT_OCTETS that nobody else has."""
    with _AT_ONCE:
        return _HASHER.hash(_octets(password), salt=salt)


def matches(password: str, kept: str | None) -> bool:
    """Tell whether `kept` is a hash of `password`. None, for an account that is not there, takes as long and does not match."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(_nobodys() if kept is None else kept, _octets(password)) and kept is not None
        except VerificationError:
            return False


def is_common(password: str) -> bool:
    """Tell whether `password` is among the 5,000 most used that are long enough, whatever the case of its letters."""
    return mark(password) in _common()


def mark(password: str) -> bytes:
    """Return what stands for a password in the list of common ones. One of 200 million others has one of its marks too."""
    return hashlib.sha256(_octets(password.casefold())).digest()[:MARK_OCTETS]


@cache
def _common() -> frozenset[bytes]:
    # Marks and not words, because nobody wants to read them; scripts/common_passwords.py makes them (decision 0068).
    octets = (files("tocsin") / "formats" / "common_passwords.bin").read_bytes()
    return frozenset(octets[start : start + MARK_OCTETS] for start in range(0, len(octets), MARK_OCTETS))


def _octets(password: str) -> bytes:
    # What looks the same is typed differently on different keyboards. A lone surrogate is no character at all.
    return unicodedata.normalize("NFC", password).encode(errors="replace")


@cache  # and made when it is first asked for: most commands ask for no password
def _nobodys() -> str:
    return _HASHER.hash(b"nobody has this password", salt=bytes(SALT_OCTETS))
