"""Occasions: what happened to a booking, each time with the rule as it was then, and why that fired or did not.

The law that this keeps: all clauses of an occasion hold if and only if the rule planned a message on it. That it did stands in
the deliveries; why it did not is told from the revisions of the rule. With a person in the question, it is about messages to
that person.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.domain.events import TIMED, EventKind
from tocsin.domain.explain import (
    Clause,
    Happened,
    happened_at,
    in_a_row,
    linked,
    made_after,
    never_happened,
    said,
    some,
    switched,
    timed,
)
from tocsin.domain.model import Booking
from tocsin.domain.recipients import recipient_key
from tocsin.domain.rsvp import MOST_ANSWERS
from tocsin.domain.rule_life import Firing, RuleLife, RuleThen
from tocsin.domain.schedule import is_coming


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One rule and one booking. `people` tells whom a revision of the rule names at a revision of the booking, None: now.

    `person` is whose messages are asked for; empty for all.
    """

    life: RuleLife
    booking: Booking
    happened: Sequence[Happened]
    firings: Sequence[Firing]
    people: Callable[[int, int | None], Sequence[str]]
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One time that a rule could have fired. `at` is None if nothing has happened yet, `rule_revision` what was in force."""

    kind: EventKind | None
    at: datetime | None
    booking_revision: int | None
    about: str
    rule_revision: int
    fired: bool
    clauses: Sequence[Clause]

    @property
    def holds(self) -> bool:
        """Whether every clause does."""
        return all(one.holds for one in self.clauses)


def occasions(asked: Question) -> list[Occasion]:
    """Return each event that was, or is now, the rule's, in order; what is timed comes last. None if nothing was."""
    return [*_untimed(asked), *_timed(asked)]


def telling(asked: Question, found: Sequence[Occasion]) -> Occasion:
    """Return the occasion that answers for the rule as a whole.

    That is the last on which all clauses hold, else the last on which it fired, else the last of the event that it is for now.
    """
    last = asked.life.last
    for is_it in (lambda one: one.holds, lambda one: one.fired, lambda one: one.kind is last.event):
        telling_ones = [one for one in found if is_it(one)]
        if telling_ones:
            return telling_ones[-1]
    return _never(asked)


def _untimed(asked: Question) -> Iterator[Occasion]:
    for one in sorted(asked.happened, key=lambda each: each.occurred_at):
        fired = [each for each in asked.firings if each.is_of(one)]
        then = asked.life.in_force(one.occurred_at)
        if fired or one.kind in {asked.life.last.event, *(each.event for each in then)}:
            yield _on(asked, one, fired, then)


def _on(asked: Question, one: Happened, fired: Sequence[Firing], in_force: Sequence[RuleThen]) -> Occasion:
    life, silent = asked.life, (each for each in reversed(in_force) if not each.fires_for(one.kind, asked.booking))
    if fired:
        then = life.at(max(each.rule_revision for each in fired))
    else:
        then = next(silent, in_force[-1] if in_force else life.revisions[0])
    made_late = [] if fired or in_force else [made_after(life.revisions[0].made_at)]
    found = [
        *made_late,
        *_deleted(life, one.occurred_at, has_fired=bool(fired)),
        *_as_it_was(asked, then, happened_at(one), one.kind, has_fired=bool(fired)),
        *_answers(asked, one),
    ]
    return _occasion(asked, found, fired, then, one)


def _timed(asked: Question) -> Iterator[Occasion]:
    kinds = {asked.life.last.event, *(one.event for one in asked.firings)} & TIMED
    for kind in sorted(filter(None, kinds)):
        fired = [one for one in asked.firings if one.event is kind]
        then = asked.life.at(max(one.rule_revision for one in fired)) if fired else asked.life.last
        event = _planned(kind, fired) if fired else timed(kind, then.offsets, asked.booking)
        found = [
            *([] if fired else _deleted(asked.life, None, has_fired=False)),
            *_as_it_was(asked, then, event, kind, has_fired=bool(fired)),
        ]
        if not fired and all(one.holds for one in found):
            found += _too_late(asked, kind)
        at = min((one.planned_at for one in fired), default=None)
        yield _occasion(asked, found, fired, then, None, kind=kind, at=at)


def _never(asked: Question) -> Occasion:
    """Return why a rule did not fire whose event has never happened, as the rule is now."""
    life, kind = asked.life, asked.life.last.event
    never = [] if kind is None else [never_happened(kind, asked.happened)]
    own = _as_it_was(asked, life.last, None, kind, has_fired=False)
    found = [*_deleted(life, None, has_fired=False), *own, *never]
    return _occasion(asked, found, [], life.last, None, kind=kind)


def _occasion(
    asked: Question,
    found: list[Clause],
    fired: Sequence[Firing],
    then: RuleThen,
    one: Happened | None,
    *,
    kind: EventKind | None = None,
    at: datetime | None = None,
) -> Occasion:
    named = asked.people(then.number, None if one is None else one.booking_revision)
    if not fired and all(each.holds for each in found):
        found = [*found, _crossed(asked.life, then) if named else _nobody()]
    if asked.person:
        found = [*found, _person(asked, named, fired)]
    return Occasion(
        kind=kind if one is None else one.kind,
        at=at if one is None else one.occurred_at,
        booking_revision=None if one is None else one.booking_revision,
        about="" if one is None else one.about,
        rule_revision=then.number,
        fired=bool(fired),
        clauses=found,
    )


