"""In what two rules differ: field by field, under the wire's names."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tocsin.domain.rules import AutomationRule
from tocsin.schemas.fields import Shown
from tocsin.schemas.rules import RulePatch, body_of

Wire = Mapping[str, Any]


class ChangedField(Shown):
    """One field that a step changes; null where there is nothing."""

    field: str
    old: Any
    new: Any


def changes(old: Wire | None, new: Wire) -> Iterator[ChangedField]:
    """Yield each field in which `new` differs from `old`, in the order in which they stand; None: there was nothing."""
    before, after = dict(leaves(old or {})), dict(leaves(new))
    for path in dict.fromkeys([*after, *before]):
        if before.get(path) != after.get(path):
            yield ChangedField(field=path, old=before.get(path), new=after.get(path))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what can differ, with its path: texts, numbers, and lists of them as a whole."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{number}]")
    else:
        yield path, value


def between(old: AutomationRule | None, new: AutomationRule | None) -> list[ChangedField]:
    """Return in what a rule differs from what it was; nothing where one of both was not kept."""
    return [] if old is None or new is None else list(changes(body_of(old), body_of(new)))


def names(changed: list[ChangedField]) -> list[str]:
    """Return which fields of a rule hold changes."""
    found = {re.split(r"[.\[]", one.field)[0] for one in changed}
    return [name for name in RulePatch.model_fields if name in found]
