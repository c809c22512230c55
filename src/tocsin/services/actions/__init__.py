"""How each action becomes what leaves: one file for each, as in `domain/actions`."""

from datetime import datetime

from tocsin.domain.actions import Action, CallWebhook, SendEmail, SendInvite
from tocsin.domain.delivery import Delivery
from tocsin.services.actions import call_webhook, send_email, send_invite
from tocsin.services.actions.composed import Composed
from tocsin.services.messages import Scene


def compose(delivery: Delivery, action: Action, scene: Scene, *, now: datetime) -> Composed:
    """Return what `delivery` sends, finished but for a signature."""
    match action:
        case SendInvite():
            return send_invite.compose(delivery, action, scene, now=now)
        case SendEmail():
            return send_email.compose(delivery, action, scene, now=now)
        case CallWebhook():  # pragma: no branch  mypy proves that no other is left
            return call_webhook.compose(delivery, scene, now=now)
