"""`send_calendar_invite_to_anyone`: a mail with a calendar invite, or with its withdrawal."""

from dataclasses import dataclass
from typing import ClassVar

from tocsin.domain.actions.addressed import Addressed
from tocsin.domain.actions.types import ActionType


@dataclass(frozen=True, slots=True, kw_only=True)
class SendInvite(Addressed):
    """Send a calendar invite to each of `emails`; the other texts are templates.

    With `keep_in_sync`, whoever was invited by this action is told of later changes too, whatever becomes of the rule.
    """

    type: ClassVar[ActionType] = ActionType.SEND_CALENDAR_INVITE_TO_ANYONE
    does: ClassVar[str] = "send each of `emails` a mail with a calendar invite, or with its withdrawal"

    email_subject: str
    email_body: str
    calendar_invite_subject: str
    calendar_invite_body: str
    keep_in_sync: bool = False
