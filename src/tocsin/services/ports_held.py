"""What a restore needs from the store: a part of `ports.Transaction`, on a page of its own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tocsin.domain.delivery import Delivery
from tocsin.services.ports_persons import PersonTables


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFilter:
    """What is wanted of that which a restore holds back; what is empty is not asked for."""

    event: str = ""
    booking_id: str = ""
    rule_id: str = ""
    recipient: str = ""


ALL = HeldFilter()


class Held(Protocol):
    """What a restore holds back in one workspace."""

    def hold(self, *, reason: str, by: str, due_by: datetime, now: datetime) -> int: ...
    def hold_source_calls(self, *, sentence: str) -> int: ...
    def end_sessions(self) -> None: ...
    def number(self, wanted: HeldFilter = ALL) -> int: ...
    def page(self, wanted: HeldFilter = ALL, *, limit: int, offset: int = 0) -> list[Delivery]: ...
    def misfits(self) -> list[str]: ...


class HeldTables(PersonTables, Protocol):
    """What a restore holds back, and what is kept of persons."""

    @property
    def held(self) -> Held: ...
