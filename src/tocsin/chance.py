"""Chance that nobody can guess: ids, secrets, codes, and the jitter of retries."""

import random
import secrets
import string
import uuid

from tocsin.services.ports import Chance

_LETTERS = string.ascii_lowercase + string.digits


def real_chance() -> Chance:
    """Return chance that nobody can guess."""
    return Chance(
        new_id=lambda: str(uuid.uuid4()),
        new_sid=lambda: "".join(secrets.choice(_LETTERS) for _ in range(7)),
        new_secret=lambda: secrets.token_hex(32),
        nine_digits=lambda: f"{secrets.randbelow(10**9):09d}",
        jitter=random.random,
    )
