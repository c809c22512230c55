"""Worlds to play in, see `tests/journeys/world.py`."""

from tests.journeys.world import office, postbox, sink, world

__all__ = ["office", "postbox", "sink", "world"]
