"""What changed of a rule, for people: field by field, what was there and what is there now, with only the words that differ."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tocsin.domain.rules import AutomationRule
from tocsin.schemas import differences
from tocsin.schemas.differences import ChangedField
from tocsin.web import rule_form, rule_words
from tocsin.web.rule_document import place
from tocsin.web.typed import Typed

# Each with the blanks behind it: there are so many of them that comparing them by themselves takes long and says nothing.
_WORD = re.compile(r"(?:\{\{[^{}]*\}\}|<[^<>]*>|\w+|[^\w\s])\s*|\s+")
_MOST_PARTS = 600  # that are compared one by one: it takes time with the square of them
_AROUND = 60  # characters of what stayed that are shown beside what did not
_NONE = "nothing"
_EMPTY = {"None", "[]"}  # no rows, and the place where there were some


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: `same`, `old` (it is gone) or `new`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that differs."""

    label: str
    pieces: Sequence[Piece]


def changes_of(old: AutomationRule | None, new: AutomationRule | None, links: Mapping[Any, str]) -> list[Change]:
    """Return in what a rule differs from what it was, `links` being the names of links by id."""
    if old is None or new is None:
        return []
    found = differences.between(old, new)
    fields = [
        one for one in found if not one.field.startswith("conditions") and not {str(one.old), str(one.new)} <= _EMPTY
    ]
    shown = [_change(one, links) for one in fields]
    if any(one.field.startswith("conditions") for one in found):
        shown.append(
            Change(label="Conditions", pieces=_lines(*(map(rule_words.asked, one.conditions) for one in (old, new))))
        )
    return shown


def compared(old: str, new: str) -> list[Piece]:
    """Return the words of two texts: what stayed, what is gone, what is new."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    if max(len(before), len(after)) > _MOST_PARTS:
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if max(len(before), len(after)) > _MOST_PARTS:
        return [Piece("old", old), Piece("new", new)]
    return _shortened(list(_pieces(before, after)))


def _pieces(before: Sequence[str], after: Sequence[str]) -> Iterator[Piece]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, from_old, to_old, from_new, to_new in matcher.get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(before[from_old:to_old]))
            continue
        if to_old > from_old:
            yield Piece("old", "".join(before[from_old:to_old]))
        if to_new > from_new:
            yield Piece("new", "".join(after[from_new:to_new]))


def _shortened(pieces: list[Piece]) -> list[Piece]:
    """Return pieces without the middle of what stayed."""
    last = len(pieces) - 1
    return [
        _cut(one, has_before=number > 0, has_after=number < last) if one.kind == "same" else one
        for number, one in enumerate(pieces)
    ]


def _cut(piece: Piece, *, has_before: bool, has_after: bool) -> Piece:
    head, tail = _AROUND if has_before else 0, _AROUND if has_after else 0
    if len(piece.text) <= head + tail + 3:
        return piece
    return Piece("same", f"{piece.text[:head]} … {piece.text[len(piece.text) - tail :]}")


def _lines(old: Iterable[str], new: Iterable[str]) -> list[Piece]:
    before, after = [f"{one}\n" for one in old], [f"{one}\n" for one in new]
    return list(_pieces(before, after)) if before or after else []


def _change(changed: ChangedField, links: Mapping[Any, str]) -> Change:
    return Change(
        label=rule_form.label(place(Typed(), changed.field)),
        pieces=_difference(changed, _words_of(changed.field, links)),
    )


def _difference(changed: ChangedField, words: Callable[[Any], str]) -> list[Piece]:
    old, new = changed.old, changed.new
    if isinstance(old, list) or isinstance(new, list):
        return _lines(map(words, _listed(old)), map(words, _listed(new)))
    if isinstance(old, str) and isinstance(new, str) and words is _plain:
        return compared(old, new)
    return [Piece("old", words(old)), Piece("new", words(new))]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _words_of(path: str, links: Mapping[Any, str]) -> Callable[[Any], str]:
    """Return how the values of a field are said."""
    if path == "meeting_ids":
        return lambda link_id: links.get(link_id, "a link that is gone")
    if path == "offset_minutes":
        return lambda minutes: _NONE if minutes is None else rule_words.span(timedelta(minutes=minutes))
    if path == "event":
        return lambda event: rule_words.HAPPENS[event]
    return (lambda kind: rule_words.DOES.get(kind, _NONE)) if path.endswith("].type") else _plain


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return _NONE if value is None else str(value)
