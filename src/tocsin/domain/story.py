"""The story of a delivery: what asked for it, and what became of it, in words and as data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.domain.actions import Action
from tocsin.domain.delivery import OPEN, Attempt, Cause, Delivery, Outcome, State
from tocsin.domain.events import ENTRY_CHANGES, TIMED, EventKind
from tocsin.domain.explain import Clause, Happened, happened_at, said
from tocsin.domain.intervention import Intervention
from tocsin.domain.invite import Answered
from tocsin.domain.model import Booking
from tocsin.domain.recipients import RECIPIENTS, addresses_of, recipient_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that became of a delivery: planned, attempt, what a person did to it, the state it is or ended in, answered."""

    name: str
    at: datetime
    sentence: str


def entry_of(action: Action, recipient: str, booking: Booking) -> str | None:
    """Return the entry of `emails`, or the URL, that stands for a recipient, or None if none does as the booking is now.

    What can only have meant him as the booking was before is returned too: there is one entry with a variable.
    """
    wanted = recipient_key(recipient)
    meant = [one for one in action.entries if wanted in map(recipient_key, addresses_of([one], booking))]
    variable = [one for one in action.entries if one in RECIPIENTS]
    return meant[0] if meant else variable[0] if len(variable) == 1 else None


def origin(delivery: Delivery, *, rule_name: str, happened: Happened | None, entry: str | None) -> list[Clause]:
    """Return why there is a delivery: which rule, which event, and which entry of `emails` made this address a recipient."""
    return [_rule(delivery, rule_name), _event(delivery, happened), _recipient(delivery, entry)]


def event_of(delivery: Delivery, happened: Iterable[Happened]) -> Happened | None:
    """Return the event that made a delivery, or None where that is no event of its own: a moment, or somebody taken off."""
    own = [
        one
        for one in happened
        if (one.kind, one.booking_revision, one.about) == (delivery.event, delivery.booking_revision, delivery.about)
        and (not one.about or one.occurred_at == delivery.due_at)
    ]
    return own[-1] if own else None


def replaced_by(delivery: Delivery, others: Iterable[Delivery]) -> list[Delivery]:
    """Return what came in the place of a delivery that was superseded, as far as it is known; the first due first."""
    if delivery.state is not State.SUPERSEDED or delivery.settled_at is None:
        return []
    candidates = [one for one in others if one.id != delivery.id]
    if delivery.event in TIMED:
        return _planned_anew(delivery, candidates)
    same = [
        one
        for one in candidates
        if one.action is delivery.action and recipient_key(one.recipient) == recipient_key(delivery.recipient)
    ]
    if delivery.about:
        return [one for one in candidates if one.about == delivery.about and one.created_at == delivery.settled_at]
    if delivery.cause is Cause.KEEP_IN_SYNC:
        told = [one for one in same if one.state is State.SENT and one.booking_revision >= delivery.booking_revision]
        return told[-1:]
    newer = [
        one
        for one in same
        if one.event in ENTRY_CHANGES
        and one.cause is Cause.RULE_FIRED
        and one.booking_revision > delivery.booking_revision
    ]
    return sorted(newer, key=lambda one: one.booking_revision)[:1]


def steps(
    delivery: Delivery,
    *,
    attempt: Attempt | None,
    replaced: Sequence[Delivery],
    answered: Answered | None,
    interventions: Iterable[Intervention] = (),
) -> list[Step]:
    """Return what became of a delivery, in order; `attempt` is the last one, `interventions` what people did to it."""
    found = [Step(name="planned", at=delivery.created_at, sentence=f"planned to be sent at {said(delivery.due_at)}")]
    if attempt is not None and attempt.outcome is not None and delivery.state is not State.SENT:
        sentence = f"attempt {attempt.number} ended as {attempt.outcome.result.value}{_reply(attempt.outcome)}"
        found.append(Step(name="attempt", at=attempt.ended_at or attempt.started_at, sentence=sentence))
    found += [Step(name=one.deed.value, at=one.at, sentence=f"{one.deed.words} by {one.by}") for one in interventions]
    found.sort(key=lambda step: step.at)
    found.append(_standing(delivery, attempt, replaced))
    if answered is not None:
        sentence = f"the recipient answered {answered.rsvp.value}"
        found.append(Step(name="answered", at=answered.at, sentence=sentence))
    return found


