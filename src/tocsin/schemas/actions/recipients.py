"""Whom an action is for, on the wire: `emails`."""

from typing import Annotated

from pydantic import AfterValidator, Field

from tocsin.domain.recipients import MOST_EMAILS, RECIPIENTS, recipient_key
from tocsin.domain.templates import Variable, parse
from tocsin.domain.text import LINE_LENGTH, complaint
from tocsin.formats import addresses


def _recipient(value: str) -> str:
    pieces = list(parse(value.strip()))
    if len(pieces) == 1 and isinstance(pieces[0], Variable):
        entry = f"{{{{{pieces[0].name}}}}}"
        if entry in RECIPIENTS:
            return entry
        raise ValueError(f"of variables only {', '.join(RECIPIENTS)} can be recipients")
    wrong = complaint(value, limit=LINE_LENGTH) or addresses.complaint(value.strip())
    if wrong is not None:
        raise ValueError(wrong)
    return addresses.normal(value.strip())


def entry_complaint(entry: str) -> str | None:
    """Tell what is wrong with `entry` as a recipient, and what would be right; None if it can be one."""
    try:
        _recipient(entry)
    except ValueError as error:
        return str(error)
    return None


def each_once(emails: list[str]) -> tuple[str, ...]:
    """Return `emails` without those that are there already, in whatever case the domain is written."""
    once: dict[str, str] = {}
    for email in emails:
        once.setdefault(recipient_key(email), email)
    return tuple(once.values())


Emails = Annotated[list[Annotated[str, AfterValidator(_recipient)]], Field(min_length=1, max_length=MOST_EMAILS)]
