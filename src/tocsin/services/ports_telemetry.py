"""What is told to whoever watches the process: plain verbs, without a word of how it is counted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from tocsin.domain.delivery import Delivery, Settlement
from tocsin.domain.events import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """What waits in the queue of all workspaces. `oldest_due_s`: for how many seconds the first of it has been due."""

    due_mail: int
    due_calls: int
    scheduled: int
    oldest_due_s: float
    leased: int


# Events that happened (by their kind), deliveries that were planned (`mail`, `call`), and those that ended without a worker, by
# state.
Change = tuple[Literal["event", "planned", "ended"], str]


@dataclass(slots=True)
class Changes:
    """What a transaction did, by number, and about which bookings and by which rules."""

    counts: Counter[Change] = field(default_factory=Counter)
    workspace: str = ""
    bookings: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)

    def happened(self, kind: EventKind, booking_id: str) -> None:
        """Take note of an event of a booking."""
        self.counts["event", kind.value] += 1
        self.bookings.add(booking_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The connections to the database of this process: in use, at most, and how many threads wait for one.

    On SQLite what is counted is the right to write, of which there is one.
    """

    in_use: int
    most: int
    waiting: int


class QueueLook(Protocol):
    """A look at the queue as a whole."""

    def state(self, *, now: datetime) -> QueueState: ...


class Telemetry(Protocol):
    """Hears what happens. It must neither raise nor wait: it stands in the way of every message."""

    def settled(self, settlements: Sequence[Settlement], *, now: datetime) -> None: ...
    def dialogue(self, seconds: float) -> None: ...
    def relay(self, *, is_shut: bool) -> None: ...
    def beat(self) -> None: ...
    def claimed(self, deliveries: Sequence[Delivery], *, seconds: float) -> None: ...
    def changed(self, changes: Changes, *, seconds: float) -> None: ...
    def source_call(self, source: str, outcome: str) -> None: ...


class TracedRequest(Protocol):
    """A request that is under way, with the id of its trace."""

    @property
    def trace(self) -> str: ...
    def answered(self, method: str, route: str, status: int, *, about: Mapping[str, str]) -> None: ...


class Traces(Telemetry, Protocol):
    """Hears what happens, and follows requests."""

    def request(self, method: str, headers: Mapping[str, str]) -> AbstractContextManager[TracedRequest]: ...
    def close(self) -> None: ...


class Silence:
    """Tells nobody: for tools and trials, which are not watched."""

    def settled(self, settlements: Sequence[Settlement], *, now: datetime) -> None:
        """Take no note of how deliveries were settled."""

    def dialogue(self, seconds: float) -> None:
        """Take no note of how long a dialogue with the relay took."""

    def relay(self, *, is_shut: bool) -> None:
        """Take no note of whether the relay is left alone."""

    def beat(self) -> None:
        """Take no note of a worker's round."""

    def claimed(self, deliveries: Sequence[Delivery], *, seconds: float) -> None:
        """Take no note of what a worker took, in so many seconds; never of nothing."""

    def changed(self, changes: Changes, *, seconds: float) -> None:
        """Take no note of what a transaction did, that took so long from its begin until it was durable."""

    def source_call(self, source: str, outcome: str) -> None:
        """Take no note of a call of another scheduler."""
