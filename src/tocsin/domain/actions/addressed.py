"""What actions share that write to people."""

from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.domain.model import Booking
from tocsin.domain.recipients import addresses_of, recipient_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """An action for each of `emails`: an address, or one of RECIPIENTS."""

    emails: tuple[str, ...]

    @property
    def entries(self) -> tuple[str, ...]:
        """Whom it is for, as the rule says it."""
        return self.emails

    def recipients(self, booking: Booking) -> Iterator[str]:
        """Yield each address once, in the order of `emails`."""
        return addresses_of(self.emails, booking)

    def is_for(self, recipient: str, booking: Booking) -> bool:
        """Tell whether this action is for `recipient`, as the booking is now."""
        wanted = recipient_key(recipient)
        return any(recipient_key(one) == wanted for one in self.recipients(booking))
