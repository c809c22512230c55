"""Which bookings a list shows, and in which order: filters as conditions of SQL."""

from datetime import datetime

from tocsin.services.ports import BookingFilter
from tocsin.storage.columns import containing, maybe_micros, micros

# What a filter asks for; each clause is only there if it is asked for.
_CLAUSES = {
    "upcoming": "b.ends_at > :now AND b.status IN ('confirmed', 'awaiting_approval')",
    "past": "b.ends_at <= :now AND b.status IN ('confirmed', 'awaiting_approval')",
    "cancelled": "b.status IN ('cancelled', 'rejected')",
    # Bookings begun and not paid: the scheduler that takes payments has them, Tocsin never does.
    "incomplete": "1 = 0",
    "status": "b.status = :status",
    "client_email": "lower(b.client_email) = lower(:client_email)",
    "host_email": """EXISTS (SELECT 1 FROM booking_hosts h JOIN members m ON m.workspace_id = h.workspace_id
        AND m.id = h.member_id WHERE h.workspace_id = b.workspace_id AND h.booking_id = b.id AND m.email = :host_email)""",
    "link_id": "b.link_id = :link_id",
    "search": "(lower(b.client_name) LIKE :search ESCAPE '~' OR lower(b.client_email) LIKE :search ESCAPE '~')",
    "starts_from": "b.starts_at >= :starts_from",
    "starts_until": "b.starts_at < :starts_until",
    "ends_from": "b.ends_at >= :ends_from",
    "ends_until": "b.ends_at < :ends_until",
}
ORDERS = {
    ("created_at", True): "b.created_at DESC, b.id DESC",
    ("created_at", False): "b.created_at, b.id",
    ("starts_at", True): "b.starts_at DESC, b.id DESC",
    ("starts_at", False): "b.starts_at, b.id",
}


def conditions(wanted: BookingFilter, *, now: datetime) -> tuple[str, dict[str, object]]:
    """Return the conditions that `wanted` asks for, each with AND before it, and their values."""
    values: dict[str, object] = {
        "status": wanted.status,
        "client_email": wanted.client_email,
        "host_email": wanted.host_email,
        "link_id": wanted.link_id,
        "search": containing(wanted.search) if wanted.search else "",
        "starts_from": maybe_micros(wanted.starts_from),
        "starts_until": maybe_micros(wanted.starts_until),
        "ends_from": maybe_micros(wanted.ends_from),
        "ends_until": maybe_micros(wanted.ends_until),
    }
    values = {name: value for name, value in values.items() if value not in {"", None}}
    names = [*([wanted.type] if wanted.type else []), *values]
    clauses = "".join(f" AND {_CLAUSES[name]}" for name in names)
    return clauses, values | ({"now": micros(now)} if ":now" in clauses else {})
