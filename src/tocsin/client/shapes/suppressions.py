"""Suppressions: shapes of the API, written by `make reference`."""

from typing import NotRequired, TypedDict

from tocsin.client.shapes.paging import Pagination


class SuppressionIn(TypedDict):
    """Who is to get no more messages, of one rule or, if none is named, of the workspace."""

    recipient: str
    rule_id: NotRequired[str]
    note: NotRequired[str]


class Suppression(TypedDict):
    """An entry: since when and why an address gets no more messages. `rule_id` is null for the whole workspace."""

    recipient: str
    rule_id: str | None
    reason: str
    since_at: str
    note: str


class SuppressionAnswer(TypedDict):
    """The answer to add."""

    suppression: Suppression


class SuppressionsAnswer(TypedDict):
    """The answer to list."""

    suppressions: list[Suppression]
    pagination: Pagination
