"""The suppression list on the wire: ours."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from tocsin.domain.suppression import Suppression
from tocsin.schemas.fields import Address, Asked, Reason, Shown, StrictlySent, plain
from tocsin.schemas.paging import PageQuery, Pagination


class SuppressionsQuery(PageQuery):
    """Which entries are wanted."""

    recipient: Annotated[str, Field(max_length=254), plain] = ""


class SuppressionQuery(Asked):
    """Which entries of an address are meant."""

    rule_id: Annotated[
        str, Field(max_length=64, description="a rule's id; the entries for the whole workspace if left out"), plain
    ] = ""


class SuppressionIn(StrictlySent):
    """Who is to get no more messages, of one rule or, if none is named, of the workspace."""

    recipient: Address
    rule_id: Annotated[str, Field(max_length=64), plain] = ""
    note: Reason = ""


class SuppressionOut(Shown):
    """An entry: since when and why an address gets no more messages. `rule_id` is null for the whole workspace."""

    recipient: str
    rule_id: str | None
    reason: str
    since_at: datetime
    note: str

    @classmethod
    def of(cls, suppression: Suppression) -> Self:
        """Return `suppression` as it is shown."""
        return cls(
            recipient=suppression.recipient,
            rule_id=suppression.rule_id or None,
            reason=suppression.reason.value,
            since_at=suppression.since_at,
            note=suppression.note,
        )


class SuppressionAnswer(Shown):
    """The answer to add."""

    suppression: SuppressionOut


class SuppressionsAnswer(Shown):
    """The answer to list."""

    suppressions: list[SuppressionOut]
    pagination: Pagination
