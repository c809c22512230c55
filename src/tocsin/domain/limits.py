"""How much may leave: limits over sliding windows, counted in buckets so that no window whatever holds more than its limit."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import accumulate

BUCKETS = 24  # of a window; the price of so few numbers is that a place frees up to a 24th of the window late
LARGEST = 1_000_000_000
REACHED = "the limit of "  # how every reason begins for which a delivery waits that a limit holds back

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOWS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_NAMES = {window: name for name, window in _WINDOWS.items()}
_ONE = re.compile(r"([0-9]{1,10})/([a-z]+)", re.ASCII)


class Scope(StrEnum):
    """Of what a limit counts the messages."""

    WORKSPACE = "workspace"
    RECIPIENT = "recipient"
    DOMAIN = "domain"  # of the recipient's address


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `most` messages in any `window`."""

    scope: Scope
    most: int
    window: timedelta

    def __str__(self) -> str:
        return f"{self.most}/{_NAMES[self.window]}"

    @property
    def sentence(self) -> str:
        """Say it in words."""
        messages = "1 message" if self.most == 1 else f"{self.most} messages"
        span = f"an {_NAMES[self.window]}" if self.window == _WINDOWS["hour"] else f"a {_NAMES[self.window]}"
        return f"{REACHED}{messages} {span} {_TO[self.scope]}"


_TO = {
    Scope.WORKSPACE: "for the whole workspace",
    Scope.RECIPIENT: "to one recipient",
    Scope.DOMAIN: "to one domain",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All limits that hold for a workspace; none for what is empty."""

    workspace: tuple[Limit, ...] = ()
    recipient: tuple[Limit, ...] = ()
    domain: tuple[Limit, ...] = ()

    @property
    def all(self) -> tuple[Limit, ...]:
        """Return them in one row."""
        return (*self.workspace, *self.recipient, *self.domain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Which limit is reached, and from when on there is a place again if nothing else leaves before."""

    limit: Limit
    frees_at: datetime

    @property
    def sentence(self) -> str:
        """Say it in words, with the moment rounded up to what is shown."""
        shown = self.frees_at + timedelta(seconds=1) - timedelta(microseconds=1)
        seconds = "" if self.frees_at.second == self.frees_at.microsecond == 0 else f":{shown:%S}"
        return f"{self.limit.sentence} is reached; it frees at {shown:%Y-%m-%d %H:%M}{seconds} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """What was counted: pairs of a bucket's number (from 1970, each a 24th of the window) and how many, in order."""

    counts: tuple[tuple[int, int], ...] = ()

    def current(self, window: timedelta, now: datetime) -> "Buckets":
        """Return what still counts in `window`. What is more than a window ahead was counted by a clock that was wrong."""
        here = _number(window, now)
        return Buckets(counts=tuple(pair for pair in self.counts if abs(pair[0] - here) <= BUCKETS))

    def and_more(self, number: int, window: timedelta, now: datetime) -> "Buckets":
        """Return what still counts, and `number` more.

        Where clocks differ a little it is counted with the newest: what left later cannot have left earlier.
        """
        kept = dict(self.current(window, now).counts)
        here = max([_number(window, now), *kept])
        return Buckets(counts=tuple(sorted((kept | {here: kept.get(here, 0) + number}).items())))

    @property
    def total(self) -> int:
        """How many were counted."""
        return sum(count for _, count in self.counts)

    def ends_at(self, window: timedelta) -> datetime:
        """Return from when on nothing of it counts in `window`."""
        return _frees(window, max((number for number, _ in self.counts), default=0))


def parse(scope: Scope, text: str) -> tuple[Limit, ...]:
    """Return the limits in a text such as `10000/day` or `200/minute,10000/day`; none for an empty one. Raises ValueError."""
    found: dict[timedelta, Limit] = {}
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        limit = _limit(scope, piece)
        if limit.window in found:
            raise ValueError(f"there are two limits for each {_NAMES[limit.window]}; keep one")
        found[limit.window] = limit
    return tuple(sorted(found.values(), key=lambda limit: limit.window))


def admit(buckets: Buckets, limit: Limit, now: datetime) -> Buckets | Refusal:
    """Return what is counted after one more message, or why it may not leave now.

    In no window of `limit`, wherever it begins, do more than `limit.most` leave: all buckets that the window before now
    touches are counted whole.
    """
    counted = buckets.and_more(1, limit.window, now)
    if counted.total <= limit.most:
        return counted
    return Refusal(limit=limit, frees_at=_free_from(buckets.current(limit.window, now), limit))


def free_from(buckets: Buckets, limit: Limit, now: datetime) -> datetime | None:
    """Return from when on there is a place again, or None if there is one now."""
    found = admit(buckets, limit, now)
    return found.frees_at if isinstance(found, Refusal) else None


def _free_from(full: Buckets, limit: Limit) -> datetime:
    # The newest buckets that hold a whole limit: the oldest of them has to go.
    newest_first = full.counts[::-1]
    sums = accumulate(count for _, count in newest_first)
    return _frees(
        limit.window, next(number for (number, _), held in zip(newest_first, sums, strict=True) if held >= limit.most)
    )


def _limit(scope: Scope, text: str) -> Limit:
    match = _ONE.fullmatch(text)
    if match is None or match[2] not in _WINDOWS or not 1 <= int(match[1]) <= LARGEST:
        raise ValueError(
            f"{text!r} is no limit; write a number from 1 to {LARGEST} and one of {', '.join(_WINDOWS)}, such as 200/day"
        )
    return Limit(scope=scope, most=int(match[1]), window=_WINDOWS[match[2]])


def _number(window: timedelta, moment: datetime) -> int:
    return (moment - _EPOCH) // (window / BUCKETS)


def _frees(window: timedelta, number: int) -> datetime:
    """Return when the bucket with this number stops to count: no window that ends then, or later, touches it."""
    return _EPOCH + (number + BUCKETS + 1) * (window / BUCKETS)
