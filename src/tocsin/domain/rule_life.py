"""The life of a rule, as far as it decides what it fires for: its revisions, its end, and what it planned."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.domain.events import TIMED, EventKind
from tocsin.domain.explain import Happened
from tocsin.domain.model import Booking, LinkId
from tocsin.domain.rules import AutomationRule


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleThen:
    """What decides whether a rule fires, as it was from one change to the next. `event` is None where that was not kept."""

    number: int
    made_at: datetime
    event: EventKind | None
    enabled: bool
    link_ids: tuple[LinkId, ...]
    offsets: tuple[timedelta, ...]

    def fires_for(self, kind: EventKind, booking: Booking) -> bool:
        """Tell whether it is ready for an event, as `rules.matches` does."""
        return self.enabled and self.event is kind and booking.link_id in self.link_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLife:
    """All that a rule has been: at least one revision, the first first. `deleted_at` is None if that was not kept.

    `is_being_planned`: its coming bookings are not all planned yet.
    """

    rule_id: str
    name: str
    revisions: Sequence[RuleThen]
    is_deleted: bool = False
    deleted_at: datetime | None = None
    is_being_planned: bool = False

    @property
    def last(self) -> RuleThen:
        """What it is, or was in the end."""
        return self.revisions[-1]

    def completed(self, rule: AutomationRule) -> "RuleLife":
        """Return it with what `rule`, which it is now, says of its last revision if that was not kept."""
        if self.last.event is not None:
            return self
        last = replace(self.last, event=rule.event, enabled=rule.enabled, link_ids=rule.link_ids, offsets=rule.offsets)
        return replace(self, revisions=[*self.revisions[:-1], last])

    def at(self, number: int) -> RuleThen:
        """Return a revision by its number."""
        return next(one for one in self.revisions if one.number == number)

    def in_force(self, moment: datetime) -> list[RuleThen]:
        """Return what it was at a moment: nothing before it was made, and several if it was changed at that very moment."""
        ends = [*(one.made_at for one in self.revisions[1:]), None]
        pairs = zip(self.revisions, ends, strict=True)
        return [one for one, end in pairs if one.made_at <= moment and (end is None or moment <= end)]

    def since(self, then: RuleThen, is_so: Callable[[RuleThen], bool]) -> RuleThen:
        """Return the first revision from which on, up to `then`, `is_so` held."""
        first = then
        for one in reversed([each for each in self.revisions if each.number <= then.number]):
            if not is_so(one):
                break
            first = one
        return first


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """That a rule planned messages, at one of its revisions, for one event. `reaches`: one to the person in question."""

    rule_id: str
    rule_revision: int
    event: EventKind
    booking_revision: int
    about: str
    due_at: datetime
    planned_at: datetime
    reaches: bool = True

    def is_of(self, one: Happened) -> bool:
        """Tell whether it was this event that made the rule fire."""
        same = (self.event, self.booking_revision, self.about) == (one.kind, one.booking_revision, one.about)
        return same and (not one.about or self.due_at == one.occurred_at)  # one person may answer so several times


def additions(happened: Sequence[Happened], firings: Iterable[Firing]) -> list[Happened]:
    """Return that guests were added for whom a rule fired, which is no event of the booking and stands in its messages alone.

    `firings` are those of one rule.
    """
    known = [*happened]
    found = []
    for one in sorted(firings, key=lambda each: each.planned_at):
        if one.event in TIMED or any(one.is_of(each) for each in known):
            continue
        added = Happened(
            kind=one.event,
            booking_revision=one.booking_revision,
            occurred_at=one.planned_at,
            about=one.about,
            is_for_guests=True,
        )
        known.append(added)
        found.append(added)
    return found
