"""Worlds to play in, see `tests/journeys/world.py`."""

from tests.journeys.world import hearing, office, postbox, sink, world

__all__ = ["hearing", "office", "postbox", "sink", "world"]
