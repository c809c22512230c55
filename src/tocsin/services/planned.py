"""What is coming: how much waits on each day of a month, and what waits on one of them. Days are those of a zone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from tocsin.domain.delivery import Delivery, State
from tocsin.formats import zones
from tocsin.services.ports import Page, Transaction
from tocsin.services.ports_planned import PlannedFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Of what is asked; what is empty is not asked for."""

    link_id: str = ""
    rule_id: str = ""
    recipient: str = ""

    def between(self, first: date, after: date, time_zone: str) -> PlannedFilter:
        """Return the same for the days from `first` on and before `after`."""
        return PlannedFilter(
            since=_begin(first, time_zone),
            until=_begin(after, time_zone),
            link_id=self.link_id,
            rule_id=self.rule_id,
            recipient=self.recipient,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much of a day waits for its moment, and how much is paused."""

    waiting: int = 0
    paused: int = 0


def amounts(tx: Transaction, asked: Asked, first: date, after: date, *, time_zone: str) -> Mapping[date, Amount]:
    """Return how much is planned on each day from `first` on and before `after`; days without anything are left out."""
    found: dict[date, Amount] = {}
    for tally in tx.coming.tallies(asked.between(first, after, time_zone)):
        day = zones.local(max(tally.began_at, _begin(first, time_zone)), time_zone).date()
        amount = found.get(day, Amount())
        if tally.state is State.PAUSED:
            found[day] = replace(amount, paused=amount.paused + tally.number)
        else:
            found[day] = replace(amount, waiting=amount.waiting + tally.number)
    return found


def of_day(tx: Transaction, asked: Asked, day: date, part: Page, *, time_zone: str) -> tuple[list[Delivery], int]:
    """Return a page of what is planned on a day, the first first, and the number of all."""
    wanted = asked.between(day, day + timedelta(days=1), time_zone)
    return tx.coming.page(wanted, limit=part.size, offset=part.offset)


def _begin(day: date, time_zone: str) -> datetime:
    return zones.instant(day, time(0), time_zone).astimezone(UTC)
