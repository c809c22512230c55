"""Dry run: all that a rule would have sent in a window of time, and what the present rules do otherwise."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from tocsin.domain.actions import ActionType
from tocsin.domain.delivery import Cause, Delivery, State
from tocsin.domain.dry_run import Progress
from tocsin.domain.events import EventKind
from tocsin.domain.life import Life
from tocsin.domain.model import BookingId, Workspace
from tocsin.domain.recipients import Reader, recipient_key
from tocsin.services.messages import reader_of
from tocsin.services.past import Past, Span, Wanted, lasts
from tocsin.services.ports import Scratch
from tocsin.services.preparation import Sender
from tocsin.services.replay import Replayed, replay

# What makes a message of one run and one of another the same news to the same person.
News = tuple[BookingId, str, ActionType, EventKind, Cause, datetime]
Told = Callable[[Progress], None]  # is told how far it is; what it raises ends it


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One delivery of a dry run. `known_since` is from when on all of its booking's life is known; None: all of it.

    `is_told_anyway`: the present rules send the same recipient such a message of the same event at the same moment.
    """

    delivery: Delivery
    reader: Reader
    is_told_anyway: bool
    known_since: datetime | None

    @property
    def is_sent(self) -> bool:
        """Whether it would have left."""
        return self.delivery.state is State.SENT


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a rule would have done about `bookings` bookings, and what the present rules send that would not leave with it."""

    bookings: int
    deliveries: tuple[Tried, ...]
    no_longer: tuple[Tried, ...]


def dry_run(
    sender: Sender, scratch: Scratch, past: Past, wanted: Wanted, *, now: datetime, told: Told = lambda _: None
) -> DryRun:
    """Live `past` through with the rule and without it, and compare. Raises as `replay` does, and what `told` raises."""
    ends, parts = lasts(past, wanted), 2 if past.rules else 1

    def watch(part: int, moment: datetime) -> None:
        told(Progress(bookings=len(ends), lived=bisect_right(ends, moment), part=part, parts=parts))

    found = replay(sender, scratch, past, wanted, tried=True, now=now, watch=partial(watch, 1))
    present = Replayed(deliveries=(), rule_id=None)
    if past.rules:
        present = replay(sender, scratch, past, wanted, tried=False, now=now, watch=partial(watch, 2))
    show = _Show(past, anyway=_sent(present, wanted.span))
    return DryRun(
        bookings=len(past.lives),
        deliveries=show.all(one for one in _within(found, wanted.span) if one.rule_id == found.rule_id),
        no_longer=show.all(_lost(present, found, wanted.span)),
    )


class _Show:
    """Deliveries, with what is to be known beside them."""

    def __init__(self, past: Past, *, anyway: Counter[News]) -> None:
        self.anyway = anyway
        self._workspace: Workspace = past.workspace
        self._settings = past.settings
        self._lives: dict[BookingId, Life] = {life.now.id: life for life in past.lives}

    def all(self, deliveries: Iterable[Delivery]) -> tuple[Tried, ...]:
        """Return them in the order of their moments."""
        ordered = sorted(deliveries, key=lambda one: (one.due_at, one.booking_id, one.action_index, one.id))
        return tuple(map(self._tried, ordered))

    def _tried(self, delivery: Delivery) -> Tried:
        life = self._lives[delivery.booking_id]
        booking = life.at(delivery.settled_at or delivery.due_at)
        settings = self._settings.get(recipient_key(delivery.recipient))
        return Tried(
            delivery=delivery,
            reader=reader_of(booking, self._workspace, delivery.recipient, settings),
            is_told_anyway=self.anyway[_news(delivery)] > 0,
            known_since=life.known_since,
        )


def _within(replayed: Replayed, span: Span) -> list[Delivery]:
    return [one for one in replayed.deliveries if span.holds(one.due_at)]


def _sent(replayed: Replayed, span: Span) -> Counter[News]:
    return Counter(_news(one) for one in _within(replayed, span) if one.state is State.SENT)


def _lost(present: Replayed, found: Replayed, span: Span) -> Iterator[Delivery]:
    """Yield what leaves in `present` and not in `found`."""
    kept = _sent(found, span)
    for one in _within(present, span):
        if one.state is State.SENT:
            if kept[_news(one)] == 0:
                yield one
            else:
                kept[_news(one)] -= 1


def _news(one: Delivery) -> News:
    return one.booking_id, recipient_key(one.recipient), one.action, one.event, one.cause, one.due_at
