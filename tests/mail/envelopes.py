"""Builders of envelopes."""

from tocsin.domain.letter import Envelope


def an_envelope(
    recipient: str = "ada@example.com",
    *,
    sender: str = "invites@localhost",
    message: bytes = b"Subject: hi\r\n\r\nhi\r\n",
) -> Envelope:
    return Envelope(sender=sender, recipient=recipient, message=message)
