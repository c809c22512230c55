"""/webhook-secrets: what calls of webhooks are signed with."""

from tocsin.api.call import Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.domain.webhook import OVERLAP
from tocsin.schemas.context import context_of
from tocsin.schemas.reading import read
from tocsin.schemas.webhooks import WebhookSecretAnswer, WebhookSecretIn, WebhookSecretOut
from tocsin.services import webhooks


def renew(call: Call, sent: dict[str, object]) -> Reply:
    """Make a new secret for calls of a URL, and show it this once."""
    wanted = read(WebhookSecretIn, sent, context=context_of(call.app))
    now = call.app.clock()
    # Not by `call.write`, which would keep the secret for whoever sends the same Idempotency-Key again.
    with call.app.store.transaction(call.workspace.id, by=call.actor) as tx:
        secret = webhooks.renew_secret(tx, wanted.url, secret=call.app.pepper, now=now)
    made = WebhookSecretOut(url=wanted.url, secret=secret, former_until=now + OVERLAP)
    return call.created(WebhookSecretAnswer(webhook_secret=made).wire())


ROUTES = [
    Route(
        method="POST",
        path="/webhook-secrets",
        handler=renew,
        scope=Scope.RULES_WRITE,
        summary="Make a new secret that calls of a webhook are signed with; it is shown this once",
        body=WebhookSecretIn,
        answer=WebhookSecretAnswer,
        status=201,
        can_be_repeated=False,
    ),
]
