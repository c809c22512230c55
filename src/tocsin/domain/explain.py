"""The clauses of a rule: what must hold for it to write to anybody about a booking, in words and with what was so.

What a rule did, or did not, when something happened is in `occasions.py`; what became of a delivery in `story.py`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.domain.events import TIMED, EventKind
from tocsin.domain.model import Booking, BookingStatus, LinkId
from tocsin.domain.rules import AutomationRule
from tocsin.domain.schedule import moments

MOST_VALUES = 20  # of a clause


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event of a booking as it is kept; `about` is whose answer it was, if it was one.

    `is_for_guests`: it did not happen to the booking then, but guests were added, for whom it is as if it had.
    """

    kind: EventKind
    booking_revision: int
    occurred_at: datetime
    about: str = ""
    is_for_guests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One thing that must hold, and whether it does. `wanted` is what is asked for, `found` what was so, `at` since when."""

    name: str
    holds: bool
    sentence: str
    wanted: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    at: datetime | None = None


def clauses(rule: AutomationRule, booking: Booking, happened: Iterable[Happened]) -> list[Clause]:
    """Return the clauses of `rule` as it is now, for a booking to which `happened`.

    A condition is asked for each message; whether it held stands with the delivery.
    """
    return [
        switched(is_on=rule.enabled),
        linked(rule.link_ids, booking),
        *([timed(rule.event, rule.offsets, booking)] if rule.event in TIMED else _event(rule, happened)),
        *(
            Clause(name="conditions", holds=True, sentence=f"asked before each message is sent: {condition}")
            for condition in rule.conditions
        ),
    ]


def switched(*, is_on: bool, is_now: bool = True, since: datetime | None = None) -> Clause:
    """Return whether a rule is switched on, or was; `since` is since when it is or was off."""
    state = "on" if is_on else "off"
    since_when = "" if since is None or is_on else f" since {said(since)}"
    sentence = f"the rule {'is' if is_now else 'was'} switched {state}{since_when}"
    return Clause(name="enabled", holds=is_on, sentence=sentence, wanted=("on",), found=(state,), at=since)


def linked(link_ids: tuple[LinkId, ...], booking: Booking, *, is_now: bool = True) -> Clause:
    """Return whether the link of a booking is, or was, one of a rule's."""
    is_linked = booking.link_id in link_ids
    return Clause(
        name="meeting_ids",
        holds=is_linked,
        sentence=f"the booking's meeting {'is' if is_now else 'was'} {'' if is_linked else 'not '}among those of the rule",
        wanted=some(link_ids),
        found=(booking.link_id,),
    )


def timed(kind: EventKind, offsets: Iterable[timedelta], booking: Booking) -> Clause:
    """Return whether the moments of a timed rule come, and when."""
    due = [at for at, _ in moments(kind, booking, offsets)]
    is_on = booking.status is BookingStatus.CONFIRMED
    status = booking.status.value.replace("_", " ")
    instead = f"the booking is {status}, and only a confirmed one has such a moment"
    return Clause(
        name="event",
        holds=is_on,
        sentence=f"it is due at {in_a_row(due)}" if is_on else instead,
        wanted=(BookingStatus.CONFIRMED.value,),
        found=(booking.status.value,),
        at=due[0] if is_on else None,
    )


def happened_at(one: Happened) -> Clause:
    """Return that an event happened."""
    answered = f", the answer of {one.about}," if one.about else ""
    sentence = f"{one.kind.value}{answered} happened at {said(one.occurred_at)}"
    if one.is_for_guests:
        sentence = f"a guest was added at {said(one.occurred_at)}, which is {one.kind.value} for him"
    return Clause(
        name="event",
        holds=True,
        sentence=sentence,
        wanted=(one.kind.value,),
        found=(one.kind.value,),
        at=one.occurred_at,
    )


def never_happened(kind: EventKind, happened: Iterable[Happened]) -> Clause:
    """Return that an event did not happen, with those that did."""
    found = tuple(dict.fromkeys(one.kind.value for one in happened))
    sentence = f"{kind.value} has not happened to this booking"
    return Clause(name="event", holds=False, sentence=sentence, wanted=(kind.value,), found=found)


def made_after(made_at: datetime) -> Clause:
    """Return that a rule was made too late for an event."""
    sentence = f"the rule was made after that, at {said(made_at)}"
    return Clause(name="created_at", holds=False, sentence=sentence, at=made_at)


def said(moment: datetime) -> str:
    """Return a moment as sentences say it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def in_a_row(times: Iterable[datetime]) -> str:
    """Return moments as sentences say them."""
    return " and ".join(f"{at:%Y-%m-%d %H:%M}" for at in times) + " UTC"


def some(values: Sequence[str]) -> tuple[str, ...]:
    """Return values as a clause has them: the first of very many, and how many more there are."""
    more = (f"and {len(values) - MOST_VALUES} more",) if len(values) > MOST_VALUES else ()
    return (*values[:MOST_VALUES], *more)


def _event(rule: AutomationRule, happened: Iterable[Happened]) -> Iterator[Clause]:
    known = list(happened)
    own = [one for one in known if one.kind is rule.event]
    if not own:
        yield never_happened(rule.event, known)
        return
    last = max(own, key=lambda one: one.occurred_at)
    yield happened_at(last)
    if last.occurred_at < rule.created_at:
        yield made_after(rule.created_at)
