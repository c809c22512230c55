"""The body of a webhook's call: what happened, and the booking as it was when the call was written (docs/webhooks.md)."""

import json
from datetime import UTC, datetime

from tocsin.domain.delivery import Delivery
from tocsin.domain.model import Booking, Member, SchedulingLink


def write(delivery: Delivery, booking: Booking, link: SchedulingLink, *, scheduling_url: str, now: datetime) -> bytes:
    """Return the body as JSON in UTF-8, of the shape of Standard Webhooks: `type`, `timestamp`, `data`."""
    body = {
        "type": delivery.event.value,
        "timestamp": _moment(now),
        "data": {
            "delivery_id": delivery.id,
            "rule_id": delivery.rule_id,
            "rule_revision": delivery.rule_revision,
            "due_at": _moment(delivery.due_at),
            "about": delivery.about or None,
            "booking": _booking(booking),
            "meeting": {"id": link.id, "name": link.name, "slug": link.slug, "scheduling_url": scheduling_url},
        },
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _booking(booking: Booking) -> dict[str, object]:
    client = booking.client
    return {
        "id": booking.id,
        "sid": booking.sid,
        "revision": booking.revision,
        "status": booking.status.value,
        "starts_at": _moment(booking.starts_at),
        "ends_at": _moment(booking.ends_at),
        "client": {"name": client.name, "email": client.email, "time_zone": client.time_zone},
        "hosts": [_host(host) for host in booking.hosts],
        "spot": booking.place.spot,
        "spot_details": booking.place.details,
        "join_url": booking.place.join_url,
        "is_no_show": booking.is_no_show,
        "outcome": None if booking.outcome is None else booking.outcome.name,
        "cancelled_at": None if booking.cancelled_at is None else _moment(booking.cancelled_at),
        "cancel_reason": booking.cancel_reason,
        "reschedule_reason": booking.reschedule_reason,
        "form_responses": dict(booking.form_responses),
        "created_at": _moment(booking.created_at),
        "updated_at": _moment(booking.updated_at),
    }


def _host(host: Member) -> dict[str, str]:
    return {"name": host.name, "email": host.email, "time_zone": host.time_zone}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
