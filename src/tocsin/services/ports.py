"""All that the use cases need from outside, on one page: a Store, a Mailer and a Clock."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from tocsin.domain.delivery import Outcome
from tocsin.domain.letter import Envelope

type_of_clock = Callable[[], datetime]


class Mailer(Protocol):
    """Takes messages to the next server. One per worker thread; not shared."""

    def send(self, envelope: Envelope) -> Outcome:
        """Hand `envelope` over, and return how that ended. Never raises for what a network or a server does."""
        ...

    def close(self) -> None:
        """End the dialogue politely, if one is open."""
        ...
