"""Meeting outcomes on the wire."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator

from tocsin.domain.model import MeetingOutcome
from tocsin.schemas.fields import Name, Sent, Shown
from tocsin.services.outcomes import DEFAULT_COLOR


def _color(value: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError("must be a colour such as #22c55e")
    return value.lower()


Color = Annotated[str, AfterValidator(_color)]


class OutcomeIn(Sent):
    """An outcome as it is asked for."""

    name: Name
    color: Color = DEFAULT_COLOR


class OutcomeChange(Sent):
    """What to change of an outcome; what is left out stays."""

    name: Name | None = None
    color: Color | None = None


class OutcomeOut(Shown):
    """An outcome."""

    id: str
    name: str
    color: str
    kind: str

    @classmethod
    def of(cls, outcome: MeetingOutcome) -> Self:
        """Return `outcome` as it is shown."""
        return cls(id=outcome.id, name=outcome.name, color=outcome.color, kind=outcome.kind.value)


class OutcomeAnswer(Shown):
    """The answer to all but list."""

    meeting_outcome: OutcomeOut


class OutcomesAnswer(Shown):
    """The answer to list, which has no pages."""

    meeting_outcomes: list[OutcomeOut]
