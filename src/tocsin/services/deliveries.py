"""The log of deliveries: each with its attempts and its message, and another try by hand."""

from datetime import datetime

from tocsin.domain.audit import Verb
from tocsin.domain.delivery import Attempt, Delivery, Frozen
from tocsin.domain.errors import ConflictError, NotFoundError
from tocsin.domain.schedule import HORIZON
from tocsin.services import audit
from tocsin.services.ports import DeliveryFilter, Page, Transaction


def get(tx: Transaction, delivery_id: str) -> Delivery:
    """Return a delivery. Raises NotFoundError."""
    delivery = tx.deliveries.get(delivery_id)
    if delivery is None:
        raise NotFoundError("there is no delivery with this id")
    return delivery


def page(tx: Transaction, wanted: DeliveryFilter, part: Page) -> tuple[list[Delivery], int]:
    """Return a page of deliveries, the newest first, and the number of all that are wanted."""
    return tx.deliveries.page(wanted, limit=part.size, offset=part.offset)


def history(tx: Transaction, delivery_id: str) -> list[Attempt]:
    """Return every attempt at a delivery. Raises NotFoundError."""
    return tx.deliveries.attempts(get(tx, delivery_id).id)


def message(tx: Transaction, delivery_id: str) -> Frozen:
    """Return the exact message of a delivery. Raises NotFoundError; ConflictError if it was not written yet, or forgotten."""
    frozen = tx.messages.get(get(tx, delivery_id).id)
    if frozen is None:
        raise ConflictError("this delivery has no message yet; it is written when it is first sent")
    if not frozen.message:
        raise ConflictError("the words of this message are forgotten: they are old, or somebody in them was erased")
    return frozen


def retry(tx: Transaction, delivery_id: str, *, now: datetime) -> Delivery:
    """Put a failed or expired delivery back into the queue. Raises NotFoundError, and ConflictError in another state."""
    delivery = get(tx, delivery_id)
    if not tx.deliveries.retry(delivery.id, now=now, expires_at=now + HORIZON):
        raise ConflictError(f"only a failed or expired delivery can be retried; this one is {delivery.state.value}")
    audit.note(tx, Verb.DELIVERY_RETRIED, delivery.id, name=delivery.recipient, before={"state": delivery.state})
    return get(tx, delivery_id)
