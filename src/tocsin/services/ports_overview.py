"""What the overview needs from the store: a part of `ports.Transaction`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tocsin.domain.delivery import Attempt, Delivery, State
from tocsin.domain.rsvp import Rsvp

QUARTER = timedelta(minutes=15)  # every zone's days begin at the start of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many deliveries ended in a state within the quarter of an hour that began at `began_at`."""

    began_at: datetime
    state: State
    number: int


class Overview(Protocol):
    """Sums and extracts over the deliveries of a workspace."""

    def ended(self, *, since: datetime) -> list[Tally]: ...
    def lost(self, *, since: datetime, limit: int) -> tuple[list[Delivery], int]: ...
    def attempts(self, *, limit: int) -> list[Attempt]: ...
    def oldest_due(self, *, now: datetime) -> datetime | None: ...
    def has_bookings(self) -> bool: ...
    def rsvps(self, *, now: datetime, until: datetime) -> Mapping[Rsvp, int]: ...


class OverviewTables(Protocol):
    """The tables of one workspace, summed up."""

    @property
    def overview(self) -> Overview: ...
