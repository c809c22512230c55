"""`send_calendar_invite_to_anyone` on the wire: the original's only action, and `keep_in_sync` of our own."""

from typing import Annotated, Self

from pydantic import Field, field_validator

from tocsin.domain.actions import SendInvite
from tocsin.domain.actions.types import ActionType
from tocsin.schemas.actions.recipients import Emails, each_once
from tocsin.schemas.fields import HtmlTemplate, Shown, StrictlySent, SubjectTemplate

_OTHERS = " or ".join(one for one in ActionType if one is not SendInvite.type)


class ActionIn(StrictlySent):
    """What a rule does: send a calendar invite to each of `emails`."""

    type: Annotated[str, Field(description=f"{SendInvite.type}; others are for our own routes")]
    emails: Emails
    email_subject: SubjectTemplate
    email_body: HtmlTemplate
    calendar_invite_subject: SubjectTemplate
    calendar_invite_body: HtmlTemplate
    keep_in_sync: bool = False

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        if value != SendInvite.type:
            raise ValueError(f"must be {SendInvite.type}, or {_OTHERS} on the routes that take them (docs/api.md)")
        return value

    def action(self) -> SendInvite:
        """Return the same in our words, each address once."""
        return SendInvite(
            emails=each_once(self.emails),
            email_subject=self.email_subject,
            email_body=self.email_body,
            calendar_invite_subject=self.calendar_invite_subject,
            calendar_invite_body=self.calendar_invite_body,
            keep_in_sync=self.keep_in_sync,
        )


class SendInviteOut(Shown):
    """An action that sends calendar invites, in full."""

    type: str
    emails: list[str]
    email_subject: str
    email_body: str
    calendar_invite_subject: str
    calendar_invite_body: str
    keep_in_sync: bool

    @classmethod
    def of(cls, action: SendInvite) -> Self:
        """Return `action` as it is shown."""
        return cls(
            type=action.type.value,
            emails=list(action.emails),
            email_subject=action.email_subject,
            email_body=action.email_body,
            calendar_invite_subject=action.calendar_invite_subject,
            calendar_invite_body=action.calendar_invite_body,
            keep_in_sync=action.keep_in_sync,
        )
