"""Conditions of a rule: what must hold, beside its event and links, when a message is about to be sent.

All conditions of a rule must hold; of a group (`any`) one is enough. A condition looks at one field by one operator. Whether it
holds is in `judgement.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tocsin.domain.model import BookingStatus
from tocsin.domain.rsvp import Rsvp

MOST_CONDITIONS = 10  # of a rule, and of a group
MOST_VALUES = 50
LONGEST_VALUE = 255  # characters
MOST_MINUTES = 5_256_000  # ten years


class Field(StrEnum):
    """What a condition looks at."""

    MEETING_ID = "meeting.id"
    HOST_EMAIL = "host.email"
    CLIENT_EMAIL = "client.email"
    CLIENT_DOMAIN = "client.domain"
    CLIENT_IS_NEW = "client.is_new"
    FORM_ANSWER = "form.answer"
    PLACE_SPOT = "place.spot"
    PLACE_DETAILS = "place.details"
    BOOKING_DURATION = "booking.duration_minutes"
    BOOKING_WEEKDAY = "booking.weekday"
    BOOKING_HOUR = "booking.hour"
    BOOKING_LEAD = "booking.lead_minutes"
    BOOKING_STATUS = "booking.status"
    BOOKING_OUTCOME = "booking.outcome"
    INVITATION_RSVP = "invitation.rsvp"


class Operator(StrEnum):
    """How it looks. The last two ask for the answers of all who were invited to the booking."""

    IS = "is"
    IS_NOT = "is_not"
    IS_ONE_OF = "is_one_of"
    IS_NONE_OF = "is_none_of"
    CONTAINS = "contains"
    DOES_NOT_CONTAIN = "does_not_contain"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    IS_EMPTY = "is_empty"
    IS_NOT_EMPTY = "is_not_empty"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    IS_FOR_SOMEBODY = "is_for_somebody"
    IS_FOR_NOBODY = "is_for_nobody"


class Sort(StrEnum):
    """The sort of a field's value, which decides what can be asked of it."""

    TEXT = "text"
    NUMBER = "number"
    WORD = "word"
    FLAG = "true or false"
    ANSWER = "answer"


