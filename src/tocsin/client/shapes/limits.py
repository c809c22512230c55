"""Limits: shapes of the API, written by `make reference`."""

from typing import TypedDict


class Limit(TypedDict):
    """A limit and how far it is used."""

    scope: str
    most: int
    window_s: int
    used: int | None
    left: int | None
    frees_at: str | None


class LimitsAnswer(TypedDict):
    """The answer: all limits, and whether sending is paused."""

    limits: list[Limit]
    sending_paused_at: str | None
    sending_paused_because: str | None
