"""What a dry run needs from the store: the past of bookings, and a store to play in. Pages of `ports`, apart from it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from tocsin.domain.life import Life
from tocsin.domain.model import BookingId, LinkId


class History(Protocol):
    """What bookings were, and what was answered. The first three return at most `limit` bookings of these links."""

    def changed(
        self, link_ids: Iterable[LinkId], *, since: datetime, made_before: datetime, limit: int
    ) -> set[BookingId]: ...
    def starting(self, link_ids: Iterable[LinkId], *, start: datetime, end: datetime, limit: int) -> set[BookingId]: ...
    def ending(self, link_ids: Iterable[LinkId], *, start: datetime, end: datetime, limit: int) -> set[BookingId]: ...
    def first_of_clients(self, emails: Iterable[str]) -> set[BookingId]: ...
    def lives(self, booking_ids: Iterable[BookingId]) -> list[Life]: ...


class HistoryTables(Protocol):
    """The tables of one workspace that say what was."""

    @property
    def history(self) -> History: ...
