"""`call_webhook` on the wire: ours."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo

from tocsin.domain.actions import CallWebhook
from tocsin.domain.webhook import url_complaint
from tocsin.schemas.fields import Shown, StrictlySent

ALLOWED = "allowed origins"  # the key of what an operator has opened, in the context of a validation


def _callable(value: str, info: ValidationInfo) -> str:
    allowed = (info.context or {}).get(ALLOWED, ())
    wrong = url_complaint(value, allowed=allowed)
    if wrong is not None:
        raise ValueError(wrong)
    return value


WebhookUrl = Annotated[str, AfterValidator(_callable), Field(description="https, a public name, no port")]


class CallWebhookIn(StrictlySent):
    """POST what happened to `url`."""

    type: Literal["call_webhook"]
    url: WebhookUrl

    def action(self) -> CallWebhook:
        """Return the same in our words."""
        return CallWebhook(url=self.url)


class CallWebhookOut(Shown):
    """An action that calls a webhook, in full."""

    type: str
    url: str

    @classmethod
    def of(cls, action: CallWebhook) -> Self:
        """Return `action` as it is shown."""
        return cls(type=action.type.value, url=action.url)
