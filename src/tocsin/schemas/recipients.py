"""What is set for recipients on the wire: ours."""

from datetime import datetime
from typing import Self

from tocsin.domain.recipients import RecipientSettings
from tocsin.schemas.fields import Locale, Shown, StrictlySent, Zone
from tocsin.schemas.paging import Pagination


class RecipientIn(StrictlySent):
    """In which time zone and language an address is written to; what is left out is not set any more."""

    time_zone: Zone | None = None
    locale: Locale | None = None


class RecipientOut(Shown):
    """What is set for an address; null: not set."""

    address: str
    time_zone: str | None
    locale: str | None
    updated_at: datetime

    @classmethod
    def of(cls, settings: RecipientSettings) -> Self:
        """Return `settings` as they are shown."""
        return cls(
            address=settings.address,
            time_zone=settings.time_zone,
            locale=settings.locale,
            updated_at=settings.updated_at,
        )


class RecipientAnswer(Shown):
    """The answer to show and set."""

    recipient: RecipientOut


class RecipientsAnswer(Shown):
    """The answer to list."""

    recipients: list[RecipientOut]
    pagination: Pagination
