"""What forms are made of: a form is a model whose fields have these kinds, and every wrong field is told at its own place."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from tocsin.domain.errors import Problem
from tocsin.domain.text import ANSWER_LENGTH, LINE_LENGTH, complaint, normal, one_line
from tocsin.formats import addresses, zones

F = TypeVar("F", bound="Form")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
_CLOCK = re.compile(r"(\d{2}):(\d{2})(?::\d{2})?", re.ASCII)
_NUMBER = re.compile(r"[1-9]\d{0,4}", re.ASCII)
_UNSEEN = ("password", "present", "repeat", "secret", "api_token")  # fields that are never shown as they were sent
_SENTENCES = {
    "missing": "fill this in",
    "string_too_long": "write at most {max_length} characters",
    "literal_error": "choose one of {expected}",
    "enum": "choose one of {expected}",
}


class Form(BaseModel):
    """What a form, or the query of an address, holds. Fields are named as errors of the services name them."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, sent: Any) -> Any:
        """A field that was left empty is one that was not sent."""
        return {name: value for name, value in sent.items() if value != ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form as it is shown again: what was typed, and what is wrong with it, by field; `general` is wrong with all of it."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    general: Sequence[str] = ()

    @classmethod
    def of(cls, form: type[Form], sent: Mapping[str, str], problems: Sequence[Problem]) -> "Filled":
        """Return `form` as it was `sent`, with its problems. No password or secret is shown again."""
        known = {problem.field: problem.message for problem in problems if problem.field in form.model_fields}
        general = [f"{problem.field}: {problem.message}" for problem in problems if problem.field not in known]
        values = {name: value for name, value in sent.items() if name in form.model_fields and name not in _UNSEEN}
        return cls(values=values, errors=known, general=general)


def read(form: type[F], sent: Mapping[str, str]) -> tuple[F | None, list[Problem]]:
    """Return `sent` as `form`, or None and every wrong field."""
    try:
        return form.model_validate(sent), []
    except ValidationError as error:
        return None, [_problem(detail) for detail in error.errors(include_url=False)]


def _problem(detail: ErrorDetails) -> Problem:
    context = dict(detail.get("ctx", {}))
    if detail["type"] == "value_error":
        message = str(context["error"])
    else:
        context["expected"] = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
        message = _SENTENCES.get(detail["type"], detail["msg"]).format(**context)
    return Problem(field=str(detail["loc"][0]), message=message)


def _text(limit: int, *, several_lines: bool = False) -> AfterValidator:
    def check(value: str) -> str:
        text = normal(value)
        wrong = complaint(text, limit=limit, several_lines=several_lines)
        if wrong is not None:
            raise ValueError(wrong)
        return text

    return AfterValidator(check)


def _day(value: object) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("write a date such as 2026-11-24")
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise ValueError("choose a day that exists") from error
    if not zones.EARLIEST_YEAR <= day.year <= zones.LATEST_YEAR:
        raise ValueError(f"choose a year from {zones.EARLIEST_YEAR} to {zones.LATEST_YEAR}")
    return day


def _month(value: object) -> date:
    if not isinstance(value, str) or not _MONTH.fullmatch(value):
        raise ValueError("write a month such as 2026-11")
    return _day(f"{value}-01")


def _clock(value: object) -> time:
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError("write a time from 00:00 to 23:59")
    return time(int(match[1]), int(match[2]))


def _zone(value: str) -> str:
    wrong = zones.complaint(value)
    if wrong is not None:
        raise ValueError(wrong)
    return value


def _number(value: object) -> int:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise ValueError("write a number from 1 to 99999")
    return int(value)


def _addresses(value: object) -> tuple[str, ...]:
    """Take one address a line, or with commas between, each once."""
    pieces = [piece.strip() for piece in re.split(r"[,;\n]", normal(str(value))) if piece.strip()]
    if len(pieces) > MOST_ADDRESSES:
        raise ValueError(f"has {len(pieces)} addresses; at most {MOST_ADDRESSES} are accepted")
    for piece in pieces:
        wrong = complaint(piece, limit=LINE_LENGTH) or addresses.complaint(piece)
        if wrong is not None:
            raise ValueError(f"{one_line(piece, limit=60)} {wrong}")
    return tuple(dict.fromkeys(map(addresses.normal, pieces)))


MOST_ADDRESSES = 50
Addresses = Annotated[tuple[str, ...], BeforeValidator(_addresses)]
Ticked = Annotated[bool, BeforeValidator(lambda value: value == "yes")]
Line = Annotated[str, _text(LINE_LENGTH)]
Id = Annotated[str, _text(64)]
Query = Annotated[str, _text(2000)]
Paragraph = Annotated[str, _text(ANSWER_LENGTH, several_lines=True)]
Day = Annotated[date, BeforeValidator(_day)]
Month = Annotated[date, BeforeValidator(_month)]
Clock = Annotated[time, BeforeValidator(_clock)]
Zone = Annotated[str, AfterValidator(_zone)]
Number = Annotated[int, BeforeValidator(_number)]
