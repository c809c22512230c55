"""An application of ours that serves as a workspace elsewhere, see `tests/faces/conftest.py`."""

from tests.faces.conftest import sqlite_client

__all__ = ["sqlite_client"]
