"""How an automation rule stands in columns: its actions and conditions as JSON."""

import json
from dataclasses import asdict
from datetime import timedelta
from functools import lru_cache
from typing import Any

from tocsin.domain.actions import ACTIONS, Action
from tocsin.domain.actions.types import ActionType
from tocsin.domain.conditions import AnyOf, Condition, Field, Operator
from tocsin.domain.events import EventKind
from tocsin.domain.model import LinkId
from tocsin.domain.rules import AutomationRule, RuleId
from tocsin.storage.columns import Row, as_json, instant, micros

_LONG = 16_384  # characters; longer ones are read anew each time


def values_of(rule: AutomationRule) -> dict[str, object]:
    """Return a rule as it stands in the columns of its tables, but for its links."""
    seconds = [int(offset.total_seconds()) for offset in rule.offsets]
    return {
        "id": rule.id,
        "revision": rule.revision,
        "name": rule.name,
        "event": rule.event.value,
        "enabled": rule.enabled,
        "offset_s": seconds[0] if seconds else None,
        "more_offsets_s": as_json(seconds[1:]),
        "actions": as_json([{"type": action.type.value, **asdict(action)} for action in rule.actions]),
        "conditions": as_json([_condition_json(condition) for condition in rule.conditions]),
        "created_at": micros(rule.created_at),
        "updated_at": micros(rule.updated_at),
    }


def rule_of(row: Row, link_ids: tuple[LinkId, ...]) -> AutomationRule:
    """Return the rule of a row."""
    return AutomationRule(
        id=RuleId(row["id"]),
        revision=row["revision"],
        name=row["name"],
        event=EventKind(row["event"]),
        link_ids=link_ids,
        actions=actions_of(row["actions"]),
        conditions=conditions_of(row["conditions"]),
        enabled=bool(row["enabled"]),
        offsets=offsets_of(row),
        created_at=instant(row["created_at"]),
        updated_at=instant(row["updated_at"]),
    )


def offsets_of(row: Row) -> tuple[timedelta, ...]:
    """Return the offsets of a rule in a row, the longest first."""
    if row["offset_s"] is None:
        return ()
    return tuple(timedelta(seconds=one) for one in [row["offset_s"], *json.loads(row["more_offsets_s"])])


@lru_cache(maxsize=128)  # asked for once for each delivery, as the actions are
def conditions_of(text: str) -> tuple[Condition | AnyOf, ...]:
    """Return the conditions in a column."""
    return tuple(
        AnyOf(conditions=tuple(map(_condition, one["any"]))) if "any" in one else _condition(one)
        for one in json.loads(text)
    )


def _condition(read: dict[str, Any]) -> Condition:
    value = read.get("value")
    return Condition(
        field=Field(read["field"]),
        operator=Operator(read["operator"]),
        value=tuple(value) if isinstance(value, list) else value,
        question=read.get("question", ""),
        time_zone=read.get("time_zone", ""),
    )


def _condition_json(condition: Condition | AnyOf) -> dict[str, object]:
    if isinstance(condition, AnyOf):
        return {"any": [_condition_json(one) for one in condition.conditions]}
    return asdict(condition)


def actions_of(text: str) -> tuple[Action, ...]:
    """Return the actions in a column."""
    return (_read if len(text) > _LONG else _kept)(text)


def _read(text: str) -> tuple[Action, ...]:
    return tuple(_action(**action) for action in json.loads(text))


def _action(*, type: str, **fields: Any) -> Action:  # noqa: A002  the name that it has in the column
    if "emails" in fields:
        fields["emails"] = tuple(fields["emails"])
    return ACTIONS[ActionType(type)](**fields)


# A rule writes to many, and a batch of deliveries asks for its actions once for each.
_kept = lru_cache(maxsize=128)(_read)
