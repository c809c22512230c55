"""A plan as people read it: a sign for each rule, the fields that change, and a last line that counts."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tocsin.client import RuleSetPlan, RuleStep

Line = tuple[str, str]  # its colour, or none, and its text

_SIGNS = {"create": ("+", "green"), "change": ("~", "yellow"), "replace": ("±", "yellow"), "delete": ("-", "red")}
_SHORT = 60  # characters that still fit beside others in a line
_LONG = 300
_BETWEEN_TAGS = re.compile(r"(?<=>)(?=<(?!/))|\n")


def lines(plan: RuleSetPlan, *, caveats: Sequence[str] = ()) -> Iterator[Line]:
    """Yield a plan line by line."""
    for caveat in caveats:
        yield "", caveat
    if caveats:
        yield "", ""
    for step in plan.steps:
        yield from _step(step)
        yield "", ""
    yield "bold", summary(plan)


def summary(plan: RuleSetPlan) -> str:
    """Return the last line."""
    if not plan.steps:
        rules = {0: "There are no rules, as", 1: "1 rule is as"}.get(plan.unchanged, f"{plan.unchanged} rules are as")
        return f"No changes. {rules} the file says."
    return f"Plan: {plan.to_create} to create, {plan.to_change} to change, {plan.to_delete} to delete."


def done(plan: RuleSetPlan) -> str:
    """Return what to say when a plan was applied."""
    return f"Applied: {plan.to_create} created, {plan.to_change} changed, {plan.to_delete} deleted."


def as_data(plan: RuleSetPlan, *, caveats: Sequence[str] = ()) -> str:
    """Return a plan as JSON."""
    return json.dumps(asdict(plan) | ({"caveat": " ".join(caveats)} if caveats else {}), indent=2)


def _step(step: RuleStep) -> Iterator[Line]:
    sign, colour = _SIGNS[step.change]
    event = f"  ({step.event})" if step.event else ""
    yield colour, _safe(f"{sign} {step.name or 'a rule without a name'}{event}")
    for one in step.fields:
        yield from _field(one, is_new=step.change == "create")


def _field(one: Mapping[str, Any], *, is_new: bool) -> Iterator[Line]:
    name, old, new = one["field"], one["old"], one["new"]
    if is_new:
        yield "", _safe(f"    {name}: {_cut(_value(new))}")
    elif _is_long(old) or _is_long(new):
        yield "", _safe(f"    {name}:")
        yield from _difference(old, new)
    else:
        yield "", _safe(f"    {name}: {_value(old)} → {_value(new)}")


def _difference(old: Any, new: Any) -> Iterator[Line]:
    found = list(difflib.unified_diff(_pieces(old), _pieces(new), lineterm="", n=1))
    for line in found[3:]:  # without the names of files and the first place
        colour = {"+": "green", "-": "red"}.get(line[0], "")
        yield colour, "      …" if line.startswith("@@") else _safe(f"      {_cut(line)}")


def _pieces(value: Any) -> list[str]:
    if value is None:
        return []
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return [piece for piece in _BETWEEN_TAGS.split(text) if piece]


def _is_long(value: Any) -> bool:
    return (isinstance(value, str) and (len(value) > _SHORT or "\n" in value)) or len(_value(value)) > _LONG


def _value(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def _safe(text: str) -> str:
    """Return `text` with what could move the cursor or hide a word written out."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
