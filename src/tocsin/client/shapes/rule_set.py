"""Rule set: shapes of the API, written by `make reference`."""

from typing import Any, Literal, NotRequired, TypedDict

from tocsin.client.shapes.actions import ActionIn, CallWebhookIn, SendEmailIn
from tocsin.client.shapes.conditions import ConditionIn
from tocsin.client.shapes.differences import ChangedField


class RuleSetEntry(TypedDict):
    """One automation rule of a set: as it is asked for, but that it can name its scheduling links by their slugs."""

    event: str
    meetings: list[str]
    actions: list[ActionIn | SendEmailIn | CallWebhookIn]
    name: NotRequired[str]
    offset_minutes: NotRequired[int | list[int] | None]
    enabled: NotRequired[bool]
    conditions: NotRequired[list[ConditionIn]]


class RuleSet(TypedDict):
    """All automation rules of a workspace, as they can be sent again; fields that have their default are left out."""

    version: int
    rules: list[dict[str, Any]]


class RuleStep(TypedDict):
    """What becomes of one rule: `create`, `change` or `delete`. A rule that is yet to be created has no id."""

    change: str
    id: str | None
    name: str
    event: str
    fields: list[ChangedField]


class RuleSetChange(TypedDict):
    """A set to be applied."""

    version: Literal[1]
    rules: list[RuleSetEntry]
    fingerprint: NotRequired[str]


class RuleSetIn(TypedDict):
    """All automation rules of a workspace. Those that are not in it are deleted."""

    version: Literal[1]
    rules: list[RuleSetEntry]


class RuleSetPlan(TypedDict):
    """What a set would change, or has changed. Rules that stay as they are are only counted."""

    fingerprint: str
    to_create: int
    to_change: int
    to_delete: int
    unchanged: int
    steps: list[RuleStep]


class RuleSetPlanAnswer(TypedDict):
    """The answer to plan and to apply."""

    plan: RuleSetPlan
