"""`call_webhook`: tell a program over HTTPS."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tocsin.domain.actions.types import ActionType
from tocsin.domain.model import Booking


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWebhook:
    """POST what happened to `url`, signed as Standard Webhooks say. The recipient of such a delivery is the URL."""

    type: ClassVar[ActionType] = ActionType.CALL_WEBHOOK
    does: ClassVar[str] = "POST what happened, with the booking, to `url`, signed (docs/webhooks.md)"

    url: str

    @property
    def entries(self) -> tuple[str, ...]:
        """Whom it is for, as the rule says it."""
        return (self.url,)

    def recipients(self, _booking: Booking) -> Iterator[str]:
        """Yield the URL."""
        yield self.url

    def is_for(self, recipient: str, _booking: Booking) -> bool:
        """Tell whether this action calls that URL."""
        return recipient == self.url
