"""What mail that comes back needs from the store: a part of `ports.Transaction`, on a page of its own."""

from datetime import datetime
from typing import Protocol

from tocsin.domain.delivery import DeliveryId
from tocsin.services.ports_sources import SourceTables


class InboundCounts(Protocol):
    """How much mail came, by what became of it. Of the workspace '' is what nobody could tell whose it was."""

    def add(self, verdict: str, *, now: datetime) -> None: ...
    def since(self, moment: datetime) -> dict[str, int]: ...


class Bounces(Protocol):
    """What came back of the deliveries of a workspace."""

    def end(self, delivery_id: DeliveryId, *, reason: str, sent_since: datetime, now: datetime) -> bool: ...
    def mark_dead(self, delivery_id: DeliveryId, *, now: datetime) -> None: ...
    def number_dead(self, recipient: str) -> int: ...
    def complain(self, delivery_id: DeliveryId, *, now: datetime) -> bool: ...


class OwnIds(Protocol):
    """The whole ids of things of a workspace, of which an address of ours has room for the beginning only."""

    def of_invitation(self, bounds: tuple[str, str]) -> str | None: ...
    def of_delivery(self, bounds: tuple[str, str]) -> str | None: ...


class InboundTables(SourceTables, Protocol):
    """The tables of one workspace that speak of what comes to us: mail that came back, and calls of sources."""

    @property
    def inbound_counts(self) -> InboundCounts: ...
    @property
    def bounces(self) -> Bounces: ...
    @property
    def own_ids(self) -> OwnIds: ...
