"""Who migrates is killed at file after file, before or behind its commit: the next one goes on as if nothing had been."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.journeys.nursery import Nursery
from tests.postgres import Postgres
from tocsin.storage.migrate import migrations

KILLED = -9
_SQLITE = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
_COLUMNS = """SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
              WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
_APPLIED = "SELECT version FROM migrations ORDER BY version"


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Give two empty databases of each sort."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'one.db'}", f"sqlite:///{tmp_path / 'two.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.create()), server.url(server.create())


def asked(url: str, *questions: str) -> list[tuple[Any, ...]]:
    """Return the rows that the database answers with, without any of our code."""
    path = url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path) if path != url else psycopg.connect(url)
    with closing(connection):
        return [tuple(row) for question in questions for row in connection.execute(question).fetchall()]


def structure(url: str) -> list[tuple[Any, ...]]:
    """Return every table, column and index."""
    return asked(url, _SQLITE) if url.startswith("sqlite") else asked(url, _COLUMNS, _INDEXES)


def applied(url: str) -> list[int]:
    """Return the versions that the database has; none while it does not even have the table of them."""
    try:
        return [row[0] for row in asked(url, _APPLIED)]
    except (sqlite3.OperationalError, psycopg.errors.UndefinedTable):
        return []


def migrated(nursery: Nursery, url: str, faults: str = "") -> int:
    """Run `tocsin migrate`; return how it ended."""
    environment: Mapping[str, str] = {
        "TOCSIN_DATABASE_URL": url,
        "TOCSIN_SECRET_KEY": "s" * 64,
        "TOCSIN_FAULTS": faults,
    }
    child = nursery.start("tocsin", ("migrate",), environment)
    with child.stdout:
        return child.wait(120)


def test_a_migration_that_is_killed_leaves_whole_files_and_the_next_one_goes_on(
    urls: tuple[str, str], nursery: Nursery
) -> None:
    killed, whole = urls
    for number in range(2, len(migrations()) + 1, 2):
        assert migrated(nursery, killed, "before_commit:kill@2") == KILLED
        assert applied(killed) == list(range(1, number))
        assert migrated(nursery, killed, "after_commit:kill") == KILLED
        assert applied(killed) == list(range(1, number + 1))

    assert migrated(nursery, killed) == migrated(nursery, whole) == 0
    assert structure(killed) == structure(whole)
    assert applied(killed) == applied(whole)
