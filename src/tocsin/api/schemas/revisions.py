"""What a rule was, on the wire: ours."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from tocsin.api.schemas.fields import Asked, Shown
from tocsin.api.schemas.rules import FullRuleOut, RulePatch
from tocsin.domain.rules import RuleRevision


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
        former = None if before is None or before.rule is None else FullRuleOut.of(before.rule)
        return cls(
            revision=one.number,
            made_at=one.made_at,
            made_by=one.made_by or None,
            changed=[
                name
                for name in RulePatch.model_fields
                if workflow and former and getattr(workflow, name) != getattr(former, name)
            ],
            workflow=workflow,
        )


class RevisionsAnswer(Shown):
    """The answer to revisions, the latest first."""

    revisions: list[RevisionOut]
