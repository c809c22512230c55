"""The form of a rule as it is shown: choices with their words, rows, and every problem at its own input."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.domain.conditions import ASK_A_QUESTION, IN_A_ZONE, OPERATORS, SORTS, WORDS, Field, Operator, Sort
from tocsin.domain.errors import Problem
from tocsin.domain.text import one_line
from tocsin.services.ports import Transaction
from tocsin.web import rule_words
from tocsin.web.rule_document import place
from tocsin.web.typed import Typed

MOST_LINKS_SHOWN = 100  # beside those that are chosen
_PART = re.compile(r"(offsets|actions|conditions)-(\d+)-([a-z_]+)", re.ASCII)
_LIST_PART = re.compile(r"actions\[\d+\]\.emails\[(\d+)\]", re.ASCII)
_LABELS = {
    "name": "Name",
    "event": "What happens",
    "link": "Scheduling links",
    "offsets": "Times",
    "actions": "What it does",
    "conditions": "Conditions",
    "type": "What it does",
    "emails": "Recipients",
    "email_subject": "Subject of the mail",
    "email_body": "Mail",
    "calendar_invite_subject": "Title of the calendar entry",
    "calendar_invite_body": "Notes of the calendar entry",
    "url": "Address of the webhook",
    "operator": "How",
    "value": "Value",
    "question": "Question",
    "time_zone": "Time zone",
    "keep_in_sync": "Kept in sync",
    "enabled": "On or off",
    "past_first": "First day",
    "past_last": "Last day",
}
_ROWS = {"offsets": "Time", "actions": "Action", "conditions": "Condition"}
# What the models say of an empty list is right and says nothing to somebody who sees a form.
_EMPTY = {
    "link": "choose at least one",
    "emails": "write at least one, with Enter after each",
    "actions": "add at least one",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A problem where it is told on top: the input that it is about, what that is called, and what would be right."""

    anchor: str
    label: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The links to choose from: those that are chosen first, in their order. `more` are found by searching alone."""

    shown: Sequence[Choice]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionRow:
    """A condition with what can be asked of its field. `words` are the values there are; without any, one writes them."""

    typed: Typed
    label: str
    operators: Sequence[Choice]
    words: Sequence[Choice]
    is_number: bool
    asks_a_question: bool
    is_in_a_zone: bool


def links_of(tx: Transaction, typed: Typed) -> Links:
    """Return the links to choose from, as far as what is searched for leaves them."""
    chosen = list(dict.fromkeys(typed.all("link")))
    names = {link.id: link.name for link in tx.links.named(one for one in chosen if one.isprintable())}
    search = one_line(typed.first("link_search")).strip()
    found, total = tx.links.page(templates=False, search=search, host_email="", limit=MOST_LINKS_SHOWN, offset=0)
    shown = [Choice(value=one, label=_name(names, one), is_chosen=True) for one in chosen]
    shown += [Choice(value=one.id, label=one.name, is_chosen=False) for one in found if one.id not in chosen]
    return Links(shown=shown, more=max(0, total - len(found)))


def condition_rows(typed: Typed) -> list[ConditionRow]:
    """Return the rows of conditions with the choices that each has."""
    return [_condition_row(row) for row in typed.rows("conditions")]


def choices(words: Mapping[Any, str], chosen: str) -> list[Choice]:
    """Return choices in the order of `words`."""
    return [Choice(value=str(value), label=label, is_chosen=value == chosen) for value, label in words.items()]


def told(typed: Typed, problems: Iterable[Problem]) -> tuple[list[Told], dict[str, str]]:
    """Return each problem as it is told on top, and all by the name of their input."""
    summary, by_input = [], dict[str, list[str]]()
    for problem in problems:
        anchor = place(typed, problem.field)
        sentence = _sentence(typed, problem, anchor)
        summary.append(Told(anchor=anchor, label=label(anchor) or problem.field, sentence=sentence))
        by_input.setdefault(anchor, []).append(sentence)
    return summary, {anchor: "; ".join(sentences) for anchor, sentences in by_input.items()}


def _name(names: Mapping[Any, str], link_id: str) -> str:
    return names.get(link_id, "a link that is gone")


def _condition_row(row: Typed) -> ConditionRow:
    known = row.first("field")
    field = Field(known) if known in list(Field) else Field.CLIENT_DOMAIN
    sort, operator = SORTS[field], row.first("operator")
    return ConditionRow(
        typed=row,
        label=rule_words.LOOKS_AT[field],
        operators=[Choice(value=one, label=_asks(one), is_chosen=one == operator) for one in OPERATORS[sort]],
        words=_words(row, field),
        is_number=sort is Sort.NUMBER,
        asks_a_question=field in ASK_A_QUESTION,
        is_in_a_zone=field in IN_A_ZONE,
    )


def _words(row: Typed, field: Field) -> list[Choice]:
    """Return the values to tick, unless what is ticked has another order or comes twice: then it is written as it is."""
    words = [str(one) for one in WORDS[field]] if field in WORDS else ["true", "false"]
    chosen = row.lines("value")
    if (field not in WORDS and SORTS[field] is not Sort.FLAG) or chosen != [one for one in words if one in chosen]:
        return []
    labels = {"true": "yes", "false": "no"}
    return [Choice(value=one, label=labels.get(one, one.replace("_", " ")), is_chosen=one in chosen) for one in words]


def _asks(operator: Operator) -> str:
    return rule_words.ASKS.get(operator, operator.value.replace("_", " "))


def label(anchor: str) -> str:
    """Return what people call an input; empty if there is none of that name."""
    match = _PART.fullmatch(anchor)
    if match is None:
        return _LABELS.get(anchor, "")
    return f"{_ROWS[match[1]]} {int(match[2]) + 1}, {_LABELS.get(match[3], match[3]).lower()}"


def _sentence(typed: Typed, problem: Problem, anchor: str) -> str:
    entry, part = _LIST_PART.fullmatch(problem.field), _PART.fullmatch(anchor)
    if entry is not None and part is not None:
        lines = typed.rows("actions")[int(part[2])].lines("emails")
        return f"“{lines[int(entry[1])]}” {problem.message}"
    is_empty = problem.message.startswith("must have at least")
    return _EMPTY.get(part[3] if part else anchor, problem.message) if is_empty else problem.message
