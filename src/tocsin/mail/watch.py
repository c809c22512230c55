"""Watching several sockets: which of them has something to be read, or room to write."""

import select
from typing import Generic, Protocol, TypeVar


class Watched(Protocol):
    """What has a socket, another one from time to time, and events of `poll` that it waits for."""

    @property
    def events(self) -> int:
        """What to poll for."""
        ...

    def fileno(self) -> int:
        """Return the number of the socket; -1 while there is none."""
        ...


T = TypeVar("T", bound=Watched)


class Watch(Generic[T]):
    """Whose sockets are watched, and what for."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._by_number: dict[int, T] = {}
        self._known: dict[T, tuple[int, int]] = {}

    def follow(self, one: T) -> None:
        """Take note of the socket that `one` has now, or that it has none any more."""
        number = one.fileno()
        wanted = None if number < 0 else (number, one.events)
        if wanted == self._known.get(one):
            return
        self.forget(one)
        if wanted is not None:
            self._poll.register(*wanted)
            self._by_number[number], self._known[one] = one, wanted

    def forget(self, one: T) -> None:
        """Watch `one` no more."""
        known = self._known.pop(one, None)
        if known is not None and self._by_number.get(known[0]) is one:
            self._poll.unregister(known[0])
            del self._by_number[known[0]]

    def heard(self, *, within_s: float) -> list[T]:
        """Return who can go on, at once or within that many seconds."""
        return [self._by_number[number] for number, _ in self._poll.poll(1000 * within_s)]
