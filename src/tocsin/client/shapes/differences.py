"""Differences: shapes of the API, written by `make reference`."""

from typing import Any, TypedDict


class ChangedField(TypedDict):
    """One field that a step changes; null where there is nothing."""

    field: str
    old: Any
    new: Any
