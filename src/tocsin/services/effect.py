"""The effect of a change of a rule on coming bookings, before it is made.

The change is made in a trial that leaves nothing behind, by the very functions that make it, and what is open before and
after is compared. As many bookings are looked at as the change itself plans at once; the rest is planned in the background.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from tocsin.domain.delivery import Cause, Delivery, State
from tocsin.domain.difference import difference
from tocsin.domain.events import TIMED, EventKind
from tocsin.domain.model import Booking, BookingId
from tocsin.domain.rules import RuleDraft
from tocsin.services import rules
from tocsin.services.automation import BATCH
from tocsin.services.ports import Chance, Transaction, Trial
from tocsin.services.preparation import ends

MOST_SHOWN = 10  # of each kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be done to a rule: `draft` is what it is to be (None: deleted), `rule_id` which it is (empty: a new one)."""

    draft: RuleDraft | None
    rule_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One delivery that a change concerns, with its booking; `was_due_at` is when it was due if it moves."""

    delivery: Delivery
    booking: Booking | None
    was_due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Some:
    """How many there are, and the first of them."""

    number: int
    first: Sequence[Shift]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a change does to what is planned.

    `cancels` and `updates` are messages to people who may hold an invite, so that it stays true; `untold` are such that are not
    sent any more. `bookings` were looked at; `is_whole`: these are all.
    """

    added: Some
    moved: Some
    withdrawn: Some
    staying: Some
    cancels: Some
    updates: Some
    untold: Some
    bookings: int
    is_whole: bool
    is_of_coming: bool  # whether the rule plans anything ahead, or only writes about what happens from now on

    @property
    def is_none(self) -> bool:
        """Whether nothing that is planned becomes another."""
        return not any(one.number for one in (self.added, self.moved, self.withdrawn, *self.of_invites))

    @property
    def of_invites(self) -> tuple[Some, Some, Some]:
        """What is told, or is not any more, to those who hold an invite."""
        return self.cancels, self.updates, self.untold


def effect(tx: Trial, change: Change, *, now: datetime, chance: Chance, most_shown: int = MOST_SHOWN) -> Effect:
    """Return what `change` does. Raises as the change itself does."""
    bookings, is_whole = _concerned(tx, change, now=now)
    tx.only_about(bookings)
    before = _open(tx, bookings, now=now)
    rule_id = _made(tx, change, now=now, chance=chance)
    after = _open(tx, bookings, now=now)
    fired = difference(_of(before, Cause.RULE_FIRED), _of(after, Cause.RULE_FIRED))
    show = _Show(tx, most_shown)
    told, untold = _news(before, after), _news(after, before)
    draft = change.draft
    return Effect(
        added=show.some(fired.added),
        moved=show.moved(fired.moved),
        withdrawn=show.some(fired.withdrawn),
        staying=show.some([one for one in fired.staying if one.rule_id == rule_id]),
        cancels=show.some([one for one in told if one.event is not EventKind.BOOKING_RESCHEDULED]),
        updates=show.some([one for one in told if one.event is EventKind.BOOKING_RESCHEDULED]),
        untold=show.some(untold),
        bookings=len(bookings),
        is_whole=is_whole,
        is_of_coming=draft is None or bool(change.rule_id) or (draft.event in TIMED and draft.enabled),
    )


def _concerned(tx: Transaction, change: Change, *, now: datetime) -> tuple[list[BookingId], bool]:
    """Return the bookings that the change plans anew by itself, and whether these are all."""
    draft = change.draft or rules.get(tx, change.rule_id).draft
    if not change.rule_id and (draft.event not in TIMED or not draft.enabled):
        return [], True
    coming = tx.bookings.coming(draft.link_ids, rule_id=change.rule_id, now=now, after_id="", limit=BATCH + 1)
    found = [booking.id for booking in coming[:BATCH]]
    if len(coming) > BATCH:
        return found, False
    waiting = tx.coming.bookings_of(change.rule_id, limit=BATCH + 1) if change.rule_id else []
    return list(dict.fromkeys([*found, *waiting[:BATCH]])), len(waiting) <= BATCH


def _made(tx: Transaction, change: Change, *, now: datetime, chance: Chance) -> str:
    draft = change.draft
    if draft is None:
        rules.delete(tx, change.rule_id, now=now)
        return change.rule_id
    if not change.rule_id:
        return rules.create(tx, draft, now=now, chance=chance).id
    links = draft.link_ids
    return rules.change(tx, change.rule_id, lambda _rule: draft, more_links=links, now=now, chance=chance).id


def _open(tx: Transaction, bookings: Sequence[BookingId], *, now: datetime) -> list[Delivery]:
    """Return what is open about some bookings and will not end by itself as soon as somebody looks at it."""
    found = tx.coming.of_bookings(bookings) if bookings else []
    # What is paused is not looked at before somebody resumes it.
    ended = ends(tx, [one for one in found if one.state is not State.PAUSED], now=now)
    return [one for one in found if one.id not in ended]


def _of(deliveries: Iterable[Delivery], cause: Cause) -> list[Delivery]:
    return [one for one in deliveries if one.cause is cause]


def _news(before: Iterable[Delivery], after: Iterable[Delivery]) -> list[Delivery]:
    """Return what is told in `after` to those who hold an invite, and not in `before`."""
    known = {(one.id, one.event) for one in _of(before, Cause.KEEP_IN_SYNC)}
    return [one for one in _of(after, Cause.KEEP_IN_SYNC) if (one.id, one.event) not in known]


class _Show:
    """Deliveries with their bookings, the first of many."""

    def __init__(self, tx: Transaction, most: int) -> None:
        self._tx = tx
        self._most = most

    def some(self, deliveries: Sequence[Delivery]) -> Some:
        return self._some([(one, None) for one in deliveries])

    def moved(self, pairs: Sequence[tuple[Delivery, Delivery]]) -> Some:
        return self._some([(after, before.due_at) for before, after in pairs])

    def _some(self, found: Sequence[tuple[Delivery, datetime | None]]) -> Some:
        shown = list(islice(found, self._most))
        bookings = self._tx.bookings.of(one.booking_id for one, _ in shown)
        first = [Shift(delivery=one, booking=bookings.get(one.booking_id), was_due_at=was) for one, was in shown]
        return Some(number=len(found), first=first)
