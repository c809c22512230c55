"""Audit: shapes of the API, written by `make reference`."""

from typing import Any, TypedDict

from tocsin.client.shapes.paging import Pagination


class AuditEntry(TypedDict):
    """Who did what to what, and what was changed by it. `seal` covers the entry and the seal of the one before."""

    number: int
    at: str
    who: str
    through: str
    verb: str
    kind: str
    id: str
    name: str
    before: dict[str, Any]
    after: dict[str, Any]
    seal: str


class AuditAnswer(TypedDict):
    """The answer to list."""

    entries: list[AuditEntry]
    pagination: Pagination
