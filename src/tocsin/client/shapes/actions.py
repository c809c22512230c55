"""Actions: shapes of the API, written by `make reference`."""

from typing import Literal, NotRequired, TypedDict


class ActionIn(TypedDict):
    """What a rule does: send a calendar invite to each of `emails`."""

    type: str
    emails: list[str]
    email_subject: str
    email_body: str
    calendar_invite_subject: str
    calendar_invite_body: str
    keep_in_sync: NotRequired[bool]


class CallWebhookIn(TypedDict):
    """POST what happened to `url`."""

    type: Literal["call_webhook"]
    url: str


class CallWebhook(TypedDict):
    """An action that calls a webhook, in full."""

    type: str
    url: str


class SendEmailIn(TypedDict):
    """Send a mail to each of `emails`, with nothing for the calendar."""

    type: Literal["send_email"]
    emails: list[str]
    email_subject: str
    email_body: str


class SendEmail(TypedDict):
    """An action that sends mails, in full."""

    type: str
    emails: list[str]
    email_subject: str
    email_body: str


class SendInvite(TypedDict):
    """An action that sends calendar invites, in full."""

    type: str
    emails: list[str]
    email_subject: str
    email_body: str
    calendar_invite_subject: str
    calendar_invite_body: str
    keep_in_sync: bool
