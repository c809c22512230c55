"""The bell that wakes workers, and what carries its sound to workers of other processes.

Nothing depends on it: whoever hears nothing finds what is due by polling.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from tocsin.domain.errors import UnavailableError

GATHER_S = 0.03  # seconds between two hints: a burst of bookings is one hint, and nobody notices the delay
LISTEN_S = 0.25  # seconds after which whoever listens looks whether to stop
RETRY_S = 2.0  # seconds before a connection that broke is tried again

log = logging.getLogger("tocsin.workers")


class Ears(Protocol):
    """What hears the hints of other processes."""

    def heard(self, *, within_s: float) -> bool:
        """Wait at most `within_s` seconds; tell whether there was a hint. Raises UnavailableError."""
        ...


class Hints(Protocol):
    """The way between the processes."""

    def tell(self) -> None:
        """Hint to all other processes. Raises UnavailableError."""
        ...

    def listening(self) -> AbstractContextManager[Ears | None]:
        """Give what hears hints, or None where they do not arrive. Raises UnavailableError."""
        ...


class Bell(threading.Event):
    """Rung when something may have fallen due, so that workers need not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.rung_here = threading.Event()  # what other processes have not been told yet

    def set(self) -> None:
        """Wake the workers of this process, and let those of others be told."""
        super().set()
        self.rung_here.set()

    def echo(self) -> None:
        """Wake the workers of this process alone: the others know already."""
        super().set()


@contextmanager
def hinting(hints: Hints, bell: Bell, *, hears: bool) -> Iterator[None]:
    """Tell other processes when the bell rings, and ring it for theirs if it `hears`, until the end of the block."""
    stop = threading.Event()
    threads = [threading.Thread(target=tell, args=(hints, bell, stop), name="tocsin-tells", daemon=True)]
    if hears:
        threads.append(threading.Thread(target=listen, args=(hints, bell, stop), name="tocsin-listens", daemon=True))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        bell.rung_here.set()
        for thread in threads:
            # One that connects to a server that is away may take longer, and is left to the process's end.
            thread.join(1)


def tell(hints: Hints, bell: Bell, stop: threading.Event) -> None:
    """Tell other processes that the bell rang, at most once in GATHER_S, until told to stop."""
    while True:
        bell.rung_here.wait()
        if stop.is_set():
            return
        bell.rung_here.clear()
        try:
            hints.tell()
        except UnavailableError:
            log.debug("a hint could not be sent")  # whoever needed the database at this moment has said so
        except Exception:
            log.exception("a hint failed unforeseen")
        stop.wait(GATHER_S)


def listen(hints: Hints, bell: Bell, stop: threading.Event) -> None:
    """Ring the bell for the hints of other processes until told to stop, or for good where none arrive."""
    while not stop.is_set():
        try:
            with hints.listening() as ears:
                if ears is None:
                    log.info("no hints arrive here, as behind a pooler in transaction mode; polling finds what is due")
                    return
                _hear(ears, bell, stop)
        except UnavailableError as error:
            log.warning("hints: %s; polling goes on", error)
        except Exception:
            log.exception("hints failed unforeseen; polling goes on")
        stop.wait(RETRY_S)


def _hear(ears: Ears, bell: Bell, stop: threading.Event) -> None:
    bell.echo()  # for what was missed until now
    while not stop.is_set():
        if ears.heard(within_s=LISTEN_S):
            bell.echo()
