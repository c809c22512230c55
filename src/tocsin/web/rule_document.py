"""A rule as the wire has it, and as the fields of a form: there and back nothing is lost, so nothing changes unasked."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.domain.actions import ActionType
from tocsin.domain.conditions import OPERATORS, SORTS, Field, Operator, Sort
from tocsin.domain.events import TIMED
from tocsin.schemas.rules import RulePatch
from tocsin.web.typed import Pair, Typed

Document = dict[str, Any]

# The fields of each type of action that are texts of one value, in the order of the form.
TEXTS: Mapping[str, tuple[str, ...]] = {
    ActionType.SEND_CALENDAR_INVITE_TO_ANYONE: (
        "email_subject",
        "email_body",
        "calendar_invite_subject",
        "calendar_invite_body",
    ),
    ActionType.SEND_EMAIL: ("email_subject", "email_body"),
    ActionType.CALL_WEBHOOK: ("url",),
}
UNITS = {"minutes": 1, "hours": 60, "days": 1440}
LISTS = (Operator.IS_ONE_OF, Operator.IS_NONE_OF)
BARE = (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY)
# How a row of conditions goes on from the one before. A group that holds one condition alone is known by the last.
AND, OR, GROUP = "and", "or", "one of"

_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_FLAGS = {"true": True, "false": False}
_CONDITION = re.compile(r"conditions\[(\d+)\](?:\.any\[(\d+)\])?(?:\.(.+))?")
_ACTION = re.compile(r"actions\[(\d+)\](?:\.(\w+)(?:\[(\d+)\])?)?")


def typed_of(document: Document) -> Typed:
    """Return the fields of the form that say what `document` says."""
    pairs: list[Pair] = [("name", document["name"]), ("event", document["event"])]
    pairs += [("link", link_id) for link_id in document["meeting_ids"]]
    pairs += [("enabled", "yes")] if document["enabled"] else []
    typed = Typed(tuple(pairs)).with_rows("offsets", map(_offset_row, _listed(document["offset_minutes"])))
    typed = typed.with_rows("conditions", _condition_rows(document["conditions"]))
    return typed.with_rows("actions", map(_action_row, document["actions"]))


def read(typed: Typed) -> Document:
    """Return what the fields of the form say; what is wrong in them is left for the models to tell."""
    event = typed.first("event")
    return {
        "name": typed.first("name"),
        "event": event,
        "meeting_ids": typed.all("link"),
        "actions": [_action(row) for row in typed.rows("actions")],
        "offset_minutes": _offsets(typed.rows("offsets")) if event in TIMED else None,
        "enabled": typed.first("enabled") == "yes",
        "conditions": [group.document for group in groups(typed.rows("conditions"))],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows of conditions of which one is enough; alone a row is no group unless it says so."""

    first: int  # its number among the rows
    rows: tuple[Typed, ...]

    @property
    def document(self) -> Document:
        """The condition as the wire has it."""
        several = [_condition(row) for row in self.rows]
        is_alone = len(several) == 1 and self.rows[0].first("joined") != GROUP
        return several[0] if is_alone else {"any": several}


def groups(rows: Sequence[Typed]) -> list[Group]:
    """Return rows of conditions in their groups."""
    found: list[Group] = []
    for number, row in enumerate(rows):
        if found and row.first("joined") == OR:
            found[-1] = Group(first=found[-1].first, rows=(*found[-1].rows, row))
        else:
            found.append(Group(first=number, rows=(row,)))
    return found


def place(typed: Typed, path: str) -> str:
    """Return the name of the input for which `path` of the document stands; empty if there is none."""
    if path.startswith("meeting_ids"):
        return "link"
    if match := _ACTION.fullmatch(path):
        return f"actions-{match[1]}-{match[2] or 'type'}"
    if match := _CONDITION.fullmatch(path):
        return _condition_place(typed, int(match[1]), int(match[2] or 0), match[3] or "value")
    known = {*RulePatch.model_fields, "past_first", "past_last"}
    return {"offset_minutes": "offsets"}.get(path, path if path in known else "")


