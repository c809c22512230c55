"""In which time zone and language somebody reads the pages: as the account says, and else as the workspace does."""

from dataclasses import replace

from tocsin.domain.accounts import Account
from tocsin.domain.audit import Verb
from tocsin.domain.errors import InvalidInputError, Problem
from tocsin.formats import dates, zones
from tocsin.services import accounts, audit
from tocsin.services.ports import Transaction


def set_reading(tx: Transaction, email: str, *, time_zone: str | None, locale: str | None) -> Account:
    """Set zone and language of an account; None is the workspace's. Raises NotFoundError, InvalidInputError."""
    wrong = {
        "time_zone": None if time_zone is None else zones.complaint(time_zone),
        "locale": None if locale is None else dates.locale_complaint(locale),
    }
    problems = [Problem(field=field, message=message) for field, message in wrong.items() if message is not None]
    if problems:
        raise InvalidInputError(problems)
    before = accounts.get(tx, email)
    after = replace(before, time_zone=time_zone, locale=locale)
    tx.accounts.set_reading(after.id, time_zone=time_zone, locale=locale)
    audit.note(tx, Verb.ACCOUNT_CHANGED, after.id, name=after.email, before=before, after=after)
    return after
