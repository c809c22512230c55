"""Answers to the form of a booking on the wire, the guests among them."""

from collections import Counter
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tocsin.domain.model import GUESTS_QUESTION, MOST_ANSWERS, MOST_GUESTS
from tocsin.domain.text import ANSWER_LENGTH, complaint, normal
from tocsin.schemas.fields import Address

_KINDS = (str, int, float, bool, type(None))


def _several(value: object) -> object:
    """Take a list of addresses, or text with commas between them."""
    if isinstance(value, list | None):
        return value
    if isinstance(value, str):
        return [one for one in value.split(",") if one.strip()]
    raise ValueError("must be a list of addresses, or text in which they stand with commas between")


_Guests = Annotated[
    list[Address] | None,
    Field(
        alias=GUESTS_QUESTION,
        max_length=MOST_GUESTS,
        description="the addresses of the guests: a list, or text with commas between",
    ),
    BeforeValidator(_several, json_schema_input_type=list[str] | str | None),
]


class Answers(BaseModel):
    """Answers by the code of their question. Those to `guest_email_s` are addresses, every other one is kept as text."""

    model_config = ConfigDict(
        strict=True,
        extra="allow",
        frozen=True,
        json_schema_extra={
            "maxProperties": MOST_ANSWERS,
            "additionalProperties": {"type": ["string", "number", "boolean", "array", "null"]},
        },
    )

    guest_addresses: _Guests = None

    @model_validator(mode="before")
    @classmethod
    def _fit(cls, sent: Any) -> Any:
        if not isinstance(sent, dict):
            return sent
        if len(sent) > MOST_ANSWERS:
            raise ValueError(f"must have at most {MOST_ANSWERS} entries")
        for question, answer in sent.items():
            wrong = complaint(question, limit=100) or (normal(question) != GUESTS_QUESTION and _complaint(answer))
            if wrong:
                raise ValueError(f"the answer to {question[:40]!r} {wrong}")
        questions = Counter(map(normal, sent))  # in the form in which rules name them
        if questions.total() > len(questions):
            raise ValueError(f"names the question {questions.most_common(1)[0][0][:40]!r} twice")
        return dict(zip(questions, sent.values(), strict=True))

    @property
    def guests(self) -> tuple[str, ...] | None:
        """The guests' addresses as they were sent, or None if nothing was said of guests."""
        return None if self.guest_addresses is None else tuple(self.guest_addresses)

    def others(self) -> tuple[tuple[str, str], ...]:
        """Return the other answers as text."""
        return tuple((question, normal(_as_text(answer))) for question, answer in (self.model_extra or {}).items())


def _complaint(answer: Any) -> str | None:
    if not all(isinstance(one, _KINDS) for one in (answer if isinstance(answer, list) else [answer])):
        return "must be text, a number, true, false, or a list of these"
    return complaint(_as_text(answer), limit=ANSWER_LENGTH, several_lines=True)


def _as_text(answer: Any) -> str:
    if isinstance(answer, list):
        return ", ".join(_as_text(one) for one in answer)
    if isinstance(answer, bool):
        return "true" if answer else "false"
    return "" if answer is None else str(answer)
