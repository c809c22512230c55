"""What tests of the faces share: a client of the whole application on each store, for a test or a module; the command line."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.faces.client import Client, connected
from tests.faces.shell import Shell
from tests.postgres import Postgres
from tocsin.storage.database import Database
from tocsin.storage.postgres import PostgresDatabase
from tocsin.storage.sqlite import SqliteDatabase
from tocsin.storage.store import SqlStore


@pytest.fixture
def client(store: SqlStore) -> Iterator[Client]:
    """Give a client of a fresh application; the test runs once on SQLite and once on PostgreSQL."""
    with connected(store) as client:
        yield client


@pytest.fixture
def sqlite_client(sqlite_store: SqlStore) -> Iterator[Client]:
    """Give a client of a fresh application on SQLite, for what the store has no part in."""
    with connected(sqlite_store) as client:
        yield client


@pytest.fixture(scope="module")
def shared_databases(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, postgres: Postgres, postgres_template: str
) -> Iterator[dict[str, Database]]:
    """Give one database of each sort for a whole module: for tests that must leave no trace."""
    path = Path(shutil.copy(sqlite_template, tmp_path_factory.mktemp("shared") / "tocsin.db"))
    name = postgres.create(template=postgres_template)
    with closing(SqliteDatabase(path)) as sqlite, closing(PostgresDatabase(postgres.url(name))) as postgresql:
        yield {"sqlite": sqlite, "postgresql": postgresql}
    postgres.drop(name)


@pytest.fixture(scope="module")
def both(shared_databases: dict[str, Database]) -> Iterator[tuple[Client, Client]]:
    """Give two clients, on SQLite and on PostgreSQL, of applications that are alike to the last id."""
    with (
        connected(SqlStore(shared_databases["sqlite"])) as sqlite,
        connected(SqlStore(shared_databases["postgresql"])) as postgresql,
    ):
        yield sqlite, postgresql


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, both: tuple[Client, Client]) -> Client:
    """Give a client that a whole module shares; its tests run once on each store."""
    return both[0] if request.param == "sqlite" else both[1]


@pytest.fixture
def shell(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sqlite_path: Path
) -> Shell:
    """Give the command line on a fresh SQLite file."""
    assert sqlite_path.parent == tmp_path
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return Shell(capsys)
