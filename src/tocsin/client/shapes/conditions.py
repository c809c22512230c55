"""Conditions: shapes of the API, written by `make reference`."""

from typing import Any, NotRequired, TypedDict


class ConditionIn(TypedDict):
    """What must hold when a message is about to be sent: one condition, or a group of which one is enough."""

    any: "NotRequired[list[ConditionIn] | None]"
    field: NotRequired[str]
    operator: NotRequired[str]
    question: NotRequired[str]
    time_zone: NotRequired[str | None]
    value: NotRequired[Any]


class Condition(TypedDict):
    """A condition, or a group; it shows what was sent, and nothing else."""

    any: "NotRequired[list[Condition] | None]"
    field: NotRequired[str | None]
    operator: NotRequired[str | None]
    question: NotRequired[str | None]
    time_zone: NotRequired[str | None]
    value: NotRequired[str | int | bool | list[str] | None]
