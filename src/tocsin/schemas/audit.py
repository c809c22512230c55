"""The audit log on the wire: ours."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field

from tocsin.domain.audit import Entry, what_complaint
from tocsin.schemas.fields import Shown, plain
from tocsin.schemas.paging import PageQuery, Pagination
from tocsin.services.audit import values_of


def _what(value: str) -> str:
    wrong = what_complaint(value) if value else None
    if wrong is not None:
        raise ValueError(wrong)
    return value


class AuditQuery(PageQuery):
    """Which entries are wanted."""

    who: Annotated[
        str, Field(max_length=255, description="some letters of it: an address, or the id of an API key"), plain
    ] = ""
    what: Annotated[str, AfterValidator(_what), Field(description="a kind such as rule, or a verb: rule.changed")] = ""
    id: Annotated[str, Field(max_length=255, description="of the thing that it was done to"), plain] = ""
    day: (
        Annotated[
            date,
            # Beyond, a day's begin and end in some zone are no moments any more.
            Field(
                ge=date(1970, 1, 1), le=date(2100, 12, 31), description="a day of the workspace's time zone, 2026-11-24"
            ),
        ]
        | None
    ) = None


class AuditEntryOut(Shown):
    """Who did what to what, and what was changed by it. `seal` covers the entry and the seal of the one before."""

    number: int
    at: datetime
    who: str
    through: str
    verb: str
    kind: str
    id: str
    name: str
    before: dict[str, Any]
    after: dict[str, Any]
    seal: str

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Return `entry` as it is shown."""
        deed = entry.deed
        return cls(
            number=entry.number,
            at=entry.at,
            who=entry.by.who,
            through=entry.by.through,
            verb=deed.verb,
            kind=deed.kind,
            id=deed.thing,
            name=deed.name,
            before=values_of(deed.before),
            after=values_of(deed.after),
            seal=entry.seal,
        )


class AuditAnswer(Shown):
    """The answer to list."""

    entries: list[AuditEntryOut]
    pagination: Pagination
