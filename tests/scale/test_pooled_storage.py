"""The tests of the storage once more, each against a PostgreSQL behind PgBouncer in transaction mode."""

from collections.abc import Iterator
from contextlib import closing
from importlib import import_module

import pytest

from tests.storage.conftest import acme, two
from tocsin.storage.postgres import PostgresDatabase

__all__ = ["acme", "two"]

pytestmark = pytest.mark.usefixtures("planted_faults")


@pytest.fixture
def database(pooled_url: str) -> Iterator[PostgresDatabase]:
    """Give a fresh, migrated database behind the pooler, in place of the two sorts."""
    with closing(PostgresDatabase(pooled_url)) as opened:
        yield opened


for _name in ("answers", "bookings", "deliveries", "queue", "rules", "sync", "usage", "workspaces"):
    _module = import_module(f"tests.storage.test_{_name}")
    globals().update({name: test for name, test in vars(_module).items() if name.startswith("test_")})
