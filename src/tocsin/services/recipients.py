"""In which zone and language somebody is written to: what is set for an address comes before all that is known of him."""

from datetime import datetime

from tocsin.domain.audit import Verb
from tocsin.domain.errors import InvalidInputError, NotFoundError, Problem
from tocsin.domain.recipients import RecipientSettings
from tocsin.formats import addresses, dates, zones
from tocsin.services import audit
from tocsin.services.ports import Page, Transaction


def page(tx: Transaction, wanted: Page) -> tuple[list[RecipientSettings], int]:
    """Return a page of what is set, by address, and the number of all addresses for which something is."""
    return tx.recipients.page(limit=wanted.size, offset=wanted.offset)


def get(tx: Transaction, address: str) -> RecipientSettings:
    """Return what is set for an address. Raises NotFoundError."""
    found = None if addresses.complaint(address) else tx.recipients.get(addresses.normal(address))
    if found is None:
        raise NotFoundError(_NOTHING)
    return found


def put(
    tx: Transaction, address: str, *, time_zone: str | None, locale: str | None, now: datetime
) -> RecipientSettings:
    """Set time zone, locale or both for an address, in the place of what was set. Raises InvalidInputError."""
    wrong = {
        "address": addresses.complaint(address),
        "time_zone": None if time_zone is None else zones.complaint(time_zone),
        "locale": None if locale is None else dates.locale_complaint(locale),
    }
    if time_zone is None and locale is None:
        wrong["time_zone"] = "give a time zone, a locale, or both; to forget what is set, remove the address"
    problems = [Problem(field=field, message=message) for field, message in wrong.items() if message is not None]
    if problems:
        raise InvalidInputError(problems)
    settings = RecipientSettings(address=addresses.normal(address), time_zone=time_zone, locale=locale, updated_at=now)
    former = tx.recipients.get(settings.address)
    tx.recipients.put(settings)
    audit.note(tx, Verb.RECIPIENT_CHANGED, settings.address, name=settings.address, before=former, after=settings)
    return settings


def remove(tx: Transaction, address: str) -> None:
    """Forget what is set for an address. Raises NotFoundError."""
    former = get(tx, address)
    tx.recipients.remove(former.address)
    audit.note(tx, Verb.RECIPIENT_FORGOTTEN, former.address, name=former.address, before=former)


_NOTHING = "nothing is set for this address"
