"""The mailer of `capture:`, for development and demonstrations: nothing leaves, and the pages show what would have."""

from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.letter import Envelope


class CaptureMailer:
    """Accepts every message. The store keeps the bytes of each delivery anyway, so there is nothing to write down."""

    def send(self, envelope: Envelope) -> Outcome:
        """Accept `envelope`."""
        return Outcome(
            result=Result.ACCEPTED, code=250, enhanced_code="2.0.0", reply=f"captured for {envelope.recipient}"
        )

    def close(self) -> None:
        """Do nothing: there is no connection."""
