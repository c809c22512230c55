"""Revisions: shapes of the API, written by `make reference`."""

from typing import TypedDict

from tocsin.client.shapes.rules import FullRule


class Revision(TypedDict):
    """What a rule was at one revision: whole, unless a version of Tocsin made it that did not keep that."""

    revision: int
    made_at: str
    made_by: str | None
    changed: list[str]
    workflow: FullRule | None


class RevisionsAnswer(TypedDict):
    """The answer to revisions, the latest first."""

    revisions: list[Revision]
