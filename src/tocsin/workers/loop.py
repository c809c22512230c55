"""Claim, deliver, repeat, until told to stop; and the crew of threads that does it."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from tocsin.domain.delivery import Delivery, Settlement
from tocsin.domain.errors import UnavailableError
from tocsin.services.attempts import UnsettledError, deliver, settle
from tocsin.services.ports_relay import Caller, Mailer, Receipts
from tocsin.services.preparation import Sender
from tocsin.services.receipts import of_lapsed, settle_left
from tocsin.workers import integrity, maintenance, neighbours, sources
from tocsin.workers.baton import Baton
from tocsin.workers.callers import Callers
from tocsin.workers.gate import Gate
from tocsin.workers.lease import LEASE, Lease
from tocsin.workers.pace import MOST, Pace
from tocsin.workers.turns import Turns

THREADS = 20  # as many as there are connections: each may have to wait for one answer
IDLE = timedelta(milliseconds=500)  # the longest that a due message waits for a sleeping worker of another process
STUCK = timedelta(minutes=10)  # longer than any dialogue may last (RFC 5321, 4.5.3.2: ten minutes for the last dot)
GRACE = timedelta(seconds=30)  # for the message in hand when told to stop

log = logging.getLogger("tocsin.workers")


@dataclass(slots=True, kw_only=True)
class _Seat:
    """What one thread has: its way to the relay, the name of its claim, and what it could not settle yet."""

    mailer: Mailer
    baton: Baton
    name: str
    unsettled: list[Settlement] = field(default_factory=list)


class Crew:
    """The worker threads of one process. They share a lease and the way to the relay, and one of them is at work at a time.

    With `caller` webhooks are called too, by threads of their own. What workers of this machine left behind in `receipts` when
    they were killed is not sent again.
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
        receipts: Receipts | None = None,
    ) -> None:
        self._sender = sender
        self._receipts = receipts
        self._bell = bell
        self._stop = threading.Event()
        self._gate = Gate()
        self._turns = Turns()
        self._pace = Pace()
        self._at_work = threading.Lock()
        self._beat_at = time.monotonic()
        queue, clock, worker = sender.store.queue, sender.clock, sender.chance.new_id()
        self._lease = Lease(queue, clock, worker, length=lease)
        jobs: list[Callable[[], None]] = [lambda: self._work(mailer()) for _ in range(threads)]
        jobs.append(lambda: self._lease.keep(self._stop))
        jobs.append(lambda: integrity.keep(sender.store, self._stop))
        jobs.append(lambda: maintenance.keep(sender, self._stop, bell, receipts))
        if receipts is not None:
            beside = receipts.neighbours(worker)
            jobs.append(lambda: neighbours.keep(queue, clock, beside, self._stop, lease=lease))
        if sender.fetch is not None:
            asking = (sources.keep, sources.keep_looking)
            jobs += [partial(keep, sender, sender.fetch, self._stop, bell) for keep in asking]
        if caller is not None:
            jobs.append(Callers(sender, caller, self._lease, self._stop).keep)
        self._threads = [threading.Thread(target=job, name=f"tocsin-{n}", daemon=True) for n, job in enumerate(jobs)]

    def start(self) -> None:
        """Start all threads. What died workers had handed over is settled before anything is claimed."""
        receipts = self._receipts
        if receipts is not None:
            self._survives(lambda: settle_left(self._sender, receipts), [])
        self._beat_at = time.monotonic()
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
        seat = self._seat(mailer)
        try:
            while not self._stop.is_set():
                if self._is_clear(seat):
                    self._round(seat)
                else:
                    self._stop.wait(IDLE.total_seconds())
        finally:
            with suppress(UnavailableError):
                self._settle(seat.unsettled)
            mailer.close()

    def _seat(self, mailer: Mailer) -> _Seat:
        return _Seat(mailer=mailer, baton=Baton(self._at_work), name=self._lease.name())

    def _is_clear(self, seat: _Seat) -> bool:
        """Settle what could not be settled, before anything else is taken; tell whether nothing of it is left."""
        return self._survives(lambda: self._settle(seat.unsettled), seat.unsettled)

    def _round(self, seat: _Seat) -> bool:
        """Deliver one batch, or wait a moment if there is none; tell whether there was one."""
        self._lease.release(seat.name)
        seat.name = self._lease.name()
        with seat.baton:
            if self._stop.is_set():
                return False
            self._beat()
            is_done = self._survives(partial(self._deliver_batch, seat), seat.unsettled)
            if not is_done:
                self._bell.wait(IDLE.total_seconds())
                self._bell.clear()
            return is_done

    def trouble(self) -> str | None:
        """Return what is wrong with the threads, in a sentence; None if they work."""
        if any(not thread.is_alive() for thread in self._threads):
            return "a thread of the worker has ended; restart the process"
        if time.monotonic() - self._beat_at > STUCK.total_seconds():
            return f"no worker has looked for work for {STUCK.total_seconds() / 60:.0f} minutes; restart the process"
        return None

    def _beat(self) -> None:
        self._beat_at = time.monotonic()
        self._sender.telemetry.beat()

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
            settle(self._sender, unsettled, now=self._sender.clock())
            unsettled.clear()
        return True

    def _deliver_batch(self, seat: _Seat) -> bool:
        """Deliver one batch, claimed by the seat's name; tell whether there was any."""
        sender, now = self._sender, self._sender.clock()
        limit = self._gate.allowance(self._pace.limit, now=now)
        if limit == 0:
            return False
        claimed_at = time.monotonic()
        claimed = self._claim(limit, seat.name, now=now)
        if claimed:
            sender.telemetry.claimed(claimed, seconds=time.monotonic() - claimed_at)
            self._lease.hold(seat.name)
            outcome = deliver(
                sender,
                self._unsent(seat, claimed),
                seat.mailer,
                is_held=lambda: self._is_held(claimed_at),
                pause=self._gate.pause,
                on_wait=seat.baton.pass_on,
            )
            self._gate.report(outcome, now=sender.clock())
            sender.telemetry.relay(is_shut=self._gate.is_shut)
            if seat.baton.is_mine:  # else one message kept it waiting, which tells nothing of the others
                self._pace.took(len(claimed), seconds=time.monotonic() - claimed_at)
        return bool(claimed)

    def _unsent(self, seat: _Seat, claimed: list[Delivery]) -> list[Delivery]:
        """Return what is to be sent; what another worker had handed over is written down before the next batch is taken."""
        noted = [] if self._receipts is None else of_lapsed(self._sender, self._receipts, claimed)
        seat.unsettled += noted
        sent = {one.delivery.id for one in noted}
        return [one for one in claimed if one.id not in sent]

    def _is_held(self, claimed_at: float) -> bool:
        """Tell whether a message of the batch may still leave; each that asks is a sign of life, for a batch may last."""
        self._beat_at = time.monotonic()
        return not self._stop.is_set() and self._lease.holds(claimed_at)

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
