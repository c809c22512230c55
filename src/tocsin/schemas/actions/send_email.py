"""`send_email` on the wire: ours."""

from typing import Literal, Self

from tocsin.domain.actions import SendEmail
from tocsin.schemas.actions.recipients import Emails, each_once
from tocsin.schemas.fields import HtmlTemplate, Shown, StrictlySent, SubjectTemplate


class SendEmailIn(StrictlySent):
    """Send a mail to each of `emails`, with nothing for the calendar."""

    type: Literal["send_email"]
    emails: Emails
    email_subject: SubjectTemplate
    email_body: HtmlTemplate

    def action(self) -> SendEmail:
        """Return the same in our words, each address once."""
        return SendEmail(emails=each_once(self.emails), email_subject=self.email_subject, email_body=self.email_body)


class SendEmailOut(Shown):
    """An action that sends mails, in full."""

    type: str
    emails: list[str]
    email_subject: str
    email_body: str

    @classmethod
    def of(cls, action: SendEmail) -> Self:
        """Return `action` as it is shown."""
        return cls(
            type=action.type.value,
            emails=list(action.emails),
            email_subject=action.email_subject,
            email_body=action.email_body,
        )
