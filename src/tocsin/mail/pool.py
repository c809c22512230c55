"""The connections of a process to its relay, which all of its threads share: each is with one message, or with nobody."""

import threading
import time
from collections.abc import Iterable, Sequence

from tocsin.mail.connection import QUIT_S
from tocsin.mail.smtp import SmtpMailer

NARROW_S = 60.0  # how long a relay that refused one more connection is not asked for it again
_LATELY_S = 10.0  # an answer within that time shows that the relay works


class Pool:
    """Connections that are taken for a message each and come back after it."""

    def __init__(self, lanes: Sequence[SmtpMailer]) -> None:
        self._lanes = list(lanes)
        self._idle = list(lanes)
        self._shut_until: dict[SmtpMailer, float] = {}
        self._changed = threading.Condition()

    def take(self) -> list[SmtpMailer]:
        """Return all that a message can go over now, those that are open first.

        Only one connects at a time, so that a relay is not stormed.
        """
        with self._changed:
            for lane in self._idle:
                lane.rest()
            taken = [lane for lane in self._idle if lane.is_open]
            if not any(lane.is_opening for lane in self._lanes):
                taken += [lane for lane in self._idle if not lane.is_open and not self._is_shut(lane)][:1]
            self._idle = [lane for lane in self._idle if lane not in taken]
            return taken

    def give_back(self, lanes: Iterable[SmtpMailer]) -> None:
        """Let others have connections that are with no message any more."""
        with self._changed:
            self._idle += lanes
            self._changed.notify_all()

    def wait(self, within_s: float) -> None:
        """Wait until a connection comes back, or so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._idle, within_s)

    def is_narrow(self, refused: SmtpMailer) -> bool:
        """Tell whether a relay that had no connection for one lane works on others; that one rests for a while then."""
        now = time.monotonic()
        with self._changed:
            works = any(
                lane.is_open and now - lane.answered_at < _LATELY_S for lane in self._lanes if lane is not refused
            )
            if works:
                self._shut_until[refused] = now + NARROW_S
            else:
                self._shut_until.clear()  # it is away for all of them
            return works

    def close(self) -> None:
        """Say QUIT on every connection that is with no message, on all at once."""
        with self._changed:
            idle = [lane for lane in self._idle if lane.is_open]
            self._idle = [lane for lane in self._idle if lane not in idle]
        leaving = [threading.Thread(target=lane.close, daemon=True) for lane in idle]
        for one in leaving:
            one.start()
        deadline = time.monotonic() + QUIT_S
        for one in leaving:
            one.join(max(0.0, deadline - time.monotonic()))
        self.give_back(idle)

    def _is_shut(self, lane: SmtpMailer) -> bool:
        return self._shut_until.get(lane, 0.0) > time.monotonic()
