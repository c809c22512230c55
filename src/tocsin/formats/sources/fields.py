"""Reading others' JSON: by path, forgiving in all that does not matter, and with a sentence where it does."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tocsin.domain.sources.news import Person
from tocsin.domain.text import ANSWER_LENGTH, LINE_LENGTH, NAME_LENGTH, normal, one_line, several_lines
from tocsin.formats import addresses, links, zones

LONGEST_ID = 500  # characters of what a source calls a thing
MOST_ANSWERS = 50


class NotUnderstoodError(Exception):
    """A call cannot be read; the sentence says what of it, and the call is kept."""


class Fields:
    """An object of others' JSON. A path such as `organizer.email` leads inside; what is not there is empty."""

    def __init__(self, value: object) -> None:
        self._value: Mapping[str, Any] = value if isinstance(value, dict) else {}

    @property
    def whole(self) -> Mapping[str, Any]:
        """The object itself."""
        return self._value

    def raw(self, path: str) -> Any:
        """Return what stands at a path, or None."""
        found: Any = self._value
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def at(self, path: str) -> "Fields":
        """Return the object at a path; an empty one if there is none."""
        return Fields(self.raw(path))

    def each(self, path: str) -> "list[Fields]":
        """Return the objects of the list at a path."""
        found = self.raw(path)
        return [Fields(one) for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def items(self, path: str) -> Iterator[tuple[str, "Fields"]]:
        """Yield the objects inside the object at a path, by name."""
        found = self.raw(path)
        for name, value in found.items() if isinstance(found, dict) else ():
            yield str(name), Fields(value)

    def text(self, path: str, *, limit: int = LINE_LENGTH) -> str:
        """Return the text or number at a path as one clean line."""
        return line(self.raw(path), limit=limit)

    def id(self, path: str) -> str:
        """Return what the source calls a thing. Raises NotUnderstoodError if it is too long to be told from others."""
        found = line(self.raw(path), limit=LONGEST_ID + 1)
        if len(found) > LONGEST_ID:
            raise NotUnderstoodError(f"{path} has more than {LONGEST_ID} characters")
        return found

    def is_true(self, path: str) -> bool:
        """Tell whether a flag is set, as JSON or as PHP writes it."""
        return self.raw(path) in (True, 1, "1", "true")

    def moment(self, path: str) -> datetime | None:
        """Return the instant at a path in UTC, None if there is nothing. Raises NotUnderstoodError if it is none."""
        found = self.raw(path)
        if found in (None, ""):
            return None
        try:
            moment = datetime.fromisoformat(found)
            inside = moment.tzinfo is not None and zones.EARLIEST_YEAR <= moment.year <= zones.LATEST_YEAR
            return _checked(moment.astimezone(UTC) if inside else None)
        except (TypeError, ValueError, OverflowError):
            raise NotUnderstoodError(f"{path} is no instant: {line(found, limit=60)}") from None

    def required_moment(self, path: str) -> datetime:
        """Return the instant at a path. Raises NotUnderstoodError if there is none."""
        found = self.moment(path)
        if found is None:
            raise NotUnderstoodError(f"{path} is missing")
        return found

    def person(self, *, email: str = "email", name: str = "name", zone: str = "timeZone") -> Person | None:
        """Return who stands here; None without an address that can be written to."""
        address = address_or_none(self.raw(email))
        if address is None:
            return None
        return Person(email=address, name=self.text(name, limit=NAME_LENGTH), time_zone=zone_or_none(self.raw(zone)))


def _checked(moment: datetime | None) -> datetime:
    if moment is None:
        raise ValueError
    return moment


def parsed(body: bytes) -> Fields:
    """Return the JSON object in a body. Raises NotUnderstoodError."""
    try:
        value = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise NotUnderstoodError("the body is no JSON; a template of one's own or a form cannot be read here") from None
    if not isinstance(value, dict):
        raise NotUnderstoodError("the body is no JSON object")
    return Fields(value)


def line(value: object, *, limit: int = LINE_LENGTH) -> str:
    """Return a text or number as one clean line, and anything else as nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return one_line(normal(str(value)[: 4 * limit]), limit=limit).strip()


def lines(value: object, *, limit: int = ANSWER_LENGTH) -> str:
    """Return a text that may have several lines, clean."""
    return (
        several_lines(normal(value[: 4 * limit]), limit=limit) if isinstance(value, str) else line(value, limit=limit)
    )


def address_or_none(value: object) -> str | None:
    """Return an address in its normal form, or None for what is none."""
    if not isinstance(value, str) or addresses.complaint(value) is not None:
        return None
    return addresses.normal(value)


def guests_of(values: object) -> tuple[str, ...]:
    """Return the addresses in a list of texts; what is none is left out, so that the booking is not lost for it."""
    found = [address_or_none(one) for one in values] if isinstance(values, list) else []
    return tuple(one for one in found if one is not None)


def zone_or_none(value: object) -> str:
    """Return the name of a time zone, or nothing for what is none."""
    return value if isinstance(value, str) and zones.complaint(value) is None else ""


def uid_of(value: object) -> str:
    """Return what a calendar calls an entry; nothing for what no entry of ours may be called."""
    found = line(value)
    return found if found.isascii() and found.isprintable() and " " not in found and "…" not in found else ""


def url_or_none(value: object) -> str:
    """Return an http or https address as links hold it, or nothing."""
    return links.web(value) if isinstance(value, str) else ""


def answers_of(pairs: Iterator[tuple[object, object]]) -> tuple[tuple[str, str], ...]:
    """Return questions with their answers, each once, without empty ones, at most MOST_ANSWERS."""
    found: dict[str, str] = {}
    for question, answer in pairs:
        asked, said = line(question), lines(answer)
        if asked and said and len(found) < MOST_ANSWERS:
            found.setdefault(asked, said)
    return tuple(found.items())
