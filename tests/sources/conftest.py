"""Clients of the whole application, see `tests/faces/conftest.py`, and a relay."""

from tests.faces.conftest import client, sqlite_client
from tests.journeys.world import sink

__all__ = ["client", "sink", "sqlite_client"]
