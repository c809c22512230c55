"""The baton: of the threads that deliver one is at work, and the next takes over while that one can only wait.

More than one at a time would wait for Python's lock. But a message may get no answer for ten minutes, and the thread that waits
for it must hold up nobody.
"""

import threading
from types import TracebackType
from typing import Self


class Baton:
    """What a thread must have to take work. One for each thread, over a lock that they share."""

    def __init__(self, shared: threading.Lock) -> None:
        self._shared = shared
        self.is_mine = False

    def __enter__(self) -> Self:
        self._shared.acquire()
        self.is_mine = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pass_on()

    def pass_on(self) -> None:
        """Let the next thread work, if this one still has the baton."""
        if self.is_mine:
            self.is_mine = False
            self._shared.release()
