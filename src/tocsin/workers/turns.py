"""Fair turns: who is passed over in the next claim, so that nobody waits behind the crowd of somebody else.

Claims go by due moment, and 100,000 messages of one workspace that are due at the same minute would come before the single
one of another. So, while there is a crowd, every second those get a turn who got none since the last.
"""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from tocsin.domain.delivery import Delivery
from tocsin.domain.model import WorkspaceId

EVERY = timedelta(seconds=1)


class Turns:
    """Shared by all threads of a process: whose deliveries were taken since the others had a turn."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._served: set[WorkspaceId] = set()
        self._last: datetime | None = None

    def passed_over(self, *, now: datetime) -> frozenset[WorkspaceId]:
        """Return whose deliveries the next claim leaves out: of those who were served lately, if the others' turn has come."""
        with self._guard:
            if self._last is None:
                return frozenset()
            # A clock that was set back must not put off the turn for as long.
            is_soon = self._last <= now < self._last + EVERY
            return frozenset() if is_soon else frozenset(self._served)

    def took(
        self, claimed: Sequence[Delivery], passed_over: frozenset[WorkspaceId], *, limit: int, now: datetime
    ) -> None:
        """Take note of a claim of at most `limit`. Fewer than that: there is no crowd, or all others had their turn."""
        with self._guard:
            self._served |= {one.workspace_id for one in claimed}
            if len(claimed) < limit:
                self._served = set()
                self._last = now if passed_over else None
            elif self._last is None:
                self._last = now