def _as_it_was(
    asked: Question, then: RuleThen, event: Clause | None, kind: EventKind | None, *, has_fired: bool
) -> Iterator[Clause]:
    """Yield what a revision of the rule has to say of an event that happened."""
    is_now = then is asked.life.last and not asked.life.is_deleted
    if then is not asked.life.last:
        yield _former(asked.life, then)
    if then.event is None:
        yield _not_kept(then, has_fired=has_fired)
        return
    off = asked.life.since(then, lambda one: one.event is not None and one.enabled == then.enabled)
    yield switched(is_on=then.enabled, is_now=is_now, since=None if then.enabled else off.made_at)
    yield linked(then.link_ids, asked.booking, is_now=is_now)
    if event is not None:
        yield event if then.event is kind else _for_another(asked.life, then, event)


def _former(life: RuleLife, then: RuleThen) -> Clause:
    now = (
        "was deleted later"
        if life.is_deleted
        else f"is at revision {life.last.number} now, of {said(life.last.made_at)}"
    )
    sentence = f"this is about revision {then.number} of the rule, which was in force then; it {now}"
    return Clause(name="revision", holds=True, sentence=sentence, found=(str(then.number),), at=then.made_at)


def _not_kept(then: RuleThen, *, has_fired: bool) -> Clause:
    """Return that a version before there was an undo has made a revision: of it only actions and conditions are known."""
    outcome = "it fired" if has_fired else "it planned nothing"
    sentence = (
        f"what the rule was at revision {then.number}, of {said(then.made_at)}, was not kept as a whole; {outcome}"
    )
    return Clause(name="revision_kept", holds=has_fired, sentence=sentence, found=(str(then.number),), at=then.made_at)


def _for_another(life: RuleLife, then: RuleThen, event: Clause) -> Clause:
    own = "" if then.event is None else then.event.value
    later = next((one for one in life.revisions if one.number > then.number and one.event != then.event), None)
    since = "" if later is None else f"; that was changed at {said(later.made_at)}"
    sentence = f"{event.sentence}, but the rule was made for {own} then{since}"
    return Clause(name="event", holds=False, sentence=sentence, wanted=(own,), found=event.found, at=event.at)


def _deleted(life: RuleLife, moment: datetime | None, *, has_fired: bool) -> Iterator[Clause]:
    """Yield that a rule was deleted by a moment (None: by now); it is no clause of what it did before."""
    if not life.is_deleted or has_fired:
        return
    if moment is None or (life.deleted_at is not None and life.deleted_at <= moment):
        yield _gone(life)


def _gone(life: RuleLife) -> Clause:
    when = "by then" if life.deleted_at is None else f"at {said(life.deleted_at)}"
    return Clause(name="deleted", holds=False, sentence=f"the rule was deleted {when}", at=life.deleted_at)


def _answers(asked: Question, one: Happened) -> Iterator[Clause]:
    if not one.about:
        return
    own = sorted(each.occurred_at for each in asked.happened if each.about == one.about)
    number = own.index(one.occurred_at) + 1
    sentence = (
        f"it was answer {number} of {one.about}; rules fire for the first {MOST_ANSWERS} of a person about a booking"
    )
    wanted, found = (str(MOST_ANSWERS),), (str(number),)
    yield Clause(name="answers", holds=number <= MOST_ANSWERS, sentence=sentence, wanted=wanted, found=found)


def _planned(kind: EventKind, fired: Sequence[Firing]) -> Clause:
    due = sorted({one.due_at for one in fired})
    sentence = f"{kind.value}: it was planned for {in_a_row(due)}"
    return Clause(name="event", holds=True, sentence=sentence, wanted=(kind.value,), found=(kind.value,), at=due[-1])


def _too_late(asked: Question, kind: EventKind) -> Iterator[Clause]:
    """Yield why a timed rule that is ready has planned nothing for a confirmed booking."""
    life, booking = asked.life, asked.booking
    first = life.since(life.last, lambda one: one.fires_for(kind, booking))
    if not is_coming(kind, booking, now=first.made_at):
        turn, over = (
            ("start", booking.starts_at) if kind is EventKind.BEFORE_MEETING_STARTS else ("end", booking.ends_at)
        )
        sentence = (
            f"the rule is so since {said(first.made_at)} (revision {first.number}), after the {turn} of the meeting at "
            f"{said(over)}; it concerns bookings to come"
        )
        yield Clause(name="coming", holds=False, sentence=sentence, at=first.made_at)
    elif life.is_being_planned:
        sentence = "the rule is being planned for its coming bookings, and this one has not had its turn yet"
        yield Clause(name="planning", holds=False, sentence=sentence, at=life.last.made_at)


def _nobody() -> Clause:
    return Clause(
        name="recipients", holds=False, sentence="the rule names nobody of this booking that it could write to"
    )


def _crossed(life: RuleLife, then: RuleThen) -> Clause:
    """Return why nothing was planned although all else holds: two changes at one moment, and the booking's came first."""
    if life.is_deleted and life.deleted_at is None:
        return _gone(life)
    sentence = (
        f"the booking changed at the very time at which the rule did (revision {then.number}, of {said(then.made_at)}), and "
        "was written first"
    )
    return Clause(name="order", holds=False, sentence=sentence, at=then.made_at)


def _person(asked: Question, named: Sequence[str], fired: Sequence[Firing]) -> Clause:
    key = recipient_key(asked.person)
    is_named = any(one.reaches for one in fired) if fired else key in map(recipient_key, named)
    verb = "wrote to" if fired else "is for"
    whom = f"{asked.person}" if is_named else f"others, and not {asked.person}"
    return Clause(
        name="recipient", holds=is_named, sentence=f"the rule {verb} {whom}", wanted=(asked.person,), found=some(named)
    )
