"""Outcomes: shapes of the API, written by `make reference`."""

from typing import NotRequired, TypedDict


class OutcomeChange(TypedDict):
    """What to change of an outcome; what is left out stays."""

    name: NotRequired[str | None]
    color: NotRequired[str | None]


class OutcomeIn(TypedDict):
    """An outcome as it is asked for."""

    name: str
    color: NotRequired[str]


class Outcome(TypedDict):
    """An outcome."""

    id: str
    name: str
    color: str
    kind: str


class OutcomeAnswer(TypedDict):
    """The answer to all but list."""

    meeting_outcome: Outcome


class OutcomesAnswer(TypedDict):
    """The answer to list, which has no pages."""

    meeting_outcomes: list[Outcome]
