"""What figures share: clients of the whole application, a relay, databases to fill, and what measures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.databases import PostgresDatabase, SqliteFile
from bench.rig import Rig as Bench
from bench.rig import open_rig
from tests.faces.conftest import both, client, shared_databases, shell, sqlite_client
from tests.journeys.world import sink
from tests.torture.crops import NewDatabase, Server
from tests.torture.rig import Rig

__all__ = ["both", "client", "shared_databases", "shell", "sink", "sqlite_client"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Give the equipment of the benchmarks."""
    with open_rig(tmp_path, is_trial=False, runs=1) as opened:
        yield opened


@pytest.fixture
def new_database(bench: Bench, rig: Rig, request: pytest.FixtureRequest) -> NewDatabase:
    """Give what makes an empty database, "SQLite" or "PostgreSQL"; by night the latter is as durable as in production."""

    def new(sort: str) -> SqliteFile | PostgresDatabase:
        if sort == "SQLite":
            return SqliteFile(bench.folder)
        return PostgresDatabase(bench.postgres if rig.is_nightly else Server(request.getfixturevalue("postgres")))

    return new
