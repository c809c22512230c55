"""The zones that the server reads, for tests that look at them."""

import zoneinfo
from collections.abc import Iterator

import pytest

from tocsin.formats import zones


@pytest.fixture(autouse=True)
def the_pinned_copy() -> Iterator[None]:
    """The tzdata package's zones, as bootstrap sets them; the system's are given back afterwards."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[])
    _forget()
    yield
    zoneinfo.reset_tzpath(to=before)
    _forget()


def _forget() -> None:
    zoneinfo.ZoneInfo.clear_cache()
    zones._zone.cache_clear()
