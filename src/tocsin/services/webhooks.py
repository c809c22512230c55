"""The secrets with which calls of webhooks are signed."""

from datetime import datetime

from tocsin.domain.audit import Verb
from tocsin.domain.webhook import MOST_SECRETS, secret_text, signing_secrets
from tocsin.services import audit
from tocsin.services.ports import Transaction


def secrets_of(tx: Transaction, url: str, *, secret: bytes, now: datetime) -> tuple[str, ...]:
    """Return what calls of a URL are signed with now; `secret` is the server's own."""
    made = tx.webhook_secrets.of(url, limit=MOST_SECRETS)
    return signing_secrets(made, workspace_id=tx.workspace_id, url=url, secret=secret, now=now)


def renew_secret(tx: Transaction, url: str, *, secret: bytes, now: datetime) -> str:
    """Make a new secret for calls of a URL and return it, which nothing does again; former ones sign too for a day."""
    made = tx.webhook_secrets.make(url, now=now)
    audit.note(tx, Verb.WEBHOOK_SECRET_RENEWED, url, name=url, after={"generation": made.generation})
    return secret_text(tx.workspace_id, url, made.generation, secret=secret)
