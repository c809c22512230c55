"""Why a rule did, or did not, write to anybody about a booking: each clause of it in turn, in words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from tocsin.domain.events import TIMED, EventKind
from tocsin.domain.model import Booking, BookingStatus
from tocsin.domain.rules import AutomationRule
from tocsin.domain.schedule import moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event of a booking as it is kept; `about` is whose answer it was, if it was one."""

    kind: EventKind
    booking_revision: int
    occurred_at: datetime
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One thing that must hold for a rule to fire, and whether it does."""

    name: str
    holds: bool
    sentence: str


def clauses(rule: AutomationRule, booking: Booking, happened: Iterable[Happened]) -> list[Clause]:
    """Return the clauses of `rule` as it is now, for a booking to which `happened`.

    A condition is asked for each message; whether it held stands with the delivery.
    """
    is_linked = booking.link_id in rule.link_ids
    return [
        Clause(name="enabled", holds=rule.enabled, sentence=f"the rule is switched {'on' if rule.enabled else 'off'}"),
        Clause(
            name="meeting_ids",
            holds=is_linked,
            sentence=f"the booking's meeting is {'' if is_linked else 'not '}among those of the rule",
        ),
        *(_timed(rule, booking) if rule.event in TIMED else _event(rule, happened)),
        *(
            Clause(name="conditions", holds=True, sentence=f"asked before each message is sent: {condition}")
            for condition in rule.conditions
        ),
    ]


def _timed(rule: AutomationRule, booking: Booking) -> Iterator[Clause]:
    due = [f"{at:%Y-%m-%d %H:%M}" for at, _ in moments(rule.event, booking, rule.offsets)]
    is_on = booking.status is BookingStatus.CONFIRMED
    when = f"it is due at {' and '.join(due)} UTC" if is_on else f"the booking is {booking.status.value}"
    yield Clause(name="event", holds=is_on, sentence=when)


def _event(rule: AutomationRule, happened: Iterable[Happened]) -> Iterator[Clause]:
    moments = [one.occurred_at for one in happened if one.kind is rule.event]
    if not moments:
        yield Clause(name="event", holds=False, sentence=f"{rule.event.value} has not happened to this booking")
        return
    last = max(moments)
    yield Clause(name="event", holds=True, sentence=f"{rule.event.value} happened at {last:%Y-%m-%d %H:%M} UTC")
    if last < rule.created_at:
        made = f"the rule was made after that, at {rule.created_at:%Y-%m-%d %H:%M} UTC"
        yield Clause(name="created_at", holds=False, sentence=made)
