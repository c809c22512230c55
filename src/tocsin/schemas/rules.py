"""Automation rules on the wire: `workflow` in bodies, `meeting_ids` for links, `offset_minutes` and `enabled` of our own."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from tocsin.domain.conditions import MOST_CONDITIONS
from tocsin.domain.events import OF_RULES, TIMED, EventKind
from tocsin.domain.model import LinkId
from tocsin.domain.rules import MOST_ACTIONS, MOST_LINKS, MOST_OFFSET, MOST_OFFSETS, AutomationRule, RuleDraft
from tocsin.domain.text import complaint
from tocsin.schemas.actions import ActionIn, ActionOut, AnyActionIn, action_out
from tocsin.schemas.conditions import ConditionIn, ConditionOut
from tocsin.schemas.fields import OptionalLine, Shown, StrictlySent
from tocsin.schemas.paging import Pagination

_EVENTS = ", ".join(OF_RULES)


def _link_id(value: str) -> str:
    wrong = complaint(value, limit=64)
    if wrong is not None:
        raise ValueError(wrong)
    return value


def _known_event(value: str) -> str:
    if value not in OF_RULES:
        raise ValueError(f"must be one of {_EVENTS}")
    return value


_Event = Annotated[str, AfterValidator(_known_event), Field(description=f"one of {_EVENTS}")]
LinkIds = Annotated[
    list[Annotated[str, AfterValidator(_link_id)]],
    Field(min_length=1, max_length=MOST_LINKS, description="ids (UUIDs) of scheduling links, not of templates"),
]
_Actions = Annotated[list[ActionIn], Field(min_length=1, max_length=MOST_ACTIONS)]
_AnyActions = Annotated[list[AnyActionIn], Field(min_length=1, max_length=MOST_ACTIONS)]


def _minutes(value: Any) -> Any:
    """Take a number of minutes, or a list of them, as a list of each once."""
    several = value if isinstance(value, list) else [value]
    fit = [one for one in several if isinstance(one, int) and not isinstance(one, bool) and 0 <= one <= MOST_OFFSET]
    if not 1 <= len(several) <= MOST_OFFSETS or fit != several:
        raise ValueError(f"must be a whole number from 0 to {MOST_OFFSET}, or a list of 1 to {MOST_OFFSETS} of them")
    return list(dict.fromkeys(fit))


_NUMBER = {"type": "integer", "minimum": 0, "maximum": MOST_OFFSET}
_Offsets = Annotated[
    list[int],
    BeforeValidator(_minutes),
    WithJsonSchema({"anyOf": [_NUMBER, {"type": "array", "items": _NUMBER, "minItems": 1, "maxItems": MOST_OFFSETS}]}),
]
_Conditions = Annotated[list[ConditionIn], Field(max_length=MOST_CONDITIONS, description="all of them must hold")]


class _Rule(StrictlySent):
    event: _Event
    meeting_ids: LinkIds
    actions: list[Any]
    name: OptionalLine = ""
    offset_minutes: _Offsets | None = None
    enabled: bool = True
    conditions: _Conditions = Field(default_factory=list)

    @field_validator("offset_minutes")
    @classmethod
    def _only_timed(cls, value: list[int] | None, known: ValidationInfo) -> list[int] | None:
        if value is not None and known.data.get("event", next(iter(TIMED))) not in TIMED:
            raise ValueError("is only for before_meeting_starts and after_meeting_ends; leave it out")
        return value

    def draft(self) -> RuleDraft:
        """Return the same in our words, each link once."""
        return RuleDraft(
            name=self.name,
            event=EventKind(self.event),
            link_ids=tuple(LinkId(link_id) for link_id in dict.fromkeys(self.meeting_ids)),
            actions=tuple(action.action() for action in self.actions),
            enabled=self.enabled,
            offsets=tuple(timedelta(minutes=one) for one in self.offset_minutes or []),
            conditions=tuple(condition.condition() for condition in self.conditions),
        )


class RuleIn(_Rule):
    """An automation rule as the original knows it, and with what is ours beside its action."""

    actions: _Actions


class FullRuleIn(_Rule):
    """An automation rule with any of our actions."""

    actions: _AnyActions


class RulePatch(StrictlySent):
    """What to change of an automation rule; what is left out stays as it is."""

    event: _Event | None = None
    meeting_ids: LinkIds | None = None
    actions: _AnyActions | None = None
    name: OptionalLine = ""
    offset_minutes: _Offsets | None = None
    enabled: bool | None = None
    conditions: _Conditions | None = None


def patched(rule: AutomationRule, sent: dict[str, object]) -> dict[str, Any]:
    """Return the body that would make `rule` what it is, with what was sent in the place of its own fields."""
    shown = body_of(rule)
    changes = {name: value for name, value in sent.items() if value is not None}
    if changes.get("event", rule.event.value) != rule.event.value:
        del shown["offset_minutes"]  # it belongs to the former event
    return shown | changes


def body_of(rule: AutomationRule) -> dict[str, Any]:
    """Return the body that would make a rule what `rule` is."""
    return FullRuleOut.of(rule).model_dump(mode="json", include=set(RulePatch.model_fields))


class RuleOut(Shown):
    """A rule as the original shows it: nothing but this."""

    id: str
    name: str
    meeting_ids: list[str]

    @classmethod
    def of(cls, rule: AutomationRule) -> Self:
        """Return `rule` as it is shown."""
        return cls(id=rule.id, name=rule.name, meeting_ids=list(rule.link_ids))


class FullRuleOut(Shown):
    """A rule in full: ours."""

    id: str
    name: str
    meeting_ids: list[str]
    event: str
    actions: list[ActionOut]
    enabled: bool
    offset_minutes: int | list[int] | None
    conditions: list[ConditionOut]
    revision: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, rule: AutomationRule) -> Self:
        """Return `rule` in full."""
        return cls(
            id=rule.id,
            name=rule.name,
            meeting_ids=list(rule.link_ids),
            event=rule.event.value,
            actions=[action_out(action) for action in rule.actions],
            enabled=rule.enabled,
            offset_minutes=_shown_offsets(rule),
            conditions=[ConditionOut.of(one) for one in rule.conditions],
            revision=rule.revision,
            created_at=rule.created_at,
            updated_at=rule.updated_at,
        )


class RuleAnswer(Shown):
    """The answer to create."""

    workflow: RuleOut


class FullRuleAnswer(Shown):
    """The answer to show."""

    workflow: FullRuleOut


class RulesAnswer(Shown):
    """The answer to list."""

    workflows: list[RuleOut]
    pagination: Pagination


def _shown_offsets(rule: AutomationRule) -> int | list[int] | None:
    minutes = [offset // timedelta(minutes=1) for offset in rule.offsets]
    return minutes if len(minutes) > 1 else next(iter(minutes), None)
