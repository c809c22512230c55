"""A time that is given in one zone, as the clocks of another show it."""

from datetime import date, time

from tocsin.domain.errors import InvalidInputError
from tocsin.formats import zones
from tocsin.services.bookings import Slot


def slot(day: date, clock: time, *, zone: str, own: str) -> Slot:
    """Return what clocks in `own` show when those in `zone` show this. Raises InvalidInputError at the ends of the calendar."""
    local = zones.local(zones.instant(day, clock, zone), own)
    if not zones.EARLIEST_YEAR <= local.year <= zones.LATEST_YEAR:
        years = f"choose a year from {zones.EARLIEST_YEAR} to {zones.LATEST_YEAR}"
        raise InvalidInputError.of("slot_date", f"{years}, in {own} too")
    return Slot(day=local.date(), clock=local.time())
