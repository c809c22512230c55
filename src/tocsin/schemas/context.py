"""What the fields of bodies ask for beside what was sent: what an operator has opened."""

from tocsin.bootstrap import App
from tocsin.schemas.actions.call_webhook import ALLOWED


def context_of(app: App) -> dict[str, object]:
    """Return what reading a body asks of the settings: which origins webhooks may have beside public ones."""
    return {ALLOWED: app.settings.webhook_allow}
