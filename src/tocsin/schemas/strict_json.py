"""JSON as RFC 8259 has it, within limits: what the standard library reads beyond that is refused here."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from tocsin.domain.errors import MalformedRequestError, TooLargeError

DEEPEST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How large a body may be: its octets, and the keys of all its objects together."""

    octets: int
    keys: int


USUAL = Room(octets=262_144, keys=1000)
WIDE = Room(octets=4_194_304, keys=100_000)  # for a thousand rules at once


def parse(raw: bytes, room: Room = USUAL) -> dict[str, object]:
    """Return the JSON object in `raw`. Raises MalformedRequestError, and TooLargeError for one that is too deep or wide."""
    try:
        value = json.loads(
            raw.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_no_repeats
        )
    except UnicodeDecodeError as error:
        raise MalformedRequestError("the body is not UTF-8") from error
    except RecursionError as error:
        raise TooLargeError(f"the body is nested deeper than {DEEPEST}") from error
    except ValueError as error:
        raise MalformedRequestError(f"the body is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise MalformedRequestError("the body must be a JSON object")
    _check_size(value, room)
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object names a key twice")
    return found


def _check_size(value: object, room: Room) -> None:
    keys = 0
    for depth, item in _walk(value):
        if depth > DEEPEST:
            raise TooLargeError(f"the body is nested deeper than {DEEPEST}")
        keys += len(item) if isinstance(item, dict) else 0
    if keys > room.keys:
        raise TooLargeError(f"the body has more than {room.keys} keys")


def _walk(value: object) -> Iterator[tuple[int, object]]:
    waiting = [(1, value)]
    while waiting:
        depth, item = waiting.pop()
        yield depth, item
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        waiting.extend((depth + 1, one) for one in inner if isinstance(one, dict | list))
