"""What delivering needs from the way to the relay: a Mailer, and the receipts of what the relay took."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from tocsin.domain.delivery import Claim, Outcome, Receipt
from tocsin.domain.letter import Envelope

# Gives at most so many messages as it is asked for, to be handed over now; none: nothing more is to be sent.
Supply = Callable[[int], Sequence[Envelope]]


class Mailer(Protocol):
    """Takes messages to the next server. One per worker thread; not shared."""

    def send(self, supply: Supply) -> Iterator[list[tuple[int, Outcome | None]]]:
        """Hand over all that `supply` gives, and yield how each message ended, by its number in the order of supply.

        None: nothing of it was handed over, and it is to be supplied again. Outcomes that are known together come together;
        none at all come when there was nothing new for a second.
        What was yielded is to be settled before the next is asked for: only then is more taken from the supply, so that
        little is handed over that nobody has written down.
        Never raises for what a network or a server does.
        """
        ...

    def close(self) -> None:
        """End the dialogue politely, if one is open."""
        ...


class Neighbours(Protocol):
    """The workers of this machine, of which one is ours."""

    def sign(self) -> None:
        """Say that ours works."""
        ...

    def silent(self, *, longer_than: timedelta) -> Mapping[str, timedelta]:
        """Return which others live and gave their last sign so much before ours, each with how much."""
        ...

    def close(self) -> None:
        """Say that ours works no more."""
        ...


class Receipts(Protocol):
    """What the processes of this machine noted, each as soon as the relay had taken it."""

    def neighbours(self, worker: str) -> Neighbours:
        """Return the workers of this machine, of which `worker` is ours."""
        ...

    def take(self, settle: Callable[[list[Receipt]], None]) -> None:
        """Give `settle` what each process that ended left behind, and throw it away when that returns."""
        ...

    def noted(self, claims: Collection[Claim]) -> list[Receipt]:
        """Return what any process noted of these, also one that lives."""
        ...


class Caller(Mailer, Protocol):
    """Calls one webhook; one for each batch."""

    @property
    def is_down(self) -> bool:
        """Whether the receiver turned out to be away, or wants to be left alone for a while; the rest of the batch waits."""
        ...

    @property
    def rest(self) -> timedelta:
        """For how long the receiver asked to be left alone."""
        ...
