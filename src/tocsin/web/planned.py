"""What is coming, as a calendar: a month with how much is planned on each day, and the list of one of its days."""

from calendar import Calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from tocsin.domain.delivery import Delivery
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.model import Booking
from tocsin.formats import zones
from tocsin.services import planned, rules
from tocsin.services.planned import Amount, Asked
from tocsin.services.ports import Page as Part
from tocsin.services.ports import Transaction
from tocsin.web.fields import Day, Form, Id, Line, Month, Number
from tocsin.web.paging import SHOWN, Paging
from tocsin.web.visit import Page, Shown, Visit

_MOST_CHOICES = 200  # in a list to choose from
_FIRST_YEAR, _LAST_YEAR = 1971, 2099  # a day before and after must exist, too
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Which(Form):
    """Which month is wanted, which day of it in full, and of what."""

    month: Month | None = None
    day: Day | None = None
    link: Id = ""
    rule: Id = ""
    recipient: Line = ""
    page: Number = 1

    @property
    def asked(self) -> Asked:
        """The same in the services' words."""
        return Asked(link_id=self.link, rule_id=self.rule, recipient=self.recipient)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A day of the calendar. `to` opens its list; one without anything planned opens none."""

    day: date
    amount: Amount
    to: str
    is_of_month: bool
    is_today: bool
    is_chosen: bool

    @property
    def weekday(self) -> str:
        """The name of the day."""
        return _WEEKDAYS[self.day.weekday()]

    @property
    def month(self) -> str:
        """The name of its month."""
        return _MONTHS[self.day.month - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One planned delivery, with what is to be known beside it."""

    delivery: Delivery
    booking: Booking | None
    rule_name: str


def show(visit: Visit, which: Which) -> Shown:
    """Show a month, and one of its days."""
    zone = visit.workspace.time_zone
    today = zones.local(visit.now, zone).date()
    first = _first_of(which, today)
    after = _next_month(first)
    with visit.reading() as tx:
        amounts = planned.amounts(tx, which.asked, first, after, time_zone=zone)
        listed = {} if which.day is None else _of_day(tx, visit, which, which.day)
        links, _ = tx.links.page(templates=False, search="", host_email="", limit=_MOST_CHOICES, offset=0)
        known, _ = rules.page(tx, Part(size=_MOST_CHOICES))
    return {
        "title": f"{_MONTHS[first.month - 1]} {first.year}",
        "first": first,
        "weekdays": _WEEKDAYS,
        "weeks": _weeks(which, first, amounts, today),
        "total": sum(one.waiting + one.paused for one in amounts.values()),
        "before": _address(which, month=first - timedelta(days=1)),
        "after": _address(which, month=after),
        "now": "/planned?" + urlencode(_filters(which)),
        "links": links,
        "rules": known,
        "filters": which,
        "items": [],
        "back": "",
        "chosen": which.day,
        "chosen_name": "" if which.day is None else _named(which.day),
        "paging": Paging(path="/planned", query=visit.query, number=1, total=0),
    } | listed


def _of_day(tx: Transaction, visit: Visit, which: Which, day: date) -> Shown:
    part = Part(number=which.page, size=SHOWN)
    found, total = planned.of_day(tx, which.asked, day, part, time_zone=visit.workspace.time_zone)
    paging = Paging(path="/planned", query=visit.query, number=which.page, total=total)
    return {"items": items(tx, found), "paging": paging, "back": paging.kept}


def items(tx: Transaction, found: Iterable[Delivery]) -> list[Item]:
    """Return deliveries with what is to be known beside them."""
    deliveries = list(found)
    bookings = tx.bookings.of(one.booking_id for one in deliveries)
    names = {rule_id: tx.rules.get(rule_id) for rule_id in {one.rule_id for one in deliveries}}
    return [
        Item(
            delivery=one,
            booking=bookings.get(one.booking_id),
            rule_name="a rule that is gone" if (rule := names[one.rule_id]) is None else rule.name or "without a name",
        )
        for one in deliveries
    ]


def _first_of(which: Which, today: date) -> date:
    wanted = which.month or which.day or today
    for name, day in (("month", which.month), ("day", which.day)):
        if day is not None and not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise InvalidInputError.of(name, f"choose a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return wanted.replace(day=1)


def _weeks(which: Which, first: date, amounts: Mapping[date, Amount], today: date) -> list[list[Cell]]:
    return [
        [
            Cell(
                day=day,
                amount=amounts.get(day, Amount()),
                to=_address(which, month=first, day=day) if day in amounts else "",
                is_of_month=day.month == first.month,
                is_today=day == today,
                is_chosen=day == which.day,
            )
            for day in week
        ]
        for week in Calendar().monthdatescalendar(first.year, first.month)
    ]


def _address(which: Which, *, month: date, day: date | None = None) -> str:
    if not _FIRST_YEAR <= month.year <= _LAST_YEAR:
        return ""
    asked = {"month": f"{month.year}-{month.month:02}", "day": "" if day is None else day.isoformat()}
    chosen = {name: value for name, value in asked.items() if value}
    return "/planned?" + urlencode(chosen | _filters(which)) + ("" if day is None else "#day")


def _filters(which: Which) -> dict[str, str]:
    asked = {"link": which.link, "rule": which.rule, "recipient": which.recipient}
    return {name: value for name, value in asked.items() if value}


def _named(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


PAGES = [Page(path="/planned", view=show, template="planned.html", query=Which)]
