"""What rules do. Each action is a file here, with one of its name in `services/actions` and in `schemas/actions`."""

from collections.abc import Mapping

from tocsin.domain.actions.call_webhook import CallWebhook
from tocsin.domain.actions.send_email import SendEmail
from tocsin.domain.actions.send_invite import SendInvite
from tocsin.domain.actions.types import ActionType

__all__ = ["ACTIONS", "Action", "ActionType", "CallWebhook", "SendEmail", "SendInvite"]

Action = SendInvite | SendEmail | CallWebhook

ACTIONS: Mapping[ActionType, type[Action]] = {one.type: one for one in (SendInvite, SendEmail, CallWebhook)}
