"""Whether the conditions of a rule hold, and if not, which does not and what is so instead.

Texts are compared without regard to case. A field can have several values (all hosts of a booking, two answers to a question):
what is asked of it holds if it holds for one of them, and what denies holds if it does for none.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.domain.conditions import WEEKDAYS, AnyOf, Condition, Field, Operator, Value, shown
from tocsin.domain.explain import Clause
from tocsin.domain.model import Booking
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.text import one_line

_LONGEST_SHOWN = 80  # characters of a value in a reason
_LONGEST_REASON = 1_000  # characters

_DENIALS = {
    Operator.IS_NOT: Operator.IS,
    Operator.IS_NONE_OF: Operator.IS_ONE_OF,
    Operator.DOES_NOT_CONTAIN: Operator.CONTAINS,
    Operator.IS_EMPTY: Operator.IS_NOT_EMPTY,
    Operator.IS_FOR_NOBODY: Operator.IS_FOR_SOMEBODY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What conditions can look at. `own` is the answer of the message's recipient, `all` those of all who were invited.

    `start_in` gives the start as the wall clock of a time zone, of the workspace's if its name is empty.
    """

    booking: Booking
    own: Rsvp
    all: tuple[Rsvp, ...]
    is_new_client: bool
    start_in: Callable[[str], datetime]


def unmet(conditions: Iterable[Condition | AnyOf], known: Known) -> str | None:
    """Return in words the first condition that does not hold and what is so instead, or None if all hold."""
    return next((_denied(one, known) for one in conditions if not _holds(one, known)), None)


def judged(condition: Condition | AnyOf, known: Known) -> Clause:
    """Return whether a condition holds, with what was so, as it is asked before each message is sent."""
    holds, found = _holds(condition, known), _instead(condition, known)
    so = "and it is so" if holds else "and it is not so"
    sentence = one_line(f"the rule asks that {condition}, {so}: {' and '.join(found)}", limit=_LONGEST_REASON)
    return Clause(name="conditions", holds=holds, sentence=sentence, wanted=(str(condition),), found=found)


def _denied(condition: Condition | AnyOf, known: Known) -> str:
    instead = " and ".join(_instead(condition, known))
    return one_line(f"the rule asks that {condition}; {instead}", limit=_LONGEST_REASON)


def _instead(condition: Condition | AnyOf, known: Known) -> tuple[str, ...]:
    some = condition.conditions if isinstance(condition, AnyOf) else (condition,)
    return tuple(dict.fromkeys(f"{one.field} is {_found(one, known)}" for one in some))


def _found(condition: Condition, known: Known) -> str:
    values = [one_line(shown(one), limit=_LONGEST_SHOWN) for one in _values(condition, known)]
    return ", ".join(filter(None, values)) or "empty"


def _holds(condition: Condition | AnyOf, known: Known) -> bool:
    if isinstance(condition, AnyOf):
        return any(_holds(one, known) for one in condition.conditions)
    asked = _DENIALS.get(condition.operator)
    test = _test(asked or condition.operator, condition.value)
    return any(map(test, _values(condition, known))) is (asked is None)


def _test(operator: Operator, value: Value) -> Callable[[Value], bool]:
    wanted = _folded(value)
    match operator:
        case Operator.IS_ONE_OF:
            return lambda one: isinstance(wanted, tuple) and _folded(one) in wanted
        case Operator.CONTAINS:
            return lambda one: str(wanted) in str(_folded(one))
        case Operator.STARTS_WITH:
            return lambda one: str(_folded(one)).startswith(str(wanted))
        case Operator.ENDS_WITH:
            return lambda one: str(_folded(one)).endswith(str(wanted))
        case Operator.IS_NOT_EMPTY:
            return lambda one: bool(_folded(one))
        case Operator.AT_LEAST:
            return lambda one: isinstance(one, int) and isinstance(value, int) and one >= value
        case Operator.AT_MOST:
            return lambda one: isinstance(one, int) and isinstance(value, int) and one <= value
        case _:
            return lambda one: _folded(one) == wanted


def _values(condition: Condition, known: Known) -> tuple[Value, ...]:
    return tuple(_LOOKS[condition.field](condition, known))


def _answers(condition: Condition, known: Known) -> Iterator[Value]:
    asked = _folded(condition.question)
    return (answer for question, answer in known.booking.answers if _folded(question) == asked)


def _rsvps(condition: Condition, known: Known) -> Iterator[Value]:
    is_of_all = condition.operator in (Operator.IS_FOR_SOMEBODY, Operator.IS_FOR_NOBODY)
    return (one.value for one in (known.all if is_of_all else (known.own,)))


def _minutes(length: timedelta) -> int:
    return length // timedelta(minutes=1)


_LOOKS: Mapping[Field, Callable[[Condition, Known], Iterable[Value]]] = {
    Field.MEETING_ID: lambda _, known: [known.booking.link_id],
    Field.HOST_EMAIL: lambda _, known: [host.email for host in known.booking.hosts],
    Field.CLIENT_EMAIL: lambda _, known: [known.booking.client.email],
    Field.CLIENT_DOMAIN: lambda _, known: [known.booking.client.email.rpartition("@")[2]],
    Field.CLIENT_IS_NEW: lambda _, known: [known.is_new_client],
    Field.FORM_ANSWER: _answers,
    Field.PLACE_SPOT: lambda _, known: [known.booking.place.spot],
    Field.PLACE_DETAILS: lambda _, known: [known.booking.place.details],
    Field.BOOKING_DURATION: lambda _, known: [_minutes(known.booking.ends_at - known.booking.starts_at)],
    Field.BOOKING_WEEKDAY: lambda asked, known: [WEEKDAYS[known.start_in(asked.time_zone).weekday()]],
    Field.BOOKING_HOUR: lambda asked, known: [known.start_in(asked.time_zone).hour],
    Field.BOOKING_LEAD: lambda _, known: [_minutes(known.booking.starts_at - known.booking.created_at)],
    Field.BOOKING_STATUS: lambda _, known: [known.booking.status.value],
    Field.BOOKING_OUTCOME: lambda _, known: ["" if known.booking.outcome is None else known.booking.outcome.name],
    Field.INVITATION_RSVP: _rsvps,
}


def _folded(value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(one.strip().casefold() for one in value)
    return value.strip().casefold() if isinstance(value, str) else value
