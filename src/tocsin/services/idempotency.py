"""The same request twice has one effect: its answer is kept in the transaction of the effect, and given again."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from tocsin.domain.errors import InvalidInputError
from tocsin.services.ports import Transaction
from tocsin.services.ports_answers import Answer

KEPT_FOR = timedelta(hours=72)


def once(tx: Transaction, key: str, request: bytes, work: Callable[[Transaction], Answer], *, now: datetime) -> Answer:
    """Return the answer that `work` gives, or gave when `key` came with the same `request` before.

    Raises InvalidInputError if the key came with another request, ConflictError while the first one still runs. A request
    that fails keeps nothing, so that it can be repeated with the same key.
    """
    digest = hashlib.sha256(request).hexdigest()
    kept = tx.answers.get(key)
    if kept is None:
        answer = work(tx)
        tx.answers.put(key, digest, answer, now=now)
        return answer
    if kept[0] != digest:
        raise InvalidInputError.of("Idempotency-Key", "this key came with another request before; use a new key")
    return kept[1]
