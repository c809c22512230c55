"""The way to the relay: shut while the relay is in trouble, with one probe now and then."""

import threading
from datetime import datetime, timedelta

from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.retry import PROBE

# A relay that restarts is back in a second; one that stays away is asked every PROBE.
_FIRST_PAUSES = (timedelta(seconds=1), timedelta(seconds=2), timedelta(seconds=5), timedelta(seconds=15))


class Gate:
    """Shared by all threads of a process: how much each may claim now, and how long to leave the relay alone."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._failures = 0
        self._opens_at: datetime | None = None

    @property
    def pause(self) -> timedelta:
        """How long the relay is left alone after its next failure."""
        return _FIRST_PAUSES[self._failures] if self._failures < len(_FIRST_PAUSES) else PROBE

    @property
    def is_shut(self) -> bool:
        """Whether the relay is left alone, but for a probe."""
        with self._guard:
            return self._opens_at is not None

    def allowance(self, wanted: int, *, now: datetime) -> int:
        """Return how many deliveries to claim: `wanted`, none while shut, or one when it is time to probe."""
        with self._guard:
            if self._opens_at is None:
                return wanted
            # A clock that was set back must not keep the way shut for as long.
            if now < self._opens_at <= now + PROBE:
                return 0
            self._opens_at = now + self.pause
            return 1

    def report(self, outcome: Outcome | None, *, now: datetime) -> None:
        """Take note of how an attempt ended; None and withdrawn ones say nothing of the relay."""
        if outcome is None or outcome.result is Result.WITHDRAWN:
            return
        with self._guard:
            if outcome.result is Result.TRANSPORT:
                self._opens_at = now + self.pause
                self._failures += 1
            else:
                self._failures, self._opens_at = 0, None
