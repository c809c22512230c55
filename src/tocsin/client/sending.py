"""`client.deliveries`, `client.suppressions`, `client.recipients`: what went to whom, and who gets nothing more."""

from collections.abc import Iterator, Sequence
from typing import cast
from urllib.parse import quote

from tocsin.client.calls import Calls
from tocsin.client.shapes.audit import AuditEntry
from tocsin.client.shapes.deliveries import Delivery, FullDelivery, Invitation
from tocsin.client.shapes.held import HeldAnswer, HeldIn
from tocsin.client.shapes.limits import LimitsAnswer
from tocsin.client.shapes.recipients import Recipient, RecipientIn
from tocsin.client.shapes.sender import Sender
from tocsin.client.shapes.suppressions import Suppression, SuppressionIn
from tocsin.client.shapes.webhooks import WebhookSecret, WebhookSecretIn


class Deliveries(Calls):
    """The log of deliveries, and what calendars hold. Scopes: `deliveries:read`, `deliveries:write`."""

    __slots__ = ()

    def list(
        self,
        *,
        state: str | None = None,
        booking_id: str | None = None,
        rule_id: str | None = None,
        recipient: str | None = None,
    ) -> Iterator[Delivery]:
        """Yield the deliveries that are wanted, the newest first."""
        return self._all(
            "deliveries", "/deliveries", state=state, booking_id=booking_id, rule_id=rule_id, recipient=recipient
        )

    def show(self, delivery_id: str) -> FullDelivery:
        """Return a delivery with its attempts."""
        return cast(FullDelivery, self._part("delivery", "GET", "/deliveries/{id}", id=delivery_id))

    def message(self, delivery_id: str) -> bytes:
        """Return the exact message of a delivery; of the call of a webhook, its body."""
        return self._octets("/deliveries/{id}/message", delivery_id)

    def retry(self, delivery_id: str) -> FullDelivery:
        """Send a failed or expired delivery again."""
        return cast(FullDelivery, self._part("delivery", "POST", "/deliveries/{id}/retry", id=delivery_id))

    def pause(self, delivery_id: str) -> FullDelivery:
        """Hold a delivery back until somebody resumes it."""
        return cast(FullDelivery, self._part("delivery", "POST", "/deliveries/{id}/pause", id=delivery_id))

    def resume(self, delivery_id: str) -> FullDelivery:
        """Let a delivery go that was held back."""
        return cast(FullDelivery, self._part("delivery", "POST", "/deliveries/{id}/resume", id=delivery_id))

    def skip(self, delivery_id: str) -> FullDelivery:
        """Leave a delivery out for good."""
        return cast(FullDelivery, self._part("delivery", "POST", "/deliveries/{id}/skip", id=delivery_id))

    def invitations(self, booking_id: str) -> Sequence[Invitation]:
        """Return what the recipients' calendars hold about a booking."""
        return cast(Sequence[Invitation], self._part("invitations", "GET", "/invitations", booking_id=booking_id))

    def _octets(self, path: str, delivery_id: str) -> bytes:
        return self.session.octets(path.format(id=quote(delivery_id, safe="")))


class HeldDeliveries(Calls):
    """What a restore holds back because it may have left already. Scopes: `deliveries:read`, `deliveries:write`."""

    __slots__ = ()

    def list(
        self,
        *,
        event: str | None = None,
        booking_id: str | None = None,
        rule_id: str | None = None,
        recipient: str | None = None,
    ) -> Iterator[Delivery]:
        """Yield what is held and wanted, that which was due first first."""
        return self._all(
            "deliveries", "/held-deliveries", event=event, booking_id=booking_id, rule_id=rule_id, recipient=recipient
        )

    def done(self, wanted: HeldIn) -> HeldAnswer:
        """Take these as sent: nothing leaves, and their recipients hear of changes. At most 100 of `all` at once."""
        return cast(HeldAnswer, self._ask("POST", "/held-deliveries/done", body=wanted))

    def send(self, wanted: HeldIn) -> HeldAnswer:
        """Send these, though they may have left before. At most 100 of `all` at once."""
        return cast(HeldAnswer, self._ask("POST", "/held-deliveries/send", body=wanted))


class Suppressions(Calls):
    """Who gets nothing more. Scopes: `deliveries:read`, `deliveries:write`."""

    __slots__ = ()

    def list(self, *, recipient: str | None = None) -> Iterator[Suppression]:
        """Yield the suppressions."""
        return self._all("suppressions", "/suppressions", recipient=recipient)

    def add(self, suppression: SuppressionIn) -> Suppression:
        """Send nothing more to an address."""
        return cast(Suppression, self._part("suppression", "POST", "/suppressions", body=suppression))

    def remove(self, recipient: str, *, rule_id: str | None = None) -> None:
        """Let an address have messages again."""
        self._delete("/suppressions/{recipient}", recipient=recipient, rule_id=rule_id)


class Recipients(Calls):
    """Time zones and languages of addresses. Scopes: `deliveries:read`, `deliveries:write`."""

    __slots__ = ()

    def list(self) -> Iterator[Recipient]:
        """Yield the addresses that something is set for."""
        return self._all("recipients", "/recipients")

    def show(self, address: str) -> Recipient:
        """Return what is set for an address."""
        return cast(Recipient, self._part("recipient", "GET", "/recipients/{address}", address=address))

    def put(self, address: str, settings: RecipientIn) -> Recipient:
        """Set time zone and language of an address."""
        found = self._part("recipient", "PUT", "/recipients/{address}", body=settings, address=address)
        return cast(Recipient, found)

    def delete(self, address: str) -> None:
        """Forget what is set for an address."""
        self._delete("/recipients/{address}", address=address)


class Workspace(Calls):
    """What holds for all of a workspace: its sender, limits, audit log, and the secret of its calls."""

    __slots__ = ()

    def audit(
        self,
        *,
        who: str | None = None,
        what: str | None = None,
        thing_id: str | None = None,
        day: str | None = None,
    ) -> Iterator[AuditEntry]:
        """Yield who did what, the newest first. Scope: `audit:read`."""
        return self._all("entries", "/audit", who=who, what=what, id=thing_id, day=day)

    def sender(self) -> Sender:
        """Return how the sender looks to other servers."""
        return cast(Sender, self._part("sender", "GET", "/sender"))

    def limits(self, *, recipient: str | None = None) -> LimitsAnswer:
        """Return how much may be sent and how much was, of all or to one address."""
        return cast(LimitsAnswer, self._ask("GET", "/limits", recipient=recipient))

    def new_webhook_secret(self, wanted: WebhookSecretIn) -> WebhookSecret:
        """Make a secret for the calls of webhooks. It is shown this once, and asked for once."""
        answer = self.session.post("/webhook-secrets", wanted, repeats=False)
        return cast(WebhookSecret, answer["webhook_secret"])
