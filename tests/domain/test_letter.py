import dataclasses

import pytest

from tocsin.domain.letter import Envelope


def test_an_envelope_cannot_be_changed_once_it_is_closed() -> None:
    envelope = Envelope(sender="invites@example.com", recipient="ada@example.org", message=b"")

    with pytest.raises(dataclasses.FrozenInstanceError):
        envelope.recipient = "mallory@example.org"  # type: ignore[misc]  # that is what is tried here
