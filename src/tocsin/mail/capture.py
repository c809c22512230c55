"""The mailer of `capture:`, for development and demonstrations: nothing leaves, and the pages show what would have."""

from collections.abc import Iterator
from datetime import timedelta

from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.letter import Envelope
from tocsin.services.ports_relay import Supply

_AT_ONCE = 100


class CaptureMailer:
    """Accepts every message, and every call. The store keeps the bytes anyway, so there is nothing to write down."""

    is_down = False
    rest = timedelta(0)

    def send(self, supply: Supply) -> Iterator[list[tuple[int, Outcome | None]]]:
        """Accept all that `supply` gives."""
        number = 0
        while envelopes := supply(_AT_ONCE):
            yield [(place, _taken(envelope)) for place, envelope in enumerate(envelopes, start=number)]
            number += len(envelopes)

    def close(self) -> None:
        """Do nothing: there is no connection."""


def _taken(envelope: Envelope) -> Outcome:
    reply = f"captured for {envelope.recipient}"
    return Outcome(result=Result.ACCEPTED, code=250, enhanced_code="2.0.0", reply=reply)
