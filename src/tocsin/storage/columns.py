"""How values stand in columns: instants as microseconds since 1970 in UTC, structures as JSON text."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

Row = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once, for statements are many


def micros(moment: datetime) -> int:
    """Return `moment` (aware) in microseconds since 1970; exact, where a float would round."""
    return (moment - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=4096)  # deliveries that are due together share most of their moments
def instant(value: int) -> datetime:
    """Return the moment that many microseconds after 1970, in UTC."""
    return _EPOCH + timedelta(microseconds=value)


def maybe_micros(moment: datetime | None) -> int | None:
    """Return `micros(moment)`, or None for None."""
    return None if moment is None else micros(moment)


def maybe_instant(value: int | None) -> datetime | None:
    """Return `instant(value)`, or None for None."""
    return None if value is None else instant(value)


def as_json(value: object) -> str:
    """Return `value` as compact JSON text."""
    return _COMPACT.encode(value)


def containing(words: str) -> str:
    """Return the pattern for `lower(column) LIKE :pattern ESCAPE '~'` of what contains `words`, whatever its case."""
    for char in "~%_":
        words = words.replace(char, f"~{char}")
    return f"%{words.lower()}%"


def bucket(workspace_id: str) -> int:
    """Return the workspace's share of the work, 0 to 63: partition key, shard key, and a predicate for claims.

    A plain FNV-1a, because it must be the same in every version, process and language.
    """
    value = 0xCBF29CE484222325
    for byte in workspace_id.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value % 64