FIELDS: Mapping[Field, str] = {
    Field.MEETING_ID: "the id of the booking's scheduling link",
    Field.HOST_EMAIL: "the address of a host of the booking",
    Field.CLIENT_EMAIL: "the client's address",
    Field.CLIENT_DOMAIN: "what follows the @ in the client's address",
    Field.CLIENT_IS_NEW: "whether it is the first booking of the client's address in the workspace",
    Field.FORM_ANSWER: "an answer that the client gave to the form; `question` says to what",
    Field.PLACE_SPOT: "the kind of place, such as `zoom` or `in_person`",
    Field.PLACE_DETAILS: "the words about the place",
    Field.BOOKING_DURATION: "how many minutes the meeting takes",
    Field.BOOKING_WEEKDAY: "the day of the week on which it starts, in `time_zone` or the workspace's zone",
    Field.BOOKING_HOUR: "the hour in which it starts, 0 to 23, in `time_zone` or the workspace's zone",
    Field.BOOKING_LEAD: "how many minutes before its start it was booked",
    Field.BOOKING_STATUS: "where the booking stands",
    Field.BOOKING_OUTCOME: "the name of the meeting outcome",
    Field.INVITATION_RSVP: "the answer to the invitation; `needs_action` of somebody who was never invited",
}
MEANINGS: Mapping[Operator, str] = {
    Operator.IS: "it is that value",
    Operator.IS_NOT: "it is another, or there is none",
    Operator.IS_ONE_OF: "it is one of a list of values",
    Operator.IS_NONE_OF: "it is none of a list of values",
    Operator.CONTAINS: "the text stands somewhere in it",
    Operator.DOES_NOT_CONTAIN: "the text stands nowhere in it",
    Operator.STARTS_WITH: "it begins with the text",
    Operator.ENDS_WITH: "it ends with the text",
    Operator.IS_EMPTY: "there is none, or it is blank; without `value`",
    Operator.IS_NOT_EMPTY: "there is one that is not blank; without `value`",
    Operator.AT_LEAST: "it is that number or more",
    Operator.AT_MOST: "it is that number or less",
    Operator.IS_FOR_SOMEBODY: "it is that of somebody who was invited to the booking, not just of the recipient",
    Operator.IS_FOR_NOBODY: "it is that of nobody who was invited to the booking",
}
Value = str | int | bool | tuple[str, ...] | None
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SORTS: Mapping[Field, Sort] = {
    **dict.fromkeys(Field, Sort.TEXT),
    Field.CLIENT_IS_NEW: Sort.FLAG,
    Field.BOOKING_DURATION: Sort.NUMBER,
    Field.BOOKING_HOUR: Sort.NUMBER,
    Field.BOOKING_LEAD: Sort.NUMBER,
    Field.BOOKING_WEEKDAY: Sort.WORD,
    Field.BOOKING_STATUS: Sort.WORD,
    Field.INVITATION_RSVP: Sort.ANSWER,
}
WORDS: Mapping[Field, tuple[str, ...]] = {
    Field.BOOKING_WEEKDAY: WEEKDAYS,
    Field.BOOKING_STATUS: tuple(BookingStatus),
    Field.INVITATION_RSVP: tuple(Rsvp),
}
_SOME = (Operator.IS, Operator.IS_NOT, Operator.IS_ONE_OF, Operator.IS_NONE_OF)
_OF_TEXTS = (
    Operator.CONTAINS,
    Operator.DOES_NOT_CONTAIN,
    Operator.STARTS_WITH,
    Operator.ENDS_WITH,
    Operator.IS_EMPTY,
    Operator.IS_NOT_EMPTY,
)
OPERATORS: Mapping[Sort, tuple[Operator, ...]] = {
    Sort.TEXT: (*_SOME, *_OF_TEXTS),
    Sort.NUMBER: (Operator.IS, Operator.IS_NOT, Operator.AT_LEAST, Operator.AT_MOST),
    Sort.WORD: _SOME,
    Sort.FLAG: (Operator.IS,),
    Sort.ANSWER: (*_SOME, Operator.IS_FOR_SOMEBODY, Operator.IS_FOR_NOBODY),
}
ASK_A_QUESTION = frozenset({Field.FORM_ANSWER})
IN_A_ZONE = frozenset({Field.BOOKING_WEEKDAY, Field.BOOKING_HOUR})
_LISTS = frozenset({Operator.IS_ONE_OF, Operator.IS_NONE_OF})
_BARE = frozenset({Operator.IS_EMPTY, Operator.IS_NOT_EMPTY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition, such as: `client.domain` `is_one_of` `("example.com",)`.

    `question` is what the form asked, for `form.answer`; `time_zone` where the day and hour are, empty for the workspace's.
    """

    field: Field
    operator: Operator
    value: Value = None
    question: str = ""
    time_zone: str = ""

    def __str__(self) -> str:
        asked = f"{self.field} to “{self.question}”" if self.question else str(self.field)
        return " ".join(filter(None, (asked, str(self.operator), shown(self.value), self.time_zone)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """A group of conditions, of which one is enough."""

    conditions: tuple[Condition, ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self.conditions))


def complaint(field: Field, operator: Operator, value: Value) -> str | None:
    """Tell what is wrong with the value of a condition, and what would be right; None if nothing is."""
    if operator in _BARE:
        return None if value is None else f"is not wanted with {operator}; leave it out"
    if operator in _LISTS:
        if not isinstance(value, tuple) or not 1 <= len(value) <= MOST_VALUES:
            return f"must be a list of 1 to {MOST_VALUES} values"
        return next((wrong for one in value if (wrong := _complaint(field, one)) is not None), None)
    return _complaint(field, value)


def shown(value: Value) -> str:
    """Return a value as people read it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def looks_at(conditions: Iterable[Condition | AnyOf], field: Field) -> bool:
    """Tell whether a condition looks at `field`."""
    each = (one.conditions if isinstance(one, AnyOf) else (one,) for one in conditions)
    return any(condition.field is field for some in each for condition in some)


def _complaint(field: Field, value: Value) -> str | None:
    match SORTS[field]:
        case Sort.WORD | Sort.ANSWER:
            return None if value in WORDS[field] else f"must be one of {', '.join(WORDS[field])}"
        case Sort.FLAG:
            return None if isinstance(value, bool) else "must be true or false"
        case Sort.NUMBER:
            most = 23 if field is Field.BOOKING_HOUR else MOST_MINUTES
            is_fit = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
            return None if is_fit else f"must be a whole number from 0 to {most}"
        case Sort.TEXT:  # pragma: no branch  mypy proves that no other is left
            is_fit = isinstance(value, str) and 0 < len(value.strip()) <= LONGEST_VALUE
            return None if is_fit else f"must be a text of 1 to {LONGEST_VALUE} characters"
