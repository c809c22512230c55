"""Sender: shapes of the API, written by `make reference`."""

from typing import TypedDict


class Check(TypedDict):
    """How one check went; `record` is the line to add to the zone, if one is missing."""

    name: str
    grade: str
    sentence: str
    record: str | None


class DkimKey(TypedDict):
    """A DKIM key; nothing shows its private half."""

    domain: str
    selector: str
    algorithm: str
    state: str
    record: str
    created_at: str
    activated_at: str | None
    retired_at: str | None


class Sender(TypedDict):
    """A sender, what people will see of it, how each check went, and the workspace's DKIM keys."""

    address: str
    sentence: str
    checks: list[Check]
    dkim: list[DkimKey]


class SenderAnswer(TypedDict):
    """The answer to show."""

    sender: Sender
