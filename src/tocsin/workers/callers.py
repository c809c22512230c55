"""Calling webhooks, apart from mail: some receivers at a time, and no more of one that is away.

A batch is of one URL. A receiver that does not answer costs one call its patience and no other anything: what else waits for it
goes back, and it is left alone for a while.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

from tocsin.domain.delivery import Delivery, Settlement
from tocsin.domain.errors import UnavailableError
from tocsin.domain.retry import PROBE
from tocsin.services.attempts import UnsettledError, deliver, settle
from tocsin.services.ports_relay import Caller
from tocsin.services.preparation import Sender
from tocsin.workers.lease import LEASE, Lease

AT_ONCE = 8  # receivers that are called side by side
AT_ONCE_AWAY = AT_ONCE // 2  # of those that were away when they were last called: the others must find a place
MOST = 50  # calls of one batch
BATCH_S = 15.0  # after which a batch begins no other call: a slow receiver must not keep its place for long
IDLE_S = 0.5  # how long a call that is due waits at most
# How long a receiver is left alone after each batch in a row that found it away, in seconds; then every PROBE.
RESTS_S = (1.0, 5.0, 15.0)

log = logging.getLogger("tocsin.workers")


class Rests:
    """Which receivers are not to be called now: they are being called, or are left alone for a while. Shared by threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._in_hand: set[str] = set()
        self._until: dict[str, float] = {}  # monotonic seconds
        self._failures: dict[str, int] = {}

    def passed_over(self) -> set[str]:
        """Return who is not to be called now."""
        now = time.monotonic()
        with self._guard:
            self._until = {endpoint: at for endpoint, at in self._until.items() if at > now}
            away = self._failures.keys()
            is_full = len(self._in_hand & away) >= AT_ONCE_AWAY
            return {*self._in_hand, *self._until, *(away if is_full else ())}

    def begin(self, endpoint: str) -> None:
        """Take note that a batch begins."""
        with self._guard:
            self._in_hand.add(endpoint)

    def batch(self, endpoint: str) -> int:
        """Return how many calls to take: of one that was away, one."""
        with self._guard:
            return 1 if endpoint in self._failures else MOST

    def end(self, endpoint: str, *, is_down: bool, rest_s: float = 0.0) -> None:
        """Take note that a batch is over. One that is away rests; `rest_s` is how long it asked to be left alone."""
        with self._guard:
            self._in_hand.discard(endpoint)
            number = self._failures.pop(endpoint, 0)
            if is_down:
                rest_s = max(rest_s, RESTS_S[number] if number < len(RESTS_S) else PROBE.total_seconds())
                self._failures[endpoint] = number + 1
            if rest_s:
                self._until[endpoint] = time.monotonic() + rest_s

    def skip(self, endpoint: str) -> None:
        """Leave a receiver of which nothing could be taken: what is due of it is in another's hand."""
        with self._guard:
            self._in_hand.discard(endpoint)
            self._until[endpoint] = time.monotonic() + IDLE_S


class _Begun:
    """When the calls of a batch began: when it was asked for the first time, after they were written."""

    def __init__(self) -> None:
        self._at: float | None = None

    def seconds_ago(self) -> float:
        """Return for how long they have been going on."""
        now = time.monotonic()
        self._at = now if self._at is None else self._at
        return now - self._at


class Callers:
    """Calls what is due until told to stop."""

    def __init__(self, sender: Sender, caller: Callable[[], Caller], lease: Lease, stop: threading.Event) -> None:
        self._sender = sender
        self._caller = caller
        self._lease = lease
        self._stop = stop
        self._rests = Rests()
        self._places = threading.Semaphore(AT_ONCE)
        self._ended = threading.Event()  # a batch is over, and its receiver may have more

    def keep(self) -> None:
        """Give each receiver of which a call is due to a thread, until told to stop. Whatever goes wrong, it goes on."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="tocsin-calls") as pool:
            while not self._stop.is_set():
                if not self._places.acquire(timeout=IDLE_S):
                    continue
                self._ended.clear()
                endpoint = self._next()
                if endpoint is None:
                    self._places.release()
                    self._ended.wait(IDLE_S)
                else:
                    self._rests.begin(endpoint)
                    pool.submit(self._call, endpoint)

    def _next(self) -> str | None:
        try:
            return self._sender.store.queue.due_endpoint(
                now=self._sender.clock(), passed_over=self._rests.passed_over()
            )
        except UnavailableError as error:
            log.warning("%s", error)
        except Exception:
            log.exception("what is to be called could not be found out, unforeseen")
        return None

    def _call(self, endpoint: str) -> None:
        name = self._lease.name()
        try:
            self._batch(endpoint, name)
        except UnsettledError as error:
            log.warning("%s", error, exc_info=error.__cause__)
            self._settle(error.settlements)
            self._rests.skip(endpoint)
        except UnavailableError as error:
            log.warning("%s", error)
            self._rests.skip(endpoint)
        except Exception:
            log.exception("a batch of calls failed unforeseen")
            self._rests.skip(endpoint)
        finally:
            self._lease.release(name)
            self._places.release()
            self._ended.set()

    def _batch(self, endpoint: str, name: str) -> None:
        """Call what is due of one receiver."""
        sender, now, claimed_at = self._sender, self._sender.clock(), time.monotonic()
        claimed = sender.store.queue.claim_calls(
            endpoint,
            worker=name,
            now=now,
            lease_ends=now + self._lease.length,
            limit=self._rests.batch(endpoint),
        )
        if not claimed:
            self._rests.skip(endpoint)
            return
        sender.telemetry.claimed(claimed, seconds=time.monotonic() - claimed_at)
        self._lease.hold(name)
        with closing(self._caller()) as caller:
            begun = _Begun()
            deliver(
                sender,
                claimed,
                caller,
                is_held=lambda: self._goes_on(caller, begun) and self._lease.holds(claimed_at),
                pause=timedelta(0),
                given_back="its receiver is called again later",
            )
            self._rests.end(endpoint, is_down=caller.is_down, rest_s=caller.rest.total_seconds())

    def _goes_on(self, caller: Caller, begun: "_Begun") -> bool:
        return not (self._stop.is_set() or caller.is_down or begun.seconds_ago() > BATCH_S)

    def _settle(self, settlements: Sequence[Settlement]) -> None:
        """Write how calls ended as soon as the store takes it, and once more when told to stop: else they are made again."""
        while settlements:
            is_last = self._stop.is_set()
            try:
                settle(self._sender, settlements, now=self._sender.clock())
            except Exception as error:  # noqa: BLE001  it is tried again
                log.warning("calls could not be written down: %s", error)
                self._stop.wait(IDLE_S)
            else:
                return
            if is_last:
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
