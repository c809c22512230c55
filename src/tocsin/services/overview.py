"""The overview of a workspace: what went out, what comes next, what failed, who answered, and how the transport does."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tocsin.domain.advice import advice
from tocsin.domain.delivery import Attempt, Delivery, Result, State
from tocsin.domain.pause import Pause
from tocsin.domain.rsvp import Rsvp
from tocsin.formats import zones
from tocsin.services.ports import Transaction
from tocsin.services.ports_planned import PlannedFilter

DAYS = 14
SHOWN = 5  # deliveries of a list
_ATTEMPTS = 50
_ANY_DAY = PlannedFilter(since=datetime.fromtimestamp(0, UTC), until=datetime(zones.LATEST_YEAR + 1, 1, 1, tzinfo=UTC))
_FATES = {State.SENT: "sent", State.FAILED: "failed", State.EXPIRED: "failed"}
HELD = "held back"  # cancelled, superseded, suppressed: on purpose
FATES = ("sent", "failed", HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How many deliveries ended on a day of the workspace's zone, by what became of them (FATES)."""

    day: date
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many there were in all."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A delivery that did not go out, and what to do about it."""

    delivery: Delivery
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """How the last attempts ended, the latest first; since when what is due waits; and whether sending is paused."""

    attempts: Sequence[Attempt]
    oldest_due_at: datetime | None
    pause: Pause | None

    @property
    def results(self) -> Mapping[Result, int]:
        """How many of the attempts ended how."""
        return Counter(attempt.outcome.result for attempt in self.attempts if attempt.outcome is not None)

    def is_late(self, now: datetime) -> bool:
        """Tell whether something has been due for longer than sending takes."""
        return self.oldest_due_at is not None and now - self.oldest_due_at > timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All of it. The last of `days` is today; `has` says which of links, rules and bookings there are any."""

    days: Sequence[Day]
    coming: Sequence[Delivery]
    coming_number: int
    lost: Sequence[Lost]
    lost_number: int
    rsvps: Mapping[Rsvp, int]
    transport: Transport
    has: Mapping[str, bool]

    @property
    def today(self) -> Day:
        """What ended today."""
        return self.days[-1]


def overview(tx: Transaction, *, time_zone: str, now: datetime) -> Overview:
    """Return the overview of a workspace, whose days are those of its zone."""
    days = _days(tx, time_zone, now=now)
    coming, coming_number = tx.coming.page(_ANY_DAY, limit=SHOWN, offset=0)
    lost, lost_number = tx.overview.lost(since=now - timedelta(days=DAYS), limit=SHOWN)
    return Overview(
        days=days,
        coming=coming,
        coming_number=coming_number,
        lost=[_lost(tx, delivery) for delivery in lost],
        lost_number=lost_number,
        rsvps=tx.overview.rsvps(now=now, until=now + timedelta(days=DAYS)),
        transport=Transport(
            attempts=tx.overview.attempts(limit=_ATTEMPTS),
            oldest_due_at=tx.overview.oldest_due(now=now),
            pause=tx.usage.pause(),
        ),
        has=_has(tx),
    )


def advice_on(tx: Transaction, delivery: Delivery) -> str:
    """Return what to do about a delivery; empty if nothing is."""
    return _lost(tx, delivery).advice if delivery.state in (State.FAILED, State.EXPIRED) else ""


def _lost(tx: Transaction, delivery: Delivery) -> Lost:
    attempts = tx.deliveries.attempts(delivery.id)
    return Lost(delivery=delivery, advice=advice(delivery, attempts[-1].outcome if attempts else None))


def _days(tx: Transaction, time_zone: str, *, now: datetime) -> list[Day]:
    today = zones.local(now, time_zone).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    counts = {day: dict.fromkeys(FATES, 0) for day in days}
    # A day more than is shown, because the first begins somewhere within it.
    for tally in tx.overview.ended(since=now - timedelta(days=DAYS + 1)):
        day = zones.local(tally.began_at, time_zone).date()
        if day in counts:
            counts[day][_FATES.get(tally.state, HELD)] += tally.number
    return [Day(day=day, counts=counts[day]) for day in days]


def _has(tx: Transaction) -> dict[str, bool]:
    _, links = tx.links.page(templates=False, search="", host_email="", limit=1, offset=0)
    _, rules = tx.rules.page(limit=1, offset=0)
    return {"links": links > 0, "rules": rules > 0, "bookings": tx.overview.has_bookings()}
