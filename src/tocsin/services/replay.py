"""Replay: a past is lived through once more in a store of its own, by the very functions that plan and send in earnest.

The clock jumps from what happened to what falls due. All that leaves is taken at once. There are no limits, no trouble on the
way, and no bounces.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise

from tocsin.domain.delivery import Delivery, Outcome, Result, Settlement, verdict
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.life import Given, Life
from tocsin.domain.limits import Limits
from tocsin.domain.model import Booking
from tocsin.domain.rsvp import Answer
from tocsin.domain.rules import RuleId
from tocsin.services import rsvp, rules
from tocsin.services.automation import follow, go_on_planning
from tocsin.services.past import Past, Wanted
from tocsin.services.ports import Chance, DeliveryFilter, Scratch, Store, Transaction
from tocsin.services.preparation import Ready, Sender, prepare

MOST_IDS = 40_000  # of deliveries and of messages, which are what a replay takes time for: half a minute at the most
_BATCH = 500  # deliveries that are prepared together
_LEASE = timedelta(hours=1)
_TAKEN = Outcome(result=Result.ACCEPTED)
_MICROSECOND = timedelta(microseconds=1)

Watch = Callable[[datetime], None]  # is told again and again until when a replay has come; what it raises ends it


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """All deliveries that came of it, and the rule that was tried, if one was."""

    deliveries: tuple[Delivery, ...]
    rule_id: RuleId | None


@dataclass(frozen=True, slots=True)
class _Step:
    """Something that happened at a moment; `place` is its place among what happened at the same."""

    at: datetime
    place: int
    what: "tuple[Booking | None, Booking] | Booking | Given | Wanted"
    life: Life | None = None


def replay(
    sender: Sender, scratch: Scratch, past: Past, wanted: Wanted, *, tried: bool, now: datetime, watch: Watch
) -> Replayed:
    """Live a past through once more with the present rules and, if it is `tried`, the wanted one, until the window ends.

    It is saved when the window begins, or now if that is sooner: what was before happened without it. Raises
    InvalidInputError if more is planned than can be tried at once; UnavailableError; what `watch` raises.
    """
    with scratch() as store:
        stage = _Stage(sender, store, past, watch=watch)
        steps = chain(_steps(past), [_saving(wanted, now=now)] if tried else [])
        for step in sorted((one for one in steps if one.at < wanted.span.end), key=lambda one: (one.at, one.place)):
            stage.go_to(step.at)
            stage.take(step)
        stage.go_to(wanted.span.end - _MICROSECOND)
        return stage.end()


def _steps(past: Past) -> Iterator[_Step]:
    for life in past.others:
        for state in life.states:
            yield _Step(life.began(state), 1, state)
    for life in past.lives:
        for before, after in pairwise((None, *life.states)):
            if after is not None:  # pragma: no branch  mypy does not see that the first alone is None
                yield _Step(life.began(after), 1, (before, after))
        for given in life.given:
            yield _Step(given.at, 1, given, life)


def _saving(wanted: Wanted, *, now: datetime) -> _Step:
    # What happened at this very moment was before it if the window is still to come, and in the window if not.
    is_to_come = wanted.span.start > now
    return _Step(min(wanted.span.start, now), 2 if is_to_come else 0, wanted)


class _Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class _Ids:
    """Ids in order; what is made later comes later, however soon."""

    def __init__(self) -> None:
        self.used = 0

    def __call__(self) -> str:
        self.used += 1
        return f"ffffffff-0000-7000-8000-{self.used:012x}"


class _Stage:
    """A store with the people, links and rules of a past, and what happens in it."""

    def __init__(self, sender: Sender, store: Store, past: Past, *, watch: Watch) -> None:
        self._watch = watch
        self._clock, self._ids = _Clock(), _Ids()
        self._chance: Chance = replace(sender.chance, ordered_id=self._ids)
        self._sender = replace(
            sender, store=store, clock=self._clock, chance=self._chance, limits=Limits(), signs=False
        )
        self._store = store
        self._workspace_id = past.workspace.id
        self._rule_id: RuleId | None = None
        with store.registry() as registry:
            registry.add(past.workspace)
        with store.transaction(self._workspace_id) as tx:
            _furnish(tx, past)

    def go_to(self, moment: datetime) -> None:
        """Let time pass until `moment`, and send all that falls due."""
        while (due := self._store.queue.next_due(calls_too=True)) is not None and due <= moment:
            self._clock.now = max(self._clock.now, due)
            if not self._send():
                break
            self._watch(self._clock.now)
        self._clock.now = moment
        self._watch(moment)

    def take(self, step: _Step) -> None:
        """Let happen again what happened. Raises InvalidInputError if more comes of it than can be tried at once."""
        with self._store.transaction(self._workspace_id) as tx:
            match step.what:
                case Booking() as state:
                    tx.bookings.put(state)
                case before, after:
                    tx.bookings.put(after)
                    follow(tx, before, after, now=step.at, new_id=self._ids)
                case Given() as given:
                    self._answer(tx, step.life, given)
                case Wanted() as wanted:
                    self._save(tx, wanted, now=step.at)
        if self._ids.used > MOST_IDS:
            raise InvalidInputError.of("until", "more is planned than can be tried at once; choose a shorter time")

    def end(self) -> Replayed:
        """Return what came of it."""
        with self._store.reading(self._workspace_id) as tx:
            found, _ = tx.deliveries.page(DeliveryFilter(), limit=self._ids.used, offset=0)
        return Replayed(deliveries=tuple(found), rule_id=self._rule_id)

    def _send(self) -> int:
        now = self._clock.now
        claimed = self._claimed(now)
        if claimed:
            with self._store.transaction(self._workspace_id) as tx:
                prepared = prepare(tx, self._sender, claimed, now=now)
            self._store.queue.settle([_settled(one, now=now) for one in prepared], now=now)
        return len(claimed)

    def _claimed(self, now: datetime) -> list[Delivery]:
        """Take the mail that is due, or the calls of one webhook."""
        queue, lease_ends = self._store.queue, now + _LEASE
        mail = queue.claim(worker="replay", now=now, lease_ends=lease_ends, limit=_BATCH)
        endpoint = None if mail else queue.due_endpoint(now=now, passed_over=())
        if endpoint is None:
            return mail
        return queue.claim_calls(endpoint, worker="replay", now=now, lease_ends=lease_ends, limit=_BATCH)

    def _answer(self, tx: Transaction, life: Life | None, given: Given) -> None:
        """Let somebody answer what he was told last; who was not invited here has nothing to answer."""
        told = None if life is None else tx.invitations.get(life.now.id, given.recipient)
        if told is not None and told.id is not None:
            said = Answer(uid=told.uid, attendee=told.recipient, rsvp=given.rsvp, stamp=given.at)
            rsvp.answer(tx, told.id, said, now=given.at, new_id=self._ids)

    def _save(self, tx: Transaction, wanted: Wanted, *, now: datetime) -> None:
        if wanted.rule_id:
            rule = rules.change(tx, wanted.rule_id, lambda _: wanted.draft, now=now, chance=self._chance)
        else:
            rule = rules.create(tx, wanted.draft, now=now, chance=self._chance)
        while not go_on_planning(tx, rule.id, now=now, new_id=self._ids):
            pass
        self._rule_id = rule.id


def _furnish(tx: Transaction, past: Past) -> None:
    for member in past.members:
        tx.members.put(member)
    for link in past.links:
        tx.links.put(link)
    for outcome in past.outcomes:
        tx.outcomes.put(outcome, now=past.workspace.created_at)
    for entry in past.suppressions:
        tx.suppressions.add(entry)
    for rule in past.rules:
        tx.rules.put(rule)


def _settled(prepared: Ready | Settlement, *, now: datetime) -> Settlement:
    if isinstance(prepared, Settlement):
        return prepared
    taken = verdict(prepared.delivery, _TAKEN, now=now, jitter=0.5, pause=timedelta(0))
    return Settlement(delivery=prepared.delivery, outcome=_TAKEN, verdict=taken)
