"""What the audit log needs from the store: a part of `ports.Transaction`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tocsin.domain.audit import Deed, Entry, Fault, Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What the log is written with: the key of its seals, and a clock."""

    key: bytes
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries are wanted; what is empty is not asked for. `what` is a verb or a kind; `who` some letters of it."""

    who: str = ""
    what: str = ""
    thing: str = ""
    since: datetime | None = None
    until: datetime | None = None


class Audit(Protocol):
    """The log of one workspace. What is noted is written at the end of the transaction, and by whom says who opened it."""

    def note(self, deed: Deed) -> None: ...
    def page(self, wanted: AuditFilter, *, limit: int, offset: int) -> tuple[list[Entry], int]: ...
    def after(self, number: int, *, limit: int) -> list[Entry]: ...
    def head(self) -> Head: ...
    def forget(self, *, before: datetime) -> int: ...
    def seal_anew(self, former: bytes) -> int | Fault: ...
    def erase(self, address: str, *, stone: str) -> int: ...


class AuditTables(Protocol):
    """The audit log of one workspace."""

    @property
    def audit(self) -> Audit: ...
