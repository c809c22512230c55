"""What a restore needs from the store: a part of `ports.Transaction`, on a page of its own."""

from datetime import datetime
from typing import Protocol

from tocsin.domain.delivery import Delivery
from tocsin.services.ports_persons import PersonTables


class Held(Protocol):
    """What a restore holds back in one workspace."""

    def hold(self, *, reason: str, by: str, due_by: datetime, now: datetime) -> int: ...
    def hold_source_calls(self, *, sentence: str) -> int: ...
    def end_sessions(self) -> None: ...
    def number(self) -> int: ...
    def page(self, *, limit: int) -> list[Delivery]: ...
    def misfits(self) -> list[str]: ...


class HeldTables(PersonTables, Protocol):
    """What a restore holds back, and what is kept of persons."""

    @property
    def held(self) -> Held: ...
