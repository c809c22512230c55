"""`call_webhook`: what is told to a program."""

from datetime import datetime

from tocsin.domain.delivery import NO_ENTRY, Delivery, Frozen
from tocsin.formats import report
from tocsin.services.actions.composed import Composed
from tocsin.services.messages import Scene, scheduling_url


def compose(delivery: Delivery, scene: Scene, *, now: datetime) -> Composed:
    """Return the body of the call. It is written once: a repeat is the same call."""
    body = report.write(delivery, scene.booking, scene.link, scheduling_url=scheduling_url(scene), now=now)
    frozen = Frozen(
        booking_revision=scene.booking.revision,
        sequence=NO_ENTRY,
        message_id=delivery.id,
        sender="",
        message=body,
        frozen_at=now,
    )
    return Composed(frozen=frozen, invitation=None, signing_domain="", complaints=lambda _body: [])
