"""Chance that nobody can guess: ids, secrets, codes, and the jitter of retries."""

import random
import secrets
import string
import time
import uuid

from tocsin.services.ports import Chance

_LETTERS = string.ascii_lowercase + string.digits


def real_chance() -> Chance:
    """Return chance that nobody can guess."""
    return Chance(
        new_id=lambda: str(uuid.uuid4()),
        ordered_id=_ordered_id,
        new_sid=lambda: "".join(secrets.choice(_LETTERS) for _ in range(7)),
        new_secret=lambda: secrets.token_hex(32),
        nine_digits=lambda: f"{secrets.randbelow(10**9):09d}",
        jitter=random.random,
    )


def _ordered_id() -> str:
    """Return a UUID of version 7: 48 bits of milliseconds since 1970, and 74 random ones (RFC 9562, 5.7).

    What is made together lies together in every index, so a commit touches fewer pages.
    """
    value = (time.time_ns() // 1_000_000 << 80) | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=value & ~(0b11 << 62) | 0b10 << 62))
