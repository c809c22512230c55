"""Writes docs/reference.md and docs/rules.schema.json from the code: what rules can be made of. `make reference`."""

import json
from collections.abc import Iterable
from pathlib import Path

from tocsin.domain.actions import ACTIONS
from tocsin.domain.conditions import FIELDS, MEANINGS, OPERATORS, SORTS, WORDS
from tocsin.domain.events import HAPPENS, OF_RULES
from tocsin.domain.recipients import RECIPIENTS
from tocsin.domain.templates import VARIABLES
from tocsin.schemas.rule_set import schema

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "reference.md"


def page() -> str:
    """Return the page."""
    return "\n".join([
        "# What rules are made of",
        "",
        "Made from the code by `make reference`.",
        *_table("Events", ("event", "happens when"), ((f"`{one}`", HAPPENS[one]) for one in OF_RULES)),
        *_table("Actions", ("type", "does"), ((f"`{one}`", action.does) for one, action in ACTIONS.items())),
        *_table("Recipients", ("entry of `emails`", "goes to"), _recipients()),
        *_table("Conditions", ("field", "sort", "looks at"), _fields()),
        *_table("Operators", ("operator", "for", "holds if"), _operators()),
        *_table("Variables", ("variable", "value"), ((f"`{{{{{one}}}}}`", value) for one, value in VARIABLES.items())),
        "",
    ])  # fmt: skip


def _recipients() -> Iterable[tuple[str, ...]]:
    yield "an address", "that address"
    yield from ((f"`{one}`", whom) for one, whom in RECIPIENTS.items())


def _fields() -> Iterable[tuple[str, ...]]:
    for field, looks_at in FIELDS.items():
        words = f": {', '.join(f'`{word}`' for word in WORDS[field])}" if field in WORDS else ""
        yield f"`{field}`", SORTS[field].value, looks_at + words


def _operators() -> Iterable[tuple[str, ...]]:
    for operator, meaning in MEANINGS.items():
        sorts = [sort.value for sort, fitting in OPERATORS.items() if operator in fitting]
        yield f"`{operator}`", ", ".join(sorts), meaning


def _table(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, ("---",) * len(head), *rows]
    return ["", f"## {title}", "", *(f"| {' | '.join(line)} |" for line in lines)]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    (DOCS / "rules.schema.json").write_text(f"{json.dumps(schema(), indent=2)}\n", "utf-8")
