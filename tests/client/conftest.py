"""An application of ours for the client to talk to, see `tests/faces/conftest.py`."""

from tests.faces.conftest import client, sqlite_client

__all__ = ["client", "sqlite_client"]
