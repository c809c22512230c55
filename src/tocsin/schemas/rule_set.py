"""All rules of a workspace as one document, and the plan of what it would change: ours.

The same document is the body of a request, a YAML file of `tocsin rules`, and what docs/rules.schema.json describes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, Field

from tocsin.domain import conditions
from tocsin.domain.actions import SendInvite
from tocsin.domain.conditions import Operator
from tocsin.domain.events import OF_RULES
from tocsin.domain.model import LinkId
from tocsin.domain.rule_set import MOST_RULES, Change, Step
from tocsin.domain.rules import AutomationRule, RuleDraft, RuleId
from tocsin.schemas.actions import ActionIn
from tocsin.schemas.differences import ChangedField, changes
from tocsin.schemas.fields import Shown, StrictlySent, plain
from tocsin.schemas.rules import FullRuleIn, FullRuleOut, LinkIds
from tocsin.services.rule_set import RuleSetPlan

VERSION = 1
Wire = dict[str, Any]
Names = Mapping[LinkId, str]
_NEVER = datetime.fromtimestamp(0, UTC)


def _known_version(value: int) -> int:
    if value != VERSION:
        raise ValueError(f"must be {VERSION}, the only form that is known here")
    return value


class RuleSetEntry(FullRuleIn):
    """One automation rule of a set: as it is asked for, but that it can name its scheduling links by their slugs."""

    meeting_ids: LinkIds = Field(alias="meetings", description="slugs of scheduling links, or their ids")


class RuleSetIn(StrictlySent):
    """All automation rules of a workspace. Those that are not in it are deleted."""

    version: Annotated[
        int, AfterValidator(_known_version), Field(description="of this form", json_schema_extra={"const": 1})
    ]
    rules: Annotated[list[RuleSetEntry], Field(max_length=MOST_RULES)]

    def drafts(self) -> list[RuleDraft]:
        """Return the rules in our words; their links are named as they were sent, by slug or id."""
        return [rule.draft() for rule in self.rules]


class RuleSetChange(RuleSetIn):
    """A set to be applied."""

    fingerprint: Annotated[
        str,
        Field(max_length=64, description="of the plan that was looked at; without it nobody need have looked"),
        plain,
    ] = ""


class RuleSetOut(Shown):
    """All automation rules of a workspace, as they can be sent again; fields that have their default are left out."""

    version: int
    rules: list[dict[str, Any]]

    @classmethod
    def of(cls, rules: Iterable[AutomationRule], names: Names) -> Self:
        """Return `rules` by name; their order does not depend on the workspace in which they are."""
        entries = [_entry(rule.draft, names) for rule in rules]
        return cls(version=VERSION, rules=sorted(entries, key=lambda one: (one["name"], one["event"], repr(one))))


class RuleStepOut(Shown):
    """What becomes of one rule: `create`, `change` or `delete`. A rule that is yet to be created has no id."""

    change: str
    id: str | None
    name: str
    event: str
    fields: list[ChangedField]


class RuleSetPlanOut(Shown):
    """What a set would change, or has changed. Rules that stay as they are are only counted."""

    fingerprint: str
    to_create: int
    to_change: int
    to_delete: int
    unchanged: int
    steps: list[RuleStepOut]

    @classmethod
    def of(cls, plan: RuleSetPlan) -> Self:
        """Return `plan` as it is shown."""
        count = {change: sum(step.change is change for step in plan.steps) for change in Change}
        return cls(
            fingerprint=plan.fingerprint,
            to_create=count[Change.CREATE],
            to_change=count[Change.CHANGE],
            to_delete=count[Change.DELETE],
            unchanged=count[Change.KEEP],
            steps=[_step(step, plan.names) for step in plan.steps if step.change is not Change.KEEP],
        )


class RuleSetPlanAnswer(Shown):
    """The answer to plan and to apply."""

    plan: RuleSetPlanOut


def schema() -> Wire:
    """Return the JSON Schema of a set, with all words that a field can be, so that editors can complete them."""
    found: Wire = RuleSetIn.model_json_schema()
    words: dict[str, Iterable[str]] = {
        "event": OF_RULES,
        "type": [SendInvite.type],
        "field": conditions.Field,
        "operator": Operator,
    }
    for model in found["$defs"].values():
        for name, one in model["properties"].items():
            if name in words and one.get("type") == "string":
                one["enum"] = [str(word) for word in words[name]]
                one.pop("default", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": "Automation rules of Tocsin"}


def _step(step: Step, names: Names) -> RuleStepOut:
    new = None if step.draft is None else _entry(step.draft, names)
    old = None if step.rule is None or step.change is Change.CREATE else _entry(step.rule.draft, names)
    return RuleStepOut(
        change=step.change.value,
        id=None if step.rule is None else step.rule.id,
        name=step.name,
        event=(step.draft or step.rule).event.value,  # type: ignore[union-attr]  # each step has one of them
        fields=[] if new is None else [one for one in changes(old, new) if old or one.field not in {"name", "event"}],
    )


def _entry(draft: RuleDraft, names: Names) -> Wire:
    """Return what somebody would have to say for such a rule: no ids, no times, nothing that goes without saying."""
    said = {one.name: getattr(draft, one.name) for one in fields(draft)}
    rule = AutomationRule(id=RuleId(""), revision=0, created_at=_NEVER, updated_at=_NEVER, **said)
    wire = _without_defaults(
        FullRuleIn, FullRuleOut.of(rule).model_dump(mode="json", include=set(FullRuleIn.model_fields))
    )
    wire["actions"] = [_without_defaults(ActionIn, action) for action in wire["actions"]]
    links: Sequence[LinkId] = wire.pop("meeting_ids")
    first = {"name": wire.pop("name"), "event": wire.pop("event"), "meetings": [names.get(one, one) for one in links]}
    last = {"actions": wire.pop("actions")}
    return first | wire | last


def _without_defaults(model: type[BaseModel], values: Wire) -> Wire:
    defaults = {
        name: field.get_default(call_default_factory=True)
        for name, field in model.model_fields.items()
        if not field.is_required()
    }
    return {
        name: value
        for name, value in values.items()
        if name == "name" or not (name in defaults and defaults[name] == value)
    }
