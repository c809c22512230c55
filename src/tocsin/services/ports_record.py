"""What the why record is read from: a part of `ports.Transaction`, on a page of its own."""

from collections.abc import Iterable
from typing import Protocol

from tocsin.domain.delivery import Attempt, DeliveryId
from tocsin.domain.model import BookingId
from tocsin.domain.rule_life import Firing, RuleLife


class Record(Protocol):
    """What rules have been and what they planned about a booking, in a few statements for all of them."""

    def lives(self, rule_ids: Iterable[str]) -> dict[str, RuleLife]: ...
    def number_of_rules(self) -> int: ...
    def firings(self, booking_id: BookingId, *, recipient: str = "") -> list[Firing]: ...
    def last_attempts(self, booking_id: BookingId) -> dict[DeliveryId, Attempt]: ...


class RecordTables(Protocol):
    """The why record of one workspace."""

    @property
    def record(self) -> Record: ...
