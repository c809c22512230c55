"""Stores that hold a workspace already; nearly every table refers to one."""

import pytest

from tests.builders import a_workspace
from tests.storage.shelf import OTHER_ID
from tocsin.storage.store import SqlStore


@pytest.fixture
def acme(store: SqlStore) -> SqlStore:
    """Give a store with one workspace; the test runs once on SQLite and once on PostgreSQL."""
    with store.registry() as registry:
        registry.add(a_workspace())
    return store


@pytest.fixture
def two(acme: SqlStore) -> SqlStore:
    """Give a store with two workspaces; the test runs once on SQLite and once on PostgreSQL."""
    with acme.registry() as registry:
        registry.add(a_workspace(id=OTHER_ID, subdomain="other"))
    return acme
