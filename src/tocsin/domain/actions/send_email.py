"""`send_email`: a mail, and nothing for the calendar."""

from dataclasses import dataclass
from typing import ClassVar

from tocsin.domain.actions.addressed import Addressed
from tocsin.domain.actions.types import ActionType


@dataclass(frozen=True, slots=True, kw_only=True)
class SendEmail(Addressed):
    """Send a mail to each of `emails`; the other texts are templates."""

    type: ClassVar[ActionType] = ActionType.SEND_EMAIL
    does: ClassVar[str] = "send each of `emails` a mail without anything for the calendar"

    email_subject: str
    email_body: str
