"""Webhooks on the wire: ours. Rules name their URLs; what is made here is what their calls are signed with."""

from datetime import datetime

from tocsin.schemas.actions.call_webhook import WebhookUrl
from tocsin.schemas.fields import Shown, StrictlySent


class WebhookSecretIn(StrictlySent):
    """The URL, as it stands in rules, whose calls are to be signed with a new secret."""

    url: WebhookUrl


class WebhookSecretOut(Shown):
    """A secret, which nothing shows again. Until `former_until` calls carry the signature of the former one too."""

    url: str
    secret: str
    former_until: datetime


class WebhookSecretAnswer(Shown):
    """The answer to make a secret."""

    webhook_secret: WebhookSecretOut
