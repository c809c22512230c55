"""Actions on the wire: one file for each, as in `domain/actions`."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Discriminator, Tag

from tocsin.domain.actions import Action, CallWebhook, SendEmail, SendInvite
from tocsin.schemas.actions.call_webhook import CallWebhookIn, CallWebhookOut
from tocsin.schemas.actions.send_email import SendEmailIn, SendEmailOut
from tocsin.schemas.actions.send_invite import ActionIn, SendInviteOut
from tocsin.schemas.reading import tag

__all__ = ["ActionIn", "ActionOut", "AnyActionIn", "action_out"]

ActionOut = SendInviteOut | SendEmailOut | CallWebhookOut


_MODELS: Mapping[str, type[BaseModel]] = {
    SendInvite.type: ActionIn,
    SendEmail.type: SendEmailIn,
    CallWebhook.type: CallWebhookIn,
}


def _type(sent: Any) -> str:
    """Return which model an action is; that its type is none of ours is said by the first."""
    named = sent.get("type") if isinstance(sent, dict) else None
    return tag(_MODELS.get(named, ActionIn) if isinstance(named, str) else ActionIn)


AnyActionIn = Annotated[
    Annotated[ActionIn, Tag(tag(ActionIn))]
    | Annotated[SendEmailIn, Tag(tag(SendEmailIn))]
    | Annotated[CallWebhookIn, Tag(tag(CallWebhookIn))],
    Discriminator(_type),
]


def action_out(action: Action) -> ActionOut:
    """Return an action as it is shown."""
    match action:
        case SendInvite():
            return SendInviteOut.of(action)
        case SendEmail():
            return SendEmailOut.of(action)
        case CallWebhook():  # pragma: no branch  mypy proves that no other is left
            return CallWebhookOut.of(action)
