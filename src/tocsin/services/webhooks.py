"""The secrets with which calls of webhooks are signed."""

from datetime import datetime

from tocsin.domain.webhook import WebhookSecret, secret_text, signing_secrets
from tocsin.services.ports import Transaction


def secrets_of(tx: Transaction, url: str, *, secret: bytes, now: datetime) -> tuple[str, ...]:
    """Return what calls of a URL are signed with now; `secret` is the server's own."""
    known = tx.webhook_secrets.get(url)
    return signing_secrets(known, workspace_id=tx.workspace_id, url=url, secret=secret, now=now)


def renew_secret(tx: Transaction, url: str, *, secret: bytes, now: datetime) -> str:
    """Make a new secret for calls of a URL and return it, which nothing does again; the former one signs too for a day."""
    known = tx.webhook_secrets.get(url, lock=True)
    generation = 1 if known is None else known.generation + 1
    tx.webhook_secrets.put(WebhookSecret(url=url, generation=generation, replaced_at=now))
    return secret_text(tx.workspace_id, url, generation, secret=secret)
