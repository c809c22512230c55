"""What a rule was, on the wire: ours."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from tocsin.domain.rules import RuleRevision
from tocsin.schemas import differences
from tocsin.schemas.fields import Asked, Shown
from tocsin.schemas.rules import FullRuleOut


class UndoQuery(Asked):
    """Where to go back to."""

    revision: Annotated[int, Field(ge=1, description="the one before the last change if left out")] | None = None


class RevisionOut(Shown):
    """What a rule was at one revision: whole, unless a version of Tocsin made it that did not keep that."""

    revision: int
    made_at: datetime
    made_by: str | None
    changed: list[str]
    workflow: FullRuleOut | None

    @classmethod
    def of(cls, one: RuleRevision, before: RuleRevision | None) -> Self:
        """Return a revision with the names of the fields that differ from the one before."""
        workflow = None if one.rule is None else FullRuleOut.of(one.rule)
        return cls(
            revision=one.number,
            made_at=one.made_at,
            made_by=one.made_by or None,
            changed=differences.names(differences.between(None if before is None else before.rule, one.rule)),
            workflow=workflow,
        )


class RevisionsAnswer(Shown):
    """The answer to revisions, the latest first."""

    revisions: list[RevisionOut]
