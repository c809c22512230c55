"""The past that a dry run lives through again: the bookings that a window of time concerns, and all that they speak of."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from tocsin.domain.conditions import Field, looks_at
from tocsin.domain.errors import InvalidInputError, NotFoundError
from tocsin.domain.events import EventKind
from tocsin.domain.life import Life
from tocsin.domain.model import Booking, BookingId, LinkId, MeetingOutcome, Member, SchedulingLink, Workspace
from tocsin.domain.recipients import RecipientSettings
from tocsin.domain.rules import AutomationRule, RuleDraft
from tocsin.domain.schedule import due_at
from tocsin.domain.suppression import Suppression
from tocsin.domain.sync import LONGEST_SETTLE
from tocsin.services import rules
from tocsin.services.ports import Transaction

MOST_BOOKINGS = 10_000  # of one dry run
T = TypeVar("T", Member, MeetingOutcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A window of time, from `start` on and before `end`."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Tell whether a moment is in it."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is tried: a rule as it could be saved, in the place of the rule with `rule_id` if there is one, and when."""

    draft: RuleDraft
    rule_id: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """All that is needed to live it through again, anywhere. `others` are only known as older bookings of their clients."""

    workspace: Workspace
    rules: tuple[AutomationRule, ...]
    lives: tuple[Life, ...]
    others: tuple[Life, ...]
    links: tuple[SchedulingLink, ...]
    members: tuple[Member, ...]
    outcomes: tuple[MeetingOutcome, ...]
    suppressions: tuple[Suppression, ...]
    settings: Mapping[str, RecipientSettings]


def gather(tx: Transaction, workspace: Workspace, wanted: Wanted) -> Past:
    """Return the past of the bookings that a rule, or the one in whose place it is tried, can concern in a window.

    Raises InvalidInputError for a rule that could not be saved, or too many bookings; NotFoundError for an unknown rule.
    """
    replaced = _replaced(tx, wanted.rule_id)
    problems = rules.link_problems(tx, wanted.draft.link_ids, but=() if replaced is None else replaced.link_ids)
    if problems:
        raise InvalidInputError(problems)
    link_ids = sorted({*wanted.draft.link_ids, *(() if replaced is None else replaced.link_ids)})
    present = _present(tx, link_ids, replaced)
    ids = _concerned(tx, link_ids, present, wanted)
    lives = tx.history.lives(ids)
    others = tx.history.lives(_firsts(tx, lives, present, wanted.draft) - ids)
    states = [state for life in (*lives, *others) for state in life.states]
    people = _people(states, [wanted.draft, *present])
    links = _links(tx, {*link_ids, *(state.link_id for state in states)})
    return Past(
        workspace=workspace,
        rules=present,
        lives=tuple(lives),
        others=tuple(others),
        links=links,
        members=_unique(host for hosts in _hosts(states, links) for host in hosts),
        outcomes=_unique(state.outcome for state in states if state.outcome is not None),
        suppressions=tuple(entry for listed in tx.suppressions.of(people).values() for entry in listed),
        settings=tx.recipients.of(people),
    )


def lasts(past: Past, wanted: Wanted) -> list[datetime]:
    """Return for each booking, the earliest first, when the last of what concerns it falls within the window's end."""
    times = [(wanted.draft.event, rules.offsets(wanted.draft), wanted.draft.link_ids)]
    times += [(rule.event, rule.offsets, rule.link_ids) for rule in past.rules]

    def last(life: Life) -> datetime:
        found = [life.began(life.now)]
        for event, offsets, link_ids in times:
            if life.now.link_id in link_ids:
                found += [due_at(event, life.now, offset=offset) for offset in offsets]
        return max((moment for moment in found if moment < wanted.span.end), default=wanted.span.start)

    return sorted(map(last, past.lives))


def _replaced(tx: Transaction, rule_id: str) -> AutomationRule | None:
    found = tx.rules.get(rule_id) if rule_id else None
    if rule_id and found is None:
        raise NotFoundError("there is no automation rule with this id")
    return found


def _present(
    tx: Transaction, link_ids: Iterable[LinkId], replaced: AutomationRule | None
) -> tuple[AutomationRule, ...]:
    """Return the rules that are at work on these links, and the one that is to be replaced."""
    found = {rule.id: rule for link_id in link_ids for rule in tx.rules.watching(link_id, EventKind)}
    return tuple((found if replaced is None else found | {replaced.id: replaced}).values())


def _concerned(
    tx: Transaction, link_ids: list[LinkId], present: Iterable[AutomationRule], wanted: Wanted
) -> set[BookingId]:
    span, limit = wanted.span, MOST_BOOKINGS + 1
    # What keeps an invite true falls due a little after the change that it tells of.
    since = span.start - LONGEST_SETTLE
    ids = tx.history.changed(link_ids, since=since, made_before=span.end, limit=limit)
    offsets = {
        *((wanted.draft.event, offset) for offset in rules.offsets(wanted.draft)),
        *((rule.event, offset) for rule in present for offset in rule.offsets),
    }
    for event, offset in sorted(offsets):
        if event is EventKind.BEFORE_MEETING_STARTS:
            ids |= tx.history.starting(link_ids, start=span.start + offset, end=span.end + offset, limit=limit)
        else:
            ids |= tx.history.ending(link_ids, start=span.start - offset, end=span.end - offset, limit=limit)
    if len(ids) > MOST_BOOKINGS:
        raise InvalidInputError.of("until", f"more than {MOST_BOOKINGS} bookings are concerned; choose a shorter time")
    return ids


def _firsts(
    tx: Transaction, lives: Iterable[Life], present: Iterable[AutomationRule], draft: RuleDraft
) -> set[BookingId]:
    """Return the first bookings of the clients, if a rule asks whether a client is new."""
    asked = [draft.conditions, *(rule.conditions for rule in present)]
    if not any(looks_at(conditions, Field.CLIENT_IS_NEW) for conditions in asked):
        return set()
    return tx.history.first_of_clients(state.client.email for life in lives for state in life.states)


def _links(tx: Transaction, link_ids: Iterable[LinkId]) -> tuple[SchedulingLink, ...]:
    found = (tx.links.get(link_id, deleted_too=True) for link_id in sorted(link_ids))
    return tuple(link for link in found if link is not None)


def _hosts(states: Iterable[Booking], links: Iterable[SchedulingLink]) -> Iterator[tuple[Member, ...]]:
    yield from (state.hosts for state in states)
    yield from (link.hosts for link in links)


def _people(states: Iterable[Booking], some: Iterable[RuleDraft | AutomationRule]) -> set[str]:
    """Return whom rules could write to; entries with a variable are nobody's address, and do no harm among them."""
    recipients = {entry for rule in some for action in rule.actions for entry in action.entries}
    for state in states:
        recipients |= {state.client.email, *(host.email for host in state.hosts), *state.guests}
    return recipients


def _unique(things: Iterable[T]) -> tuple[T, ...]:
    """Return each of them once; there is only one with an id."""
    return tuple({thing.id: thing for thing in things}.values())
