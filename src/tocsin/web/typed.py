"""What was typed into a form whose names come several times, and whose rows are numbered: `actions-0-url`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Pair = tuple[str, str]

_ROW = re.compile(r"([a-z_]+)-(\d{1,4})-([a-z_]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of a form, or of one of its rows, in their order."""

    pairs: tuple[Pair, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "Typed":
        """Return a row that holds `values`, but for those that are empty."""
        return cls(tuple((name, value) for name, value in values.items() if value))

    def first(self, name: str, default: str = "") -> str:
        """Return the first value of a name."""
        return next((value for found, value in self.pairs if found == name), default)

    def all(self, name: str) -> list[str]:
        """Return all values of a name."""
        return [value for found, value in self.pairs if found == name]

    def lines(self, name: str) -> list[str]:
        """Return the lines of all values of a name that are not blank."""
        return [line.strip() for value in self.all(name) for line in re.split(r"\r\n|\r|\n", value) if line.strip()]

    def rows(self, name: str) -> list["Typed"]:
        """Return the rows of a name, by number; whatever numbers they have."""
        found: dict[int, list[Pair]] = {}
        for key, value in self.pairs:
            match = _ROW.fullmatch(key)
            if match is not None and match[1] == name:
                found.setdefault(int(match[2]), []).append((match[3], value))
        return [Typed(tuple(found[number])) for number in sorted(found)]

    def with_rows(self, name: str, rows: Iterable["Typed"]) -> "Typed":
        """Return the same with other rows of a name, numbered from 0."""
        kept = [pair for pair in self.pairs if not _is_of(name, pair[0])]
        new = [(f"{name}-{number}-{key}", value) for number, row in enumerate(rows) for key, value in row.pairs]
        return Typed((*kept, *new))

    def having(self, **values: str) -> "Typed":
        """Return the same with other values for these names."""
        kept = [pair for pair in self.pairs if pair[0] not in values]
        return Typed((*kept, *values.items()))


def _is_of(name: str, key: str) -> bool:
    match = _ROW.fullmatch(key)
    return match is not None and match[1] == name
