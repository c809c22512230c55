"""Builders of envelopes."""

from tocsin.domain.delivery import Claim, DeliveryId
from tocsin.domain.letter import Envelope
from tocsin.domain.model import WorkspaceId


def a_claim(number: int = 1, *, attempt: int = 1) -> Claim:
    return Claim(WorkspaceId("w"), DeliveryId(f"d{number}"), attempt)


def an_envelope(
    recipient: str = "ada@example.com",
    *,
    sender: str = "invites@localhost",
    message: bytes = b"Subject: hi\r\n\r\nhi\r\n",
    claim: Claim | None = None,
) -> Envelope:
    return Envelope(sender=sender, recipient=recipient, message=message, claim=claim or a_claim())
