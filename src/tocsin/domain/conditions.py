"""Conditions of a rule: what must hold, beside its event and links, when a message is about to be sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tocsin.domain.rsvp import Rsvp

MOST_CONDITIONS = 10


class Field(StrEnum):
    """What a condition looks at."""

    INVITATION_RSVP = "invitation.rsvp"


class Operator(StrEnum):
    """How it looks: at the answer of this message's recipient, or at those of all who were invited to the booking."""

    IS = "is"
    IS_NOT = "is_not"
    IS_FOR_SOMEBODY = "is_for_somebody"
    IS_FOR_NOBODY = "is_for_nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition, such as: `invitation.rsvp` `is_for_nobody` `accepted`."""

    field: Field
    operator: Operator
    value: Rsvp

    def __str__(self) -> str:
        return f"{self.field} {self.operator} {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers to a booking's invitations: of the recipient of a message, and of all."""

    own: Rsvp
    all: tuple[Rsvp, ...]


def unmet(conditions: Iterable[Condition], answers: Answers) -> Condition | None:
    """Return the first condition that does not hold, or None if all do."""
    return next((condition for condition in conditions if not _holds(condition, answers)), None)


def _holds(condition: Condition, answers: Answers) -> bool:
    match condition.operator:
        case Operator.IS:
            return answers.own is condition.value
        case Operator.IS_NOT:
            return answers.own is not condition.value
        case Operator.IS_FOR_SOMEBODY:
            return condition.value in answers.all
        case Operator.IS_FOR_NOBODY:  # pragma: no branch  mypy proves that no other is left
            return condition.value not in answers.all
