"""Recipients: shapes of the API, written by `make reference`."""

from typing import NotRequired, TypedDict

from tocsin.client.shapes.paging import Pagination


class RecipientIn(TypedDict):
    """In which time zone and language an address is written to; what is left out is not set any more."""

    time_zone: NotRequired[str | None]
    locale: NotRequired[str | None]


class Recipient(TypedDict):
    """What is set for an address; null: not set."""

    address: str
    time_zone: str | None
    locale: str | None
    updated_at: str


class RecipientAnswer(TypedDict):
    """The answer to show and set."""

    recipient: Recipient


class RecipientsAnswer(TypedDict):
    """The answer to list."""

    recipients: list[Recipient]
    pagination: Pagination
