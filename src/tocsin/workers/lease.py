"""The lease of what a worker has in hand: renewed while it works, and doubted as soon as it may have lapsed."""

import logging
import threading
import time
from datetime import timedelta
from itertools import count

from tocsin.domain.errors import UnavailableError
from tocsin.services.ports import Clock
from tocsin.services.ports_queue import Queue

# Short, because work of a killed worker waits for it; renewed, because the answer to a message may take ten minutes.
LEASE = timedelta(seconds=60)

log = logging.getLogger("tocsin.workers")


class Lease:
    """The lease of one worker process, on the monotonic clock.

    A process that was paused past its lease finds on waking that others have its work. `holds` answers from what this
    process knows for certain, and a renewal that came too late does not bring back what was taken before it.

    Each claim goes by a name of its own, and only the names of claims that were answered are renewed: a database that dies may
    have carried out a claim whose answer never came, and what nobody knows of must lapse.
    """

    def __init__(self, queue: Queue, clock: Clock, worker: str, *, length: timedelta = LEASE) -> None:
        self.length = length
        self._worker = worker
        self._numbers = count(1)
        self._in_hand: set[str] = set()
        self._queue = queue
        self._clock = clock
        self._renewed_at = time.monotonic()
        self._lost_before = float("-inf")
        self._guard = threading.Lock()

    def name(self) -> str:
        """Return the name of the next claim."""
        return f"{self._worker}/{next(self._numbers)}"

    def hold(self, name: str) -> None:
        """Renew from now on what was claimed by this name."""
        with self._guard:
            self._in_hand.add(name)

    def release(self, name: str) -> None:
        """Renew no more what was claimed by this name; nothing of it is in hand."""
        with self._guard:
            self._in_hand.discard(name)

    def holds(self, claimed_at: float) -> bool:
        """Tell whether what was claimed at `claimed_at` (monotonic seconds) is ours for at least half a lease more."""
        with self._guard:
            known_at = max(claimed_at, self._renewed_at)
            return claimed_at > self._lost_before and time.monotonic() - known_at < self.length.total_seconds() / 2

    def renew(self) -> None:
        """Extend the lease of all that this worker has in hand."""
        with self._guard:
            names, asked_at = list(self._in_hand), time.monotonic()
        self._queue.extend(workers=names, lease_ends=self._clock() + self.length)
        with self._guard:
            if asked_at - self._renewed_at >= self.length.total_seconds():
                self._lost_before = asked_at
            self._renewed_at = asked_at

    def keep(self, stop: threading.Event) -> None:
        """Renew until told to stop; what cannot be renewed lapses by itself."""
        while not stop.wait(self.length.total_seconds() / 3):
            try:
                self.renew()
            except UnavailableError as error:
                log.warning("the lease could not be renewed: %s", error)
