"""The kinds of fields that bodies are made of: text within limits, addresses, zones, dates, templates."""

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from tocsin.domain import templates
from tocsin.domain.text import ANSWER_LENGTH, BODY_LENGTH, LINE_LENGTH, NAME_LENGTH, complaint, normal
from tocsin.formats import addresses, dates, html, links, zones

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?: ?([AaPp][Mm]))?", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 2100


class Sent(BaseModel):
    """A body whose unknown fields are ignored, because the original has fields that mean nothing here."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, sent: Any) -> Any:
        """A null means that nothing is said of the field."""
        return {name: value for name, value in sent.items() if value is not None} if isinstance(sent, dict) else sent


class StrictlySent(Sent):
    """A body whose unknown fields are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Asked(BaseModel):
    """A query string: everything in it is text, and what is not known is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class Shown(BaseModel):
    """What is answered."""

    def wire(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return self.model_dump(mode="json", by_alias=True)


def _text(limit: int, *, required: bool, several_lines: bool = False) -> AfterValidator:
    def check(value: str) -> str:
        text = normal(value)
        wrong = complaint(value if not several_lines else text, limit=limit, several_lines=several_lines)
        if wrong is None and required and not text:
            wrong = "must not be blank"
        if wrong is not None:
            raise ValueError(wrong)
        return text

    return AfterValidator(check)


def _plain(value: str) -> str:
    wrong = complaint(value, limit=len(value))
    if wrong is not None:
        raise ValueError(wrong)
    return value


def _address(value: str) -> str:
    wrong = complaint(value, limit=LINE_LENGTH) or addresses.complaint(value.strip())
    if wrong is not None:
        raise ValueError(wrong)
    return addresses.normal(value.strip())


def _zone(value: str) -> str:
    wrong = zones.complaint(value)
    if wrong is not None:
        raise ValueError(wrong)
    return value


def _locale(value: str) -> str:
    wrong = dates.locale_complaint(value)
    if wrong is not None:
        raise ValueError(wrong)
    return value


def _subject(value: str) -> str:
    _refuse(templates.complaints(value))
    return value


def _html(value: str) -> str:
    _refuse([*templates.complaints(value), *html.complaints(value)])
    return value


def _refuse(wrong: list[str]) -> None:
    if wrong:
        raise ValueError("; ".join(wrong))


def _url(value: str) -> str:
    if value and not links.web(value):
        raise ValueError("must be an http or https address, such as https://meet.example.com/room")
    return value


def _day(value: object) -> object:
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None or not _FIRST_YEAR <= int(match[1]) <= _LAST_YEAR:
        raise ValueError(f"must be a date such as 2026-11-24, from {_FIRST_YEAR} to {_LAST_YEAR}")
    try:
        return date(*map(int, match.groups()))
    except ValueError as error:
        raise ValueError("must be a day that exists") from error


def _clock(value: object) -> object:
    """Both formats of the original: `03:30 PM` and `15:30`."""
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a time such as 15:30 or 03:30 PM")
    hour, minute, half = int(match[1]), int(match[2]), (match[3] or "").lower()
    if half and not 1 <= hour <= 12:
        raise ValueError("with AM or PM the hour goes from 1 to 12")
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59:
        raise ValueError("must be a time from 00:00 to 23:59")
    return time(hour, minute)


def moment_of(value: object) -> datetime:
    """Return an instant as RFC 3339, 5.6, writes it, or the first moment of a day in UTC. Raises ValueError."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        value = f"{_day(value)}T00:00:00Z"
    if not isinstance(value, str) or not _INSTANT.fullmatch(value) or not _FIRST_YEAR <= int(value[:4]) <= _LAST_YEAR:
        raise ValueError("must be an instant such as 2026-11-24T15:30:00Z or a date such as 2026-11-24")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError as error:
        raise ValueError("must be an instant that exists, such as 2026-11-24T15:30:00Z") from error


# For what is looked up and never kept: PostgreSQL refuses a NUL even in a question.
plain = AfterValidator(_plain)
Line = Annotated[str, _text(LINE_LENGTH, required=True)]
OptionalLine = Annotated[str, _text(LINE_LENGTH, required=False)]
Name = Annotated[str, _text(NAME_LENGTH, required=True)]
Reason = Annotated[str, _text(ANSWER_LENGTH, required=False, several_lines=True)]
Paragraphs = Annotated[str, _text(BODY_LENGTH, required=False, several_lines=True)]
Address = Annotated[str, AfterValidator(_address)]
Zone = Annotated[str, AfterValidator(_zone)]
Locale = Annotated[str, AfterValidator(_locale)]
SubjectTemplate = Annotated[str, _text(LINE_LENGTH, required=True), AfterValidator(_subject)]
HtmlTemplate = Annotated[str, _text(BODY_LENGTH, required=True, several_lines=True), AfterValidator(_html)]
Url = Annotated[str, _text(2048, required=False), AfterValidator(_url)]
Day = Annotated[date, BeforeValidator(_day)]
WallClock = Annotated[time, BeforeValidator(_clock)]
Moment = Annotated[datetime, BeforeValidator(moment_of)]
