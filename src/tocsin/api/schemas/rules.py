"""Automation rules on the wire: `workflow` in bodies, `meeting_ids` for links, `offset_minutes` and `enabled` of our own."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from tocsin.api.schemas.fields import HtmlTemplate, OptionalLine, Shown, StrictlySent, SubjectTemplate
from tocsin.api.schemas.paging import Pagination
from tocsin.domain.events import TIMED, EventKind
from tocsin.domain.model import LinkId
from tocsin.domain.rules import (
    CLIENT_EMAIL,
    HOST_EMAIL,
    MOST_ACTIONS,
    MOST_EMAILS,
    MOST_LINKS,
    MOST_OFFSET,
    Action,
    ActionType,
    AutomationRule,
    RuleDraft,
    recipient_key,
)
from tocsin.domain.templates import Variable, parse
from tocsin.domain.text import LINE_LENGTH, complaint
from tocsin.formats import addresses

_EVENTS = ", ".join(EventKind)
_TYPES = ", ".join(ActionType)


def _recipient(value: str) -> str:
    pieces = list(parse(value.strip()))
    if len(pieces) == 1 and isinstance(pieces[0], Variable):
        entry = f"{{{{{pieces[0].name}}}}}"
        if entry in (CLIENT_EMAIL, HOST_EMAIL):
            return entry
        raise ValueError(f"of variables only {CLIENT_EMAIL} and {HOST_EMAIL} can be recipients")
    wrong = complaint(value, limit=LINE_LENGTH) or addresses.complaint(value.strip())
    if wrong is not None:
        raise ValueError(wrong)
    return addresses.normal(value.strip())


def _link_id(value: str) -> str:
    wrong = complaint(value, limit=64)
    if wrong is not None:
        raise ValueError(wrong)
    return value


class ActionIn(StrictlySent):
    """What a rule does: send a calendar invite to each of `emails`."""

    type: Annotated[str, Field(description=f"one of {_TYPES}")]
    emails: Annotated[list[Annotated[str, AfterValidator(_recipient)]], Field(min_length=1, max_length=MOST_EMAILS)]
    email_subject: SubjectTemplate
    email_body: HtmlTemplate
    calendar_invite_subject: SubjectTemplate
    calendar_invite_body: HtmlTemplate
    keep_in_sync: bool = False

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        if value not in list(ActionType):
            raise ValueError(f"must be {_TYPES}")
        return value

    @field_validator("keep_in_sync")
    @classmethod
    def _not_yet(cls, value: bool) -> bool:  # noqa: FBT001  pydantic calls it
        if value:
            raise ValueError("is not supported by this version yet; leave it out or send false")
        return value

    def action(self) -> Action:
        """Return the same in our words, each address once."""
        once: dict[str, str] = {}
        for email in self.emails:
            once.setdefault(recipient_key(email), email)
        return Action(
            type=ActionType(self.type),
            emails=tuple(once.values()),
            email_subject=self.email_subject,
            email_body=self.email_body,
            calendar_invite_subject=self.calendar_invite_subject,
            calendar_invite_body=self.calendar_invite_body,
        )


class RuleIn(StrictlySent):
    """An automation rule as it is asked for."""

    event: Annotated[str, Field(description=f"one of {_EVENTS}")]
    meeting_ids: Annotated[
        list[Annotated[str, AfterValidator(_link_id)]],
        Field(min_length=1, max_length=MOST_LINKS, description="ids (UUIDs) of scheduling links, not of templates"),
    ]
    actions: Annotated[list[ActionIn], Field(min_length=1, max_length=MOST_ACTIONS)]
    name: OptionalLine = ""
    offset_minutes: Annotated[int, Field(ge=0, le=MOST_OFFSET)] | None = None
    enabled: bool = True

    @field_validator("event")
    @classmethod
    def _known_event(cls, value: str) -> str:
        if value not in list(EventKind):
            raise ValueError(f"must be one of {_EVENTS}")
        return value

    @field_validator("offset_minutes")
    @classmethod
    def _only_timed(cls, value: int | None, known: ValidationInfo) -> int | None:
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
            offset=None if self.offset_minutes is None else timedelta(minutes=self.offset_minutes),
        )


class RuleOut(Shown):
    """A rule as the original shows it: nothing but this."""

    id: str
    name: str
    meeting_ids: list[str]

    @classmethod
    def of(cls, rule: AutomationRule) -> Self:
        """Return `rule` as it is shown."""
        return cls(id=rule.id, name=rule.name, meeting_ids=list(rule.link_ids))


class ActionOut(Shown):
    """An action in full."""

    type: str
    emails: list[str]
    email_subject: str
    email_body: str
    calendar_invite_subject: str
    calendar_invite_body: str
    keep_in_sync: bool = False


class FullRuleOut(Shown):
    """A rule in full: ours."""

    id: str
    name: str
    meeting_ids: list[str]
    event: str
    actions: list[ActionOut]
    enabled: bool
    offset_minutes: int | None
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
            actions=[_action_out(action) for action in rule.actions],
            enabled=rule.enabled,
            offset_minutes=None if rule.offset is None else int(rule.offset.total_seconds() // 60),
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


def _action_out(action: Action) -> ActionOut:
    return ActionOut(
        type=action.type.value,
        emails=list(action.emails),
        email_subject=action.email_subject,
        email_body=action.email_body,
        calendar_invite_subject=action.calendar_invite_subject,
        calendar_invite_body=action.calendar_invite_body,
    )