def _condition_place(typed: Typed, group: int, row: int, field: str) -> str:
    found = groups(typed.rows("conditions"))
    if group >= len(found):
        return "conditions"
    return f"conditions-{found[group].first + row}-{re.split(r'[.[]', field)[0]}"


def _listed(minutes: int | list[int] | None) -> list[int]:
    return minutes if isinstance(minutes, list) else [] if minutes is None else [minutes]


def _offset_row(minutes: int) -> Typed:
    unit = next(name for name in reversed(UNITS) if name == "minutes" or (minutes and minutes % UNITS[name] == 0))
    return Typed((("number", str(minutes // UNITS[unit])), ("unit", unit)))


def _offsets(rows: Sequence[Typed]) -> Any:
    """Return minutes: one as it is, several as a list; what is no number stays a text, of which the model complains."""
    found = [_minutes(row) for row in rows if row.first("number").strip()]
    return found if len(found) > 1 else next(iter(found), None)


def _minutes(row: Typed) -> int | str:
    number = row.first("number").strip()
    return int(number) * UNITS.get(row.first("unit"), 1) if _NUMBER.fullmatch(number) else number


def _action_row(action: Document) -> Typed:
    pairs = [("type", action["type"]), ("emails", "\n".join(action.get("emails", ())))]
    pairs += [(name, action[name]) for name in TEXTS[action["type"]]]
    pairs += [("keep_in_sync", "yes")] if action.get("keep_in_sync") else []
    return Typed(tuple(pairs))


def _action(row: Typed) -> Document:
    kind = row.first("type")
    texts = {name: row.first(name) for name in TEXTS.get(kind, ())}
    if kind == ActionType.CALL_WEBHOOK:
        return {"type": kind, **texts}
    action: Document = {"type": kind, "emails": row.lines("emails"), **texts}
    if kind == ActionType.SEND_CALENDAR_INVITE_TO_ANYONE:
        action["keep_in_sync"] = row.first("keep_in_sync") == "yes"
    return action


def _condition_rows(conditions: Sequence[Document]) -> Iterator[Typed]:
    for condition in conditions:
        several = condition.get("any", [condition])
        for number, one in enumerate(several):
            joined = OR if number else GROUP if "any" in condition and len(several) == 1 else AND
            yield _condition_row(one, joined)


def _condition_row(condition: Document, joined: str) -> Typed:
    pairs = [("joined", joined), ("field", condition["field"]), ("operator", condition["operator"])]
    pairs += [(name, condition[name]) for name in ("question", "time_zone") if name in condition]
    pairs += [("value", text) for text in _texts(condition.get("value"))]
    return Typed(tuple(pairs))


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return [] if value is None else [str(value).lower() if isinstance(value, bool) else str(value)]


def _condition(row: Typed) -> Document:
    field, operator = row.first("field"), row.first("operator")
    condition: Document = {"field": field, "operator": operator}
    condition |= {name: row.first(name).strip() for name in ("question", "time_zone") if row.first(name).strip()}
    value = _value(field, operator, row.lines("value"))
    return condition if value is None else condition | {"value": value}


def _value(field: str, operator: str, texts: list[str]) -> Any:
    if operator in LISTS:
        return texts
    if operator in BARE and fits(field, operator):
        return None
    text = texts[0] if len(texts) == 1 else texts or ""
    return _of_its_sort(field, text)


def fits(field: str, operator: str) -> bool:
    """Tell whether there is such a field, and whether that can be asked of it."""
    return field in list(Field) and operator in list(OPERATORS[SORTS[Field(field)]])


def _of_its_sort(field: str, text: Any) -> Any:
    sort = SORTS[Field(field)] if field in list(Field) else Sort.TEXT
    if not isinstance(text, str):
        return text
    if sort is Sort.FLAG:
        return _FLAGS.get(text, text)
    return int(text) if sort is Sort.NUMBER and _NUMBER.fullmatch(text) else text
