"""`Client`: one workspace of a Tocsin, as a program sees it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import sleep
from typing import Self

import httpx

from tocsin.client.bookings import Bookings
from tocsin.client.links import Links, Templates
from tocsin.client.rules import Rules
from tocsin.client.sending import Deliveries, HeldDeliveries, Recipients, Suppressions, Workspace
from tocsin.client.session import Session
from tocsin.client.sources import Sources
from tocsin.client.team import Members, Outcomes
from tocsin.client.tools import Tools


@dataclass(frozen=True, slots=True)
class Client:
    """One workspace: `with Client("https://acme.example.com", key) as tocsin:`, then `tocsin.rules.list()` and so on.

    What is answered are plain dicts with types (`tocsin.client.shapes`). Listings are iterators that ask for pages as they go.
    Each request is tried again, five times in all, where that can do no harm: a POST carries the same Idempotency-Key each
    time. Errors are `RefusedError`, with `status` and `field_errors`, and `UnreachableError`.
    """

    url: str
    key: str = field(repr=False)
    timeout_s: float = 120.0
    sleep: Callable[[float], None] = field(default=sleep, repr=False)
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    session: Session = field(init=False, repr=False)

    def __post_init__(self) -> None:
        session = Session(
            url=self.url, key=self.key, timeout_s=self.timeout_s, sleep=self.sleep, transport=self.transport
        )
        object.__setattr__(self, "session", session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self.session.close()

    @property
    def rules(self) -> Rules:
        """Automation rules."""
        return Rules(self.session)

    @property
    def bookings(self) -> Bookings:
        """Bookings."""
        return Bookings(self.session)

    @property
    def links(self) -> Links:
        """Scheduling links."""
        return Links(self.session)

    @property
    def templates(self) -> Templates:
        """Meeting templates."""
        return Templates(self.session)

    @property
    def members(self) -> Members:
        """Team members."""
        return Members(self.session)

    @property
    def sources(self) -> Sources:
        """Other schedulers that report bookings."""
        return Sources(self.session)

    @property
    def outcomes(self) -> Outcomes:
        """Meeting outcomes."""
        return Outcomes(self.session)

    @property
    def deliveries(self) -> Deliveries:
        """Deliveries, their messages, and invitations."""
        return Deliveries(self.session)

    @property
    def held(self) -> HeldDeliveries:
        """What a restore holds back because it may have left already."""
        return HeldDeliveries(self.session)

    @property
    def suppressions(self) -> Suppressions:
        """Who gets nothing more."""
        return Suppressions(self.session)

    @property
    def recipients(self) -> Recipients:
        """Time zones and languages of addresses."""
        return Recipients(self.session)

    @property
    def workspace(self) -> Workspace:
        """Sender, limits, and the secret of webhooks."""
        return Workspace(self.session)

    @property
    def tools(self) -> Tools:
        """The tools that assistants are offered."""
        return Tools(session=self.session)
