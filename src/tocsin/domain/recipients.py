"""Recipients: what may stand in a rule's list of them, whom that means, when two addresses are one, and how each reads."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from tocsin.domain.model import Booking

MOST_EMAILS = 50
CLIENT_EMAIL = "{{client.email}}"
HOST_EMAIL = "{{host.email}}"
GUEST_EMAILS = "{{guest.emails}}"
RECIPIENTS: Mapping[str, str] = {
    CLIENT_EMAIL: "the client of the booking",
    HOST_EMAIL: "all hosts of the booking",
    GUEST_EMAILS: "all guests of the booking",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientSettings:
    """What is set for an address, whoever it belongs to; None: the time zone or locale is not set."""

    address: str
    time_zone: str | None
    locale: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """In which time zone and locale the recipient of a message reads it."""

    time_zone: str
    locale: str


def addresses_of(emails: Iterable[str], booking: Booking) -> Iterator[str]:
    """Yield the address of each recipient that `emails` mean for a booking, each once, in their order."""
    seen = set()
    for entry in emails:
        for address in _expanded(entry, booking):
            if recipient_key(address) not in seen:
                seen.add(recipient_key(address))
                yield address


@lru_cache(maxsize=4096)  # asked a dozen times for each message
def recipient_key(address: str) -> str:
    """Return what makes two addresses one recipient: the domain's case does not count, the local part's does.

    A URL, which is the recipient of a call, is itself.
    """
    if "://" in address:
        return address
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def takes_part(booking: Booking, recipient: str) -> bool:
    """Tell whether a recipient is the client, a host or a guest of a booking."""
    own = (*booking.addresses, *(host.email for host in booking.hosts))
    return recipient_key(recipient) in map(recipient_key, own)


def _expanded(entry: str, booking: Booking) -> tuple[str, ...]:
    if entry == CLIENT_EMAIL:
        return (booking.client.email,)
    if entry == HOST_EMAIL:
        return tuple(host.email for host in booking.hosts)
    if entry == GUEST_EMAILS:
        return booking.guests
    return (entry,)
