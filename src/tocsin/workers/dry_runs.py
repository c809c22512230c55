"""The dry runs that were started in this process: one after the other, in a thread that is there once one was.

How far each is stands in the store, so that any process can show it, and whoever cancels one needs to know nobody here: what
has ended in the store is let go of. A process that dies gives no more signs of life.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable

from tocsin.domain.dry_run import Progress, Report, RunState
from tocsin.domain.errors import RateLimitedError, TocsinError
from tocsin.services import dry_runs
from tocsin.services.dry_runs import Job
from tocsin.services.ports import Scratch
from tocsin.services.preparation import Sender

MOST = 10  # of a process
TELL_EVERY = 1.0  # seconds
SIGN_EVERY = 10.0  # seconds, of those that wait
STOPPED = "the server was stopped meanwhile; nothing was sent, and it can be started again"

log = logging.getLogger("tocsin.dry_runs")


class _CancelledError(Exception):
    """It has ended in the store."""


class _StoppedError(Exception):
    """The process is to end."""


class DryRunner:
    """Takes dry runs, and carries them out one after the other."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._places = threading.BoundedSemaphore(MOST)
        self._line: queue.SimpleQueue[tuple[Sender, Job] | None] = queue.SimpleQueue()
        self._waiting: dict[str, tuple[Sender, Job]] = {}
        self._signed_at = 0.0
        self._stops = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def take(self, sender: Sender, begin: Callable[[], Job]) -> Job:
        """Begin a dry run, and carry it out in its turn. Raises RateLimitedError if too many wait, and what `begin` raises."""
        if self._stops.is_set() or not self._places.acquire(blocking=False):
            raise RateLimitedError("this server has enough dry runs to do; try again in a minute", retry_after=60)
        try:
            job = begin()
        except BaseException:
            self._places.release()
            raise
        self._waiting[job.run_id] = (sender, job)
        self._line.put((sender, job))
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="dry-runs", daemon=True)
                self._thread.start()
        return job

    def close(self) -> None:
        """Let go of what is under way, and take no more."""
        self._stops.set()
        self._line.put(None)
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while (taken := self._line.get()) is not None:
            sender, job = taken
            self._waiting.pop(job.run_id, None)
            try:
                self._carry_out(sender, job)
            except Exception:
                # As the store's being away: it gives no more signs of life, which is what its page tells then.
                log.exception("how a dry run ended could not be kept", extra={"workspace": job.workspace_id})
            finally:
                self._places.release()

    def _carry_out(self, sender: Sender, job: Job) -> None:
        try:
            report = self._tried(sender, job)
        except _CancelledError:
            return
        except _StoppedError:
            _end(sender, job, RunState.FAILED, sentence=STOPPED)
        except TocsinError as error:
            _end(sender, job, RunState.FAILED, sentence=dry_runs.why(error))
        except Exception:
            log.exception("a dry run failed unforeseen", extra={"workspace": job.workspace_id})
            _end(sender, job, RunState.FAILED, sentence="something went wrong at the server")
        else:
            _end(sender, job, RunState.DONE, report=report)

    def _tried(self, sender: Sender, job: Job) -> Report:
        if self._stops.is_set():
            raise _StoppedError
        with sender.store.transaction(job.workspace_id) as tx:
            if not tx.dry_runs.begin(job.run_id, now=sender.clock()):
                raise _CancelledError
        told_at = 0.0

        def told(progress: Progress) -> None:
            nonlocal told_at
            if self._stops.is_set():
                raise _StoppedError
            if time.monotonic() - told_at >= TELL_EVERY:
                self._tell(sender, job, progress)
                self._sign_for_others()
                told_at = time.monotonic()

        return dry_runs.carry_out(sender, self._scratch, job, told=told)

    def _tell(self, sender: Sender, job: Job, progress: Progress) -> None:
        """Keep how far it is. Raises _CancelledError if somebody has ended it; trouble of the store passes."""
        try:
            with sender.store.transaction(job.workspace_id) as tx:
                is_open = tx.dry_runs.see(job.run_id, progress, now=sender.clock())
        except TocsinError as error:
            log.warning("how far a dry run is could not be kept: %s", error)
            return
        if not is_open:
            raise _CancelledError

    def _sign_for_others(self) -> None:
        """Give a sign of life for those that wait."""
        if time.monotonic() - self._signed_at < SIGN_EVERY:
            return
        self._signed_at = time.monotonic()
        for sender, job in list(self._waiting.values()):
            try:
                self._tell(sender, job, Progress())
            except _CancelledError:
                self._waiting.pop(job.run_id, None)  # its turn comes, and ends at once


def _end(sender: Sender, job: Job, state: RunState, *, sentence: str = "", report: Report | None = None) -> None:
    with sender.store.transaction(job.workspace_id) as tx:
        tx.dry_runs.end(job.run_id, state, now=sender.clock(), sentence=sentence, report=report)
