"""Meeting outcomes: the workspace's words for how a meeting went, and the built-in no-show."""

from dataclasses import replace
from datetime import datetime

from tocsin.domain.audit import Verb
from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tocsin.domain.model import MeetingOutcome, OutcomeId, OutcomeKind
from tocsin.services import audit
from tocsin.services.ports import Chance, Transaction

DEFAULT_COLOR = "#64748b"


def create(tx: Transaction, name: str, *, color: str = DEFAULT_COLOR, now: datetime, chance: Chance) -> MeetingOutcome:
    """Store an outcome; the name of a deleted one restores it. Raises InvalidInputError if the name is in use."""
    former = tx.outcomes.by_name(name)
    if former is not None and tx.outcomes.get(former.id) is not None:
        raise InvalidInputError.of("name", f"there is a meeting outcome called {name} already")
    outcome_id = OutcomeId(chance.new_id()) if former is None else former.id
    kind = OutcomeKind.CUSTOM if former is None else former.kind
    outcome = MeetingOutcome(id=outcome_id, name=name, color=color, kind=kind)
    tx.outcomes.put(outcome, now=now)
    audit.note(tx, Verb.OUTCOME_CREATED, outcome.id, name=outcome.name, after=outcome)
    return outcome


def create_built_in(tx: Transaction, *, now: datetime, chance: Chance) -> None:
    """Store the outcome that every workspace has: no-show."""
    outcome = MeetingOutcome(id=OutcomeId(chance.new_id()), name="No show", color="#b91c1c", kind=OutcomeKind.NO_SHOW)
    tx.outcomes.put(outcome, now=now)


def get(tx: Transaction, outcome_id: str) -> MeetingOutcome:
    """Return an outcome. Raises NotFoundError."""
    outcome = tx.outcomes.get(outcome_id)
    if outcome is None:
        raise NotFoundError("there is no meeting outcome with this id")
    return outcome


def every(tx: Transaction) -> list[MeetingOutcome]:
    """Return all outcomes, the oldest first."""
    return tx.outcomes.all()


def update(tx: Transaction, outcome_id: str, *, name: str | None, color: str | None, now: datetime) -> MeetingOutcome:
    """Change what is given. Raises NotFoundError, and InvalidInputError if the name is in use."""
    outcome = get(tx, outcome_id)
    namesake = None if name is None else tx.outcomes.by_name(name)
    if namesake is not None and namesake.id != outcome.id:
        raise InvalidInputError.of("name", f"there is or was another meeting outcome called {name}")
    changed = replace(outcome, name=name or outcome.name, color=color or outcome.color)
    tx.outcomes.put(changed, now=now)
    audit.note(tx, Verb.OUTCOME_CHANGED, outcome.id, name=changed.name, before=outcome, after=changed)
    return changed


def delete(tx: Transaction, outcome_id: str, *, now: datetime) -> None:
    """Take an outcome off the list. Raises NotFoundError, and ConflictError for the built-in one."""
    outcome = get(tx, outcome_id)
    if outcome.kind is OutcomeKind.NO_SHOW:
        raise ConflictError("the built-in no-show outcome cannot be deleted")
    tx.outcomes.delete(outcome.id, at=now)
    audit.note(tx, Verb.OUTCOME_DELETED, outcome.id, name=outcome.name, before=outcome)
