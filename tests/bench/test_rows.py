"""Many rows out of a few."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bench.databases import Database, PostgresDatabase, SqliteFile
from bench.rows import Copies, numbered, statement
from tests.postgres import Postgres

TABLE = "CREATE TABLE notes (id TEXT NOT NULL, words TEXT, at BIGINT NOT NULL, body {blob} NOT NULL)"
ROW = "INSERT INTO notes VALUES ('seed-00000000', 'of seed-00000000', 5, {body})"


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give an empty database of the benchmarks; the test runs once on each sort."""
    found: Database
    if request.param == "SQLite":
        found = SqliteFile(tmp_path)
        found.write([TABLE.format(blob="BLOB"), ROW.format(body="CAST('<seed-00000000@x>' AS BLOB)")])
    else:
        server: Postgres = request.getfixturevalue("postgres")
        found = PostgresDatabase(_AsServer(server))
        found.write([TABLE.format(blob="BYTEA"), ROW.format(body="convert_to('<seed-00000000@x>', 'UTF8')")])
    with closing(_Dropped(found)):
        yield found


class _AsServer:
    """The tests' PostgreSQL, as the benchmarks call theirs."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self.url = server.url
        self.drop = server.drop

    def create(self, *, like: str = "") -> str:
        return self._server.create(template=like)


class _Dropped:
    def __init__(self, database: Database) -> None:
        self.close = database.drop


def copies(**changes: str) -> Copies:
    swaps = {"seed-00000000": numbered("seed-00000000")}
    return Copies(table="notes", where="t.id = 'seed-00000000'", first=1, last=3, swaps=swaps, sets=changes)


def test_a_number_takes_the_last_places_and_keeps_the_length(database: Database) -> None:
    (row,) = database.rows(f"SELECT {numbered('abcdefgh-12345678', '42')}, {numbered('ab12345', '42')}")

    assert tuple(row) == ("abcdefgh-00000042", "0000042")


def test_each_copy_has_its_own_id_wherever_it_stands(database: Database) -> None:
    database.write([statement(database, copies())])

    rows = database.rows("SELECT id, words, at, body FROM notes ORDER BY id")

    assert [(row[0], row[1], row[2], bytes(row[3])) for row in rows[1:]] == [
        (f"seed-0000000{n}", f"of seed-0000000{n}", 5, b"<seed-0000000%d@x>" % n) for n in (1, 2, 3)
    ]


def test_a_column_can_be_set_by_the_number_of_the_copy(database: Database) -> None:
    database.write([statement(database, copies(at="t.at + n * 10"))])

    assert database.rows("SELECT at FROM notes ORDER BY at")[1:] == [(15,), (25,), (35,)]


def test_what_is_written_to_a_copy_of_a_database_is_not_in_the_first(database: Database) -> None:
    other = database.copy()
    other.write(["DELETE FROM notes"])

    counts = [one.rows("SELECT count(*) FROM notes")[0][0] for one in (database, other)]
    other.drop()

    assert counts == [1, 0]
