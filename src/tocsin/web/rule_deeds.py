"""What the buttons inside the form of a rule do: rows come, go and change places. Nothing of it is saved."""

import re
from collections.abc import Callable

from tocsin.domain.conditions import OPERATORS, SORTS, Field, Operator, Sort
from tocsin.web import starters
from tocsin.web.rule_document import AND
from tocsin.web.typed import Typed

_DEED = re.compile(r"(add|remove|up|down)-(offsets|actions|conditions)(?:-(\w{1,64}))?", re.ASCII)


def done(typed: Typed, deed: str) -> tuple[Typed, str]:
    """Return what is typed once a button was pressed, and the id of what is to have the focus then."""
    match = _DEED.fullmatch(deed)
    if match is None:
        return typed, ""
    verb, name, what = match[1], match[2], match[3] or ""
    rows = typed.rows(name)
    if verb == "add":
        added = _FRESH[name](typed, what)
        return typed.with_rows(name, [*rows, added]), f"{name}-{len(rows)}-{_FIRST[name]}"
    number = int(what) if what.isdecimal() else len(rows)
    if number >= len(rows):
        return typed, ""
    if verb == "remove":
        return typed.with_rows(name, rows[:number] + rows[number + 1 :]), f"add-{name}"
    return _moved(typed, name, number, -1 if verb == "up" else 1)


def _moved(typed: Typed, name: str, number: int, by: int) -> tuple[Typed, str]:
    rows = typed.rows(name)
    to = min(max(number + by, 0), len(rows) - 1)
    rows.insert(to, rows.pop(number))
    return typed.with_rows(name, rows), f"{name}-{to}-{_FIRST[name]}"


def _offset(_typed: Typed, _what: str) -> Typed:
    return Typed((("number", "1"), ("unit", "hours")))


def _condition(typed: Typed, _what: str) -> Typed:
    chosen = typed.first("new_condition")
    field = Field(chosen) if chosen in list(Field) else Field.CLIENT_DOMAIN
    # Of words several are ticked more often than one.
    operator = Operator.IS_ONE_OF if SORTS[field] in (Sort.WORD, Sort.ANSWER) else OPERATORS[SORTS[field]][0]
    return Typed((("joined", AND), ("field", field.value), ("operator", operator.value)))


def _action(_typed: Typed, what: str) -> Typed:
    return starters.fresh(what)


_FRESH: dict[str, Callable[[Typed, str], Typed]] = {"offsets": _offset, "actions": _action, "conditions": _condition}
_FIRST = {"offsets": "number", "actions": "type", "conditions": "operator"}  # what has the focus in a row