def _rule(delivery: Delivery, name: str) -> Clause:
    deed = "fired" if delivery.cause is Cause.RULE_FIRED else "invited this recipient and keeps the invite in sync"
    sentence = f"the rule “{name}” {deed}, as it was at revision {delivery.rule_revision}"
    return Clause(name="rule", holds=True, sentence=sentence, found=(delivery.rule_id, str(delivery.rule_revision)))


def _event(delivery: Delivery, happened: Happened | None) -> Clause:
    if delivery.cause is Cause.KEEP_IN_SYNC:
        off = delivery.event is EventKind.RECIPIENT_REMOVED
        what = "the recipient was taken off" if off else f"{delivery.event.value} happened"
        sentence = f"{what} (revision {delivery.booking_revision} of the booking), and the recipient may hold an invite"
    elif happened is not None:
        return happened_at(happened)
    else:
        sentence = f"{delivery.event.value} is at {said(delivery.due_at)}"
    found = (delivery.event.value,)
    return Clause(name="event", holds=True, sentence=sentence, found=found, at=delivery.due_at)


def _recipient(delivery: Delivery, entry: str | None) -> Clause:
    action, who = f"action {delivery.action_index + 1}", delivery.recipient
    if entry is None:
        sentence = f"{action} named somebody whose address was {who} as the booking was then"
    else:
        sentence = f"{action} names {who}" if entry not in RECIPIENTS else f"{action} names {entry}, which was {who}"
    found = (who,) if entry is None else (who, entry)
    return Clause(name="recipient", holds=True, sentence=sentence, found=found)


def _standing(delivery: Delivery, attempt: Attempt | None, replaced: Sequence[Delivery]) -> Step:
    state, because = delivery.state, f": {delivery.reason}" if delivery.reason else ""
    if state is State.SENT:
        outcome = None if attempt is None else attempt.outcome
        sentence = f"sent at attempt {delivery.attempts}{'' if outcome is None else _reply(outcome)}"
    elif state is State.SENDING:
        sentence = f"a worker has it in hand, for attempt {delivery.attempts}"
    elif state is State.PAUSED:
        sentence = f"waits until somebody resumes it{because}"
    elif state in OPEN:
        sentence = f"waits until {said(delivery.next_at)}{because}"
    else:
        sentence = f"ended as {state.value}{because}{_instead(replaced)}"
    return Step(name=state.value, at=delivery.settled_at or delivery.next_at, sentence=sentence)


def _instead(replaced: Sequence[Delivery]) -> str:
    if not replaced:
        return ""
    return f"; in its place {' and '.join(f'{one.event.value} at {said(one.due_at)}' for one in replaced)}"


def _reply(outcome: Outcome) -> str:
    said_ = " ".join(filter(None, (str(outcome.code or ""), outcome.enhanced_code, outcome.reply)))
    return f"; the server said: {said_}" if outcome.code is not None else f": {said_}" if said_ else ""


def _planned_anew(delivery: Delivery, candidates: Iterable[Delivery]) -> list[Delivery]:
    """Return what was planned at the moment at which `delivery` was dropped, or else what of the same stands instead of it."""
    own = (delivery.rule_id, delivery.action_index, delivery.event)
    alike = [one for one in candidates if (one.rule_id, one.action_index, one.event) == own]
    same = [one for one in alike if recipient_key(one.recipient) == recipient_key(delivery.recipient)] or alike
    then = [one for one in same if one.created_at == delivery.settled_at]
    return sorted(then or [one for one in same if one.state is not State.SUPERSEDED], key=lambda one: one.due_at)
