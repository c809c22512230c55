"""Webhooks: shapes of the API, written by `make reference`."""

from typing import TypedDict


class WebhookSecretIn(TypedDict):
    """The URL, as it stands in rules, whose calls are to be signed with a new secret."""

    url: str


class WebhookSecret(TypedDict):
    """A secret, which nothing shows again. Until `former_until` calls carry the signature of the former one too."""

    url: str
    secret: str
    former_until: str


class WebhookSecretAnswer(TypedDict):
    """The answer to make a secret."""

    webhook_secret: WebhookSecret
