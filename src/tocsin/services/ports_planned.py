"""What the calendar of what is coming, and whoever pauses some of it, need from the store: a part of `ports.Transaction`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tocsin.domain.delivery import Delivery, DeliveryId, Verdict
from tocsin.domain.intervention import Intervention
from tocsin.domain.model import BookingId
from tocsin.services.ports_overview import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFilter:
    """Which of what waits is wanted, from a moment on and before another; what is empty is not asked for."""

    since: datetime
    until: datetime
    link_id: str = ""
    rule_id: str = ""
    recipient: str = ""


class Interventions(Protocol):
    """What people did to deliveries that waited."""

    def settle(self, delivery: Delivery, verdict: Verdict, *, now: datetime) -> bool: ...
    def record(self, made: Intervention, *, reason: str) -> None: ...
    def of(self, delivery_ids: Iterable[DeliveryId]) -> list[Intervention]: ...
    def is_any_paused(self, booking_id: BookingId, *, rule_id: str = "") -> bool: ...


class Coming(Protocol):
    """What waits, by the moment at which it is to be acted on."""

    def tallies(self, wanted: PlannedFilter) -> list[Tally]: ...
    def page(self, wanted: PlannedFilter, *, limit: int, offset: int) -> tuple[list[Delivery], int]: ...
    def of_bookings(self, booking_ids: Iterable[BookingId]) -> list[Delivery]: ...
    def bookings_of(self, rule_id: str, *, limit: int) -> list[BookingId]: ...


class PlannedTables(Protocol):
    """What is coming in one workspace."""

    @property
    def interventions(self) -> Interventions: ...
    @property
    def coming(self) -> Coming: ...
