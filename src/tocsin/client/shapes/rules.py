"""Rules: shapes of the API, written by `make reference`."""

from typing import NotRequired, TypedDict

from tocsin.client.shapes.actions import ActionIn, CallWebhook, CallWebhookIn, SendEmail, SendEmailIn, SendInvite
from tocsin.client.shapes.conditions import Condition, ConditionIn
from tocsin.client.shapes.paging import Pagination


class FullRuleIn(TypedDict):
    """An automation rule with any of our actions."""

    event: str
    meeting_ids: list[str]
    actions: list[ActionIn | SendEmailIn | CallWebhookIn]
    name: NotRequired[str]
    offset_minutes: NotRequired[int | list[int] | None]
    enabled: NotRequired[bool]
    conditions: NotRequired[list[ConditionIn]]


class FullRule(TypedDict):
    """A rule in full: ours."""

    id: str
    name: str
    meeting_ids: list[str]
    event: str
    actions: list[SendInvite | SendEmail | CallWebhook]
    enabled: bool
    offset_minutes: int | list[int] | None
    conditions: list[Condition]
    revision: int
    created_at: str
    updated_at: str


class RuleIn(TypedDict):
    """An automation rule as the original knows it, and with what is ours beside its action."""

    event: str
    meeting_ids: list[str]
    actions: list[ActionIn]
    name: NotRequired[str]
    offset_minutes: NotRequired[int | list[int] | None]
    enabled: NotRequired[bool]
    conditions: NotRequired[list[ConditionIn]]


class Rule(TypedDict):
    """A rule as the original shows it: nothing but this."""

    id: str
    name: str
    meeting_ids: list[str]


class RulePatch(TypedDict):
    """What to change of an automation rule; what is left out stays as it is."""

    event: NotRequired[str | None]
    meeting_ids: NotRequired[list[str] | None]
    actions: NotRequired[list[ActionIn | SendEmailIn | CallWebhookIn] | None]
    name: NotRequired[str]
    offset_minutes: NotRequired[int | list[int] | None]
    enabled: NotRequired[bool | None]
    conditions: NotRequired[list[ConditionIn] | None]


class FullRuleAnswer(TypedDict):
    """The answer to show."""

    workflow: FullRule


class RuleAnswer(TypedDict):
    """The answer to create."""

    workflow: Rule


class RulesAnswer(TypedDict):
    """The answer to list."""

    workflows: list[Rule]
    pagination: Pagination
