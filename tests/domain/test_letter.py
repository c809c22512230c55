import dataclasses

import pytest

from tests.mail.envelopes import an_envelope


def test_an_envelope_cannot_be_changed_once_it_is_closed() -> None:
    envelope = an_envelope()

    with pytest.raises(dataclasses.FrozenInstanceError):
        envelope.recipient = "mallory@example.org"  # type: ignore[misc]  # that is what is tried here
