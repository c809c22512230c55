"""Recipients: what may stand in a rule's list of them, whom that means for a booking, and when two addresses are one."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from tocsin.domain.model import Booking

MOST_EMAILS = 50
CLIENT_EMAIL = "{{client.email}}"
HOST_EMAIL = "{{host.email}}"
RECIPIENTS: Mapping[str, str] = {
    CLIENT_EMAIL: "the client of the booking",
    HOST_EMAIL: "all hosts of the booking",
}


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
    """Return what makes two addresses one recipient: the domain's case does not count, the local part's does."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def _expanded(entry: str, booking: Booking) -> tuple[str, ...]:
    if entry == CLIENT_EMAIL:
        return (booking.client.email,)
    if entry == HOST_EMAIL:
        return tuple(host.email for host in booking.hosts)
    return (entry,)
