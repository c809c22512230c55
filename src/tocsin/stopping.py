"""Waiting to be told to stop: SIGTERM or Ctrl-C, whichever thread of the process the kernel gives it to."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def told_to_stop() -> Iterator[Callable[[], object]]:
    """Give what waits until the process was told to stop since the block began. For the main thread alone.

    Python's handlers run in the main thread, and a lock that it waits for hears nothing of a signal that another thread got.
    """
    hears, rings = socket.socketpair()
    with hears, rings:
        rings.setblocking(False)  # noqa: FBT003  the standard library's signature
        before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
        woken_before = signal.set_wakeup_fd(rings.fileno())
        try:
            yield lambda: hears.recv(1)
        finally:
            signal.set_wakeup_fd(woken_before)
            for number, handler in before.items():
                signal.signal(number, handler)
