"""A SQLite file that its disk has spoiled is noticed, is written to no more, and is read as far as that goes."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.torture.disks import spoil
from tocsin.domain.errors import UnavailableError
from tocsin.storage.sqlite import SqliteDatabase
from tocsin.storage.store import SqlStore


@contextmanager
def spoiled(path: Path, name: str) -> Iterator[SqliteDatabase]:
    """Give a database whose table or index of that name is nonsense."""
    spoil(path, name)
    with closing(SqliteDatabase(path)) as database:
        yield database


def read(database: SqliteDatabase, table: str) -> None:
    with database.reading() as connection:
        connection.rows(f"SELECT * FROM {table}")


def write(database: SqliteDatabase) -> None:
    with database.transaction() as connection:
        connection.run("DELETE FROM dry_runs")


def test_a_file_that_is_whole_is_found_so_and_worked_on(sqlite_database: SqliteDatabase) -> None:
    assert sqlite_database.check_integrity() is None
    write(sqlite_database)
    assert SqlStore(sqlite_database).misfit() is None


def test_after_a_look_that_finds_damage_nothing_is_written_and_what_is_whole_is_read(sqlite_path: Path) -> None:
    with spoiled(sqlite_path, "deliveries_bounced") as database:
        write(database)  # nobody has looked yet

        told = database.check_integrity()

        assert told is not None
        assert told.startswith("the database file is damaged (")
        assert told.endswith("bring that back with `tocsin restore`")
        assert "\n" not in told
        with pytest.raises(UnavailableError, match="the database file is damaged"):
            write(database)
        assert SqlStore(database).misfit() == told
        read(database, "bookings")


def test_damage_that_a_question_stumbles_over_is_known_from_then_on(sqlite_path: Path) -> None:
    with spoiled(sqlite_path, "bookings") as database:
        with pytest.raises(UnavailableError, match="the database file is damaged"):
            read(database, "bookings")

        with pytest.raises(UnavailableError, match="the database file is damaged"):
            write(database)
        read(database, "members")


def test_damage_that_keeps_a_look_from_its_end_is_found_by_it_too(sqlite_path: Path) -> None:
    with closing(SqliteDatabase(sqlite_path)) as database:
        with sqlite_path.open("r+b") as file:
            file.write(b"\xff" * 200)  # over the page with which every look begins

        told = database.check_integrity()

    assert told is not None
    assert "file is not a database" in told
