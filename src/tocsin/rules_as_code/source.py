"""A file of rules: read within limits, and errors told with its name and line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.domain.errors import InvalidInputError, Problem
from tocsin.formats import yaml_document
from tocsin.formats.yaml_document import Document, YamlError

STANDARD_INPUT = "-"
_MOST_TOLD = 10  # of what is wrong; nobody reads more at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file that was read. `rule_set` is what stands in it, not yet checked."""

    name: str
    document: Document

    @property
    def rule_set(self) -> dict[str, Any]:
        """What stands in it: an object, whatever that holds."""
        value: dict[str, Any] = self.document.value
        return value

    @contextmanager
    def located(self) -> Iterator[None]:
        """Tell with file and line of what is wrong with the rules in it."""
        try:
            yield
        except InvalidInputError as error:
            raise InvalidInputError(self._told(error)) from error

    def _told(self, error: InvalidInputError) -> Iterator[Problem]:
        for problem in error.problems[:_MOST_TOLD]:
            line = self.document.line_of(problem.field)
            yield Problem(field=f"{self.name}:{line}: {problem.field}", message=problem.message)
        if len(error.problems) > _MOST_TOLD:
            more = len(error.problems) - _MOST_TOLD
            yield Problem(field=self.name, message=f"{more} more fields are wrong")


def read(name: str) -> Source:
    """Return the rules in a file, or in standard input for `-`. Raises InvalidInputError naming the file and the line."""
    shown, text = text_of(name)
    try:
        document = yaml_document.read(text)
    except YamlError as error:
        raise InvalidInputError.of(f"{shown}:{error.line}" if error.line else shown, str(error)) from error
    if not isinstance(document.value, dict):
        raise InvalidInputError.of(f"{shown}:1", "must hold `version: 1` and `rules:` with a list of rules")
    return Source(name=shown, document=document)


def text_of(name: str) -> tuple[str, str]:
    """Return how a file is called and what it holds. Raises InvalidInputError."""
    shown, most = "standard input" if name == STANDARD_INPUT else name, 4 * yaml_document.LARGEST
    try:
        if name == STANDARD_INPUT:
            raw = sys.stdin.buffer.read(most + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(most + 1)
    except OSError as error:
        raise InvalidInputError.of(
            shown, f"cannot be read ({error.strerror}); give the name of a file, or -"
        ) from error
    if len(raw) > most:
        raise InvalidInputError.of(shown, f"has more than {most} octets")
    try:
        return shown, raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidInputError.of(f"{shown}:{line}", "is not UTF-8; save it as UTF-8") from error
