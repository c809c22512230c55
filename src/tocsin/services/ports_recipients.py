"""What consent and limits need from the store: a part of `ports.Transaction`, on a page of its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tocsin.domain.delivery import DeliveryId
from tocsin.domain.limits import Buckets
from tocsin.domain.pause import Pause
from tocsin.domain.suppression import Suppression, SuppressionReason


class Suppressions(Protocol):
    """Who gets no more messages."""

    def add(self, suppression: Suppression) -> bool: ...
    def of_recipient(self, recipient: str) -> list[Suppression]: ...
    def of(self, recipients: Iterable[str]) -> dict[str, list[Suppression]]: ...
    def page(self, *, recipient: str, limit: int, offset: int) -> tuple[list[Suppression], int]: ...
    def remove(
        self, recipient: str, *, rule_id: str, reasons: Iterable[SuppressionReason] = SuppressionReason
    ) -> int: ...
    def end_waiting(self, suppression: Suppression, *, now: datetime) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Meter:
    """What is counted in one row: a `Scope` or a `Fate`, of what by name ('' for the workspace), over which window."""

    kind: str
    name: str
    window: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Limits that hold for this workspace in the place of the installation's, as `limits.parse` reads them; None: its own."""

    workspace: str | None = None
    recipient: str | None = None
    domain: str | None = None


class Usage(Protocol):
    """What a workspace has sent, how much it may, and whether it is paused. `lock` comes before everything that counts."""

    def lock(self) -> None: ...
    def overrides(self) -> Overrides: ...
    def override(self, overrides: Overrides) -> None: ...
    def pause(self) -> Pause | None: ...
    def set_pause(self, pause: Pause | None) -> None: ...
    def read(self, meters: Iterable[Meter]) -> dict[Meter, Buckets]: ...
    def write(self, counted: Mapping[Meter, Buckets]) -> None: ...
    def forget(self, *, kinds: Iterable[str] = (), before: datetime | None = None) -> None: ...
    def charged(self, delivery_ids: Iterable[DeliveryId]) -> set[DeliveryId]: ...
    def charge(self, delivery_ids: Iterable[DeliveryId]) -> None: ...
    def release(self, reason: str, *, now: datetime) -> int: ...


class RecipientTables(Protocol):
    """The tables of one workspace that speak of recipients' wishes and of limits."""

    @property
    def suppressions(self) -> Suppressions: ...
    @property
    def usage(self) -> Usage: ...
