"""What many tests share: stores on real databases. Builders give data, fixtures give what must be closed again."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings

from tests.builders import a_trail
from tests.postgres import Postgres
from tocsin.services import faults
from tocsin.storage.database import Database
from tocsin.storage.migrate import migrate
from tocsin.storage.postgres import PostgresDatabase
from tocsin.storage.sqlite import SqliteDatabase
from tocsin.storage.store import SqlStore

# What the end of a run says, what is traced and in which order, and the fixture `rig`.
pytest_plugins = ["tests.left_out", "tests.tracing", "tests.torture.rig"]

# How long an example takes depends on who else uses the machine, and says nothing of the code.
settings.register_profile("tocsin", deadline=None, print_blob=True)
settings.load_profile("tocsin")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Give a PostgreSQL of this test process; it is only started for a test that asks."""
    with closing(Postgres()) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """Give the name of a migrated database, to be copied and never used."""
    name = postgres.create()
    with closing(PostgresDatabase(postgres.url(name))) as database:
        migrate(database)
    return name


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """Give the URL of a fresh, migrated PostgreSQL database."""
    name = postgres.lend(postgres_template)
    yield postgres.url(name)
    postgres.take_back(name, postgres_template)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[PostgresDatabase]:
    """Give a fresh, migrated PostgreSQL database, opened."""
    with closing(PostgresDatabase(postgres_url)) as database:
        yield database


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated SQLite file, to be copied and never used."""
    path = tmp_path_factory.mktemp("template") / "tocsin.db"
    with closing(SqliteDatabase(path)) as database:
        migrate(database)
    return path


@pytest.fixture
def sqlite_path(tmp_path: Path, sqlite_template: Path) -> Path:
    """Give the path of a fresh, migrated SQLite file that nobody has opened."""
    return Path(shutil.copy(sqlite_template, tmp_path / "tocsin.db"))


@pytest.fixture
def sqlite_database(sqlite_path: Path) -> Iterator[SqliteDatabase]:
    """Give a fresh, migrated SQLite file, opened."""
    with closing(SqliteDatabase(sqlite_path)) as database:
        yield database


@pytest.fixture
def postgres_store(postgres_database: PostgresDatabase) -> SqlStore:
    """Give an empty store on PostgreSQL."""
    return SqlStore(postgres_database, trail=a_trail())


@pytest.fixture
def sqlite_store(sqlite_database: SqliteDatabase) -> SqlStore:
    """Give an empty store on SQLite."""
    return SqlStore(sqlite_database, trail=a_trail())


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Give a fresh, migrated database; the test runs once on each sort."""
    name = {"sqlite": "sqlite_database", "postgresql": "postgres_database"}[request.param]
    found: Database = request.getfixturevalue(name)
    return found


@pytest.fixture
def store(database: Database) -> SqlStore:
    """Give an empty store; the test runs once on SQLite and once on PostgreSQL."""
    return SqlStore(database, trail=a_trail())


@pytest.fixture
def planted_faults() -> Iterator[None]:
    """Disarm what the test has armed."""
    yield
    faults.arm("")
