"""Sending pauses by itself when too much of it comes back or is called spam: the relay's good name is everybody's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.domain.delivery import Delivery, State, Verdict

WINDOW = timedelta(days=7)
FEWEST = 500  # messages; of fewer, a share says nothing
# A little below where large relays put an account under review (5 % and 0.1 %).
MOST_BOUNCED = 400  # of 10,000
MOST_COMPLAINED = 8  # of 10,000
FEWEST_COMPLAINED = 3  # one angry reader must not stop a workspace
LOOK_AGAIN = timedelta(minutes=10)
PAUSED = "sending is paused since "  # how every reason begins for which a delivery waits meanwhile


class Fate(StrEnum):
    """What is counted of the messages of the last WINDOW."""

    SENT = "sent"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Since when nothing leaves from a workspace, and why."""

    since_at: datetime
    because: str

    @property
    def sentence(self) -> str:
        """Say it in words."""
        return f"{PAUSED}{self.since_at:%Y-%m-%d %H:%M} UTC: {self.because}; the operator can resume it"

    def verdict(self, delivery: Delivery, *, now: datetime) -> Verdict:
        """Return how `delivery` waits meanwhile."""
        return waiting(delivery, until=now + LOOK_AGAIN, reason=self.sentence)


def waiting(delivery: Delivery, *, until: datetime, reason: str) -> Verdict:
    """Return how a delivery in hand waits for what is no failure of its own: as it did before it was taken."""
    return Verdict(state=State.RETRYING if delivery.failures else State.SCHEDULED, reason=reason, next_at=until)


def too_many(*, sent: int, bounced: int, complained: int) -> str | None:
    """Return why sending must pause, or None if all is well."""
    if sent < FEWEST:
        return None
    if bounced * 10_000 >= MOST_BOUNCED * sent:
        return (
            f"{_share(bounced, sent)} of the last {WINDOW.days} days bounced, and {MOST_BOUNCED / 100:g} % are too many"
        )
    if complained >= FEWEST_COMPLAINED and complained * 10_000 >= MOST_COMPLAINED * sent:
        called = f"{_share(complained, sent)} of the last {WINDOW.days} days were called spam"
        return f"{called}, and {MOST_COMPLAINED / 100:g} % are too many"
    return None


def _share(some: int, sent: int) -> str:
    return f"{some} of {sent} messages ({100 * some / sent:.2f} %)"
