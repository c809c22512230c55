"""Calling webhooks, apart from mail: some receivers at a time, and no more of one that is away.

A batch is of one URL. A receiver that does not answer costs one call its patience and no other anything: what else waits for it
goes back, and it is left alone for a while.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from tocsin.domain.delivery import Delivery, Settlement
from tocsin.domain.errors import UnavailableError
from tocsin.domain.retry import PROBE
from tocsin.services.attempts import UnsettledError, deliver
from tocsin.services.ports_relay import Caller
from tocsin.services.preparation import Sender
from tocsin.workers.lease import LEASE, Lease

AT_ONCE = 8  # receivers that are called side by side
MOST = 50  # calls of one batch
IDLE_S = 0.5  # how long a call that is due waits at most
# How long a receiver is left alone after each batch in a row that found it away, in seconds; then every PROBE.
RESTS_S = (1.0, 5.0, 15.0)

log = logging.getLogger("tocsin.workers")


@dataclass(slots=True)
class _Rests:
    """Which receivers are not to be called now: they are being called, or are left alone until a moment (monotonic seconds)."""

    in_hand: set[str] = field(default_factory=set)
    until: dict[str, float] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)

    def passed_over(self) -> set[str]:
        now = time.monotonic()
        return self.in_hand | {endpoint for endpoint, at in self.until.items() if at > now}

    def after(self, endpoint: str, *, is_down: bool) -> None:
        """Take note that a batch is over."""
        self.in_hand.discard(endpoint)
        number = self.failures.pop(endpoint, 0)
        self.until.pop(endpoint, None)
        if is_down:
            rest = RESTS_S[number] if number < len(RESTS_S) else PROBE.total_seconds()
            self.failures[endpoint] = number + 1
            self.until[endpoint] = time.monotonic() + rest

    def pause(self, endpoint: str) -> None:
        """Leave a receiver of which nothing could be taken: what is due of it is in another's hand, or waits for that."""
        self.in_hand.discard(endpoint)
        self.until[endpoint] = time.monotonic() + IDLE_S


class Callers:
    """Calls what is due until told to stop."""

    def __init__(self, sender: Sender, caller: Callable[[], Caller], lease: Lease, stop: threading.Event) -> None:
        self._sender = sender
        self._caller = caller
        self._lease = lease
        self._stop = stop
        self._rests = _Rests()
        self._guard = threading.Lock()

    def keep(self) -> None:
        """Give each receiver of which a call is due to a thread, until told to stop."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="tocsin-calls") as pool:
            while not self._stop.is_set():
                endpoint = self._next()
                if endpoint is None:
                    self._stop.wait(IDLE_S)
                else:
                    pool.submit(self._call, endpoint)

    def _next(self) -> str | None:
        with self._guard:
            if len(self._rests.in_hand) >= AT_ONCE:
                return None
            passed_over = self._rests.passed_over()
        try:
            endpoint = self._sender.store.queue.due_endpoint(now=self._sender.clock(), passed_over=passed_over)
        except UnavailableError as error:
            log.warning("%s", error)
            return None
        if endpoint is not None:
            with self._guard:
                self._rests.in_hand.add(endpoint)
        return endpoint

    def _call(self, endpoint: str) -> None:
        name = self._lease.name()
        is_down: bool | None = None
        try:
            is_down = self._batch(endpoint, name)
        except UnsettledError as error:
            log.warning("%s", error, exc_info=error.__cause__)
            self._settle(error.settlements)
        except UnavailableError as error:
            log.warning("%s", error)
        except Exception:
            log.exception("a batch of calls failed unforeseen")
        finally:
            self._lease.release(name)
            with self._guard:
                if is_down is None:
                    self._rests.pause(endpoint)
                else:
                    self._rests.after(endpoint, is_down=is_down)

    def _batch(self, endpoint: str, name: str) -> bool | None:
        """Call what is due of one receiver; tell whether it is away, or None if nothing could be taken."""
        sender, now, claimed_at = self._sender, self._sender.clock(), time.monotonic()
        claimed = sender.store.queue.claim_calls(
            endpoint, worker=name, now=now, lease_ends=now + self._lease.length, limit=MOST
        )
        if not claimed:
            return None
        self._lease.hold(name)
        caller = self._caller()
        try:
            deliver(
                sender,
                claimed,
                caller,
                is_held=lambda: not self._stop.is_set() and not caller.is_down and self._lease.holds(claimed_at),
                pause=timedelta(0),
            )
            return caller.is_down
        finally:
            caller.close()

    def _settle(self, settlements: Sequence[Settlement]) -> None:
        """Write how calls ended as soon as the store takes it; what was called must not be called once more."""
        while settlements:
            with suppress(UnavailableError):
                self._sender.store.queue.settle(settlements, now=self._sender.clock())
                return
            if self._stop.wait(IDLE_S):
                return


def _is_down_after(sender: Sender, caller: Caller, claimed: Sequence[Delivery]) -> bool:
    deliver(sender, claimed, caller, is_held=lambda: not caller.is_down, pause=timedelta(0))
    caller.close()
    return caller.is_down


def drain_calls(sender: Sender, caller: Callable[[], Caller]) -> int:
    """Call all that is due now, in this thread; return how many calls were claimed. For demonstrations and tests."""
    total, called = 0, set[str]()
    while (endpoint := sender.store.queue.due_endpoint(now=sender.clock(), passed_over=called)) is not None:
        now = sender.clock()
        claimed = sender.store.queue.claim_calls(endpoint, worker="drain", now=now, lease_ends=now + LEASE, limit=MOST)
        if _is_down_after(sender, caller(), claimed) or not claimed:
            called.add(endpoint)
        total += len(claimed)
    return total
