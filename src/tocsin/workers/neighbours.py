"""A thread that shows the other workers of this machine that this one works, and gives one that stands still a second lease.

Such a worker alone knows what the relay has taken from it meanwhile. If it goes on within that time nobody sends it again. One
that was killed is told from it by the lock of its file, and nobody waits for it.
"""

import logging
import threading
from datetime import timedelta

from tocsin.domain.errors import TocsinError
from tocsin.services.ports import Clock
from tocsin.services.ports_queue import Queue
from tocsin.services.ports_relay import Neighbours

# Parts of a lease. Whoever stands still is seen half a lease later at the most, when its own has a sixth or more to go.
EVERY, SILENT = 6, 3
# Of a lease, for which a look leaves it what it has in hand: so that what it had is soon free if it is killed then.
STEP = 2

log = logging.getLogger("tocsin.workers")


def keep(queue: Queue, clock: Clock, neighbours: Neighbours, stop: threading.Event, *, lease: timedelta) -> None:
    """Do so until told to stop."""
    neighbours.sign()
    while not stop.wait(lease.total_seconds() / EVERY):
        try:
            spare(queue, clock, neighbours, lease=lease)
        except TocsinError as error:
            log.warning("neighbours: %s", error)
        except Exception:
            log.exception("a look at the neighbours failed unforeseen")
    neighbours.close()


def spare(queue: Queue, clock: Clock, neighbours: Neighbours, *, lease: timedelta) -> None:
    """Give a sign of life; what those have in hand that gave none for a while is theirs for two leases from their last."""
    neighbours.sign()
    for worker, silence in neighbours.silent(longer_than=lease / SILENT).items():
        if silence < 2 * lease:
            log.info("worker %s of this machine stands still; what it has in hand is left to it for now", worker)
            queue.spare(worker, until=clock() + min(2 * lease - silence, lease / STEP))
