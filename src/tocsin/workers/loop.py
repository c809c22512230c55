"""Claim, deliver, repeat, until told to stop; and the crew of threads that does it."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from tocsin.domain.delivery import Delivery, Settlement
from tocsin.domain.errors import UnavailableError
from tocsin.services.attempts import UnsettledError, deliver
from tocsin.services.ports_relay import Caller, Mailer
from tocsin.services.preparation import Sender
from tocsin.workers import maintenance
from tocsin.workers.baton import Baton
from tocsin.workers.callers import Callers
from tocsin.workers.gate import Gate
from tocsin.workers.lease import LEASE, Lease
from tocsin.workers.pace import MOST, Pace
from tocsin.workers.turns import Turns

THREADS = 20  # as many as there are connections: each may have to wait for one answer
IDLE = timedelta(milliseconds=500)  # the longest that a due message waits for a sleeping worker of another process
GRACE = timedelta(seconds=30)  # for the message in hand when told to stop

log = logging.getLogger("tocsin.workers")


class Crew:
    """The worker threads of one process. They share a lease and the way to the relay, and one of them is at work at a time.

    With `caller` webhooks are called too, by threads of their own.
    """

    def __init__(
        self,
        sender: Sender,
        mailer: Callable[[], Mailer],
        bell: threading.Event,
        *,
        threads: int = THREADS,
        lease: timedelta = LEASE,
        caller: Callable[[], Caller] | None = None,
    ) -> None:
        self._sender = sender
        self._bell = bell
        self._stop = threading.Event()
        self._gate = Gate()
        self._turns = Turns()
        self._pace = Pace()
        self._at_work = threading.Lock()
        self._lease = Lease(sender.store.queue, sender.clock, sender.chance.new_id(), length=lease)
        jobs: list[Callable[[], None]] = [lambda: self._work(mailer()) for _ in range(threads)]
        jobs.append(lambda: self._lease.keep(self._stop))
        jobs.append(lambda: maintenance.keep(sender, self._stop, bell))
        if caller is not None:
            jobs.append(Callers(sender, caller, self._lease, self._stop).keep)
        self._threads = [threading.Thread(target=job, name=f"tocsin-{n}", daemon=True) for n, job in enumerate(jobs)]

    def start(self) -> None:
        """Start all threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take no more work, finish the message in hand, and return."""
        self._stop.set()
        self._bell.set()
        deadline = time.monotonic() + GRACE.total_seconds()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self, mailer: Mailer) -> None:
        unsettled: list[Settlement] = []
        name, baton = self._lease.name(), Baton(self._at_work)
        try:
            while not self._stop.is_set():
                # What could not be settled is settled before anything else is taken.
                if not self._survives(lambda: self._settle(unsettled), unsettled):
                    self._stop.wait(IDLE.total_seconds())
                    continue
                self._lease.release(name)
                name = self._lease.name()
                with baton:
                    if self._stop.is_set():
                        break
                    if not self._survives(partial(self._deliver_batch, mailer, baton, name), unsettled):
                        self._bell.wait(IDLE.total_seconds())
                        self._bell.clear()
        finally:
            with suppress(UnavailableError):
                self._settle(unsettled)
            mailer.close()

    def _survives(self, work: Callable[[], bool], unsettled: list[Settlement]) -> bool:
        """Return what `work` does. Nothing that goes wrong in it ends the thread; it has done nothing then."""
        try:
            return work()
        except UnsettledError as error:
            unsettled += error.settlements
            log.warning("%s", error, exc_info=error.__cause__)
        except UnavailableError as error:
            log.warning("%s", error)
        except Exception:
            log.exception("a batch failed unforeseen")
        return False

    def _settle(self, unsettled: list[Settlement]) -> bool:
        if unsettled:
            self._sender.store.queue.settle(unsettled, now=self._sender.clock())
            unsettled.clear()
        return True

    def _deliver_batch(self, mailer: Mailer, baton: Baton, name: str) -> bool:
        """Deliver one batch, claimed by that name; tell whether there was any."""
        sender, now = self._sender, self._sender.clock()
        limit = self._gate.allowance(self._pace.limit, now=now)
        if limit == 0:
            return False
        claimed_at = time.monotonic()
        claimed = self._claim(limit, name, now=now)
        if claimed:
            self._lease.hold(name)
            outcome = deliver(
                sender,
                claimed,
                mailer,
                is_held=lambda: not self._stop.is_set() and self._lease.holds(claimed_at),
                pause=self._gate.pause,
                on_wait=baton.pass_on,
            )
            self._gate.report(outcome, now=sender.clock())
            if baton.is_mine:  # else one message kept it waiting, which tells nothing of the others
                self._pace.took(len(claimed), seconds=time.monotonic() - claimed_at)
        return bool(claimed)

    def _claim(self, limit: int, name: str, *, now: datetime) -> list[Delivery]:
        """Take what has been due longest, but let those have a turn who wait behind a crowd."""
        lease_ends = now + self._lease.length
        claim = partial(self._sender.store.queue.claim, worker=name, lease_ends=lease_ends)
        passed_over = self._turns.passed_over(now=now)
        claimed = claim(now=now, limit=limit, passed_over=passed_over)
        if any(one.crashes for one in claimed):
            return claimed  # a suspect is taken alone, which says nothing of a crowd
        self._turns.took(claimed, passed_over, limit=limit, now=now)
        if not claimed and passed_over:
            claimed = claim(now=now, limit=limit)
            self._turns.took(claimed, frozenset(), limit=limit, now=now)
        return claimed


def drain(sender: Sender, mailer: Mailer, *, limit: int = 1000) -> int:
    """Deliver all that is due now, in this thread; return how many deliveries were claimed. For demonstrations and tests."""
    total = 0
    while total < limit:
        now = sender.clock()
        batch = min(MOST, limit - total)
        claimed = sender.store.queue.claim(worker="drain", now=now, lease_ends=now + LEASE, limit=batch)
        if not claimed:
            break
        deliver(sender, claimed, mailer, is_held=lambda: True, pause=timedelta(seconds=30))
        total += len(claimed)
    return total
