"""Worlds to play in, see `tests/journeys/world.py`, and what starts programs."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.journeys.nursery import Nursery
from tests.journeys.world import hearing, office, postbox, sink, world

__all__ = ["hearing", "office", "postbox", "sink", "world"]


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    """Give what starts programs quickly."""
    with closing(Nursery()) as found:
        yield found
