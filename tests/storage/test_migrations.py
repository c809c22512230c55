"""What every migration keeps to, so that two versions of the program run side by side and tables can be spread over servers."""

import re
from collections.abc import Iterator

import pytest

from tocsin.storage import migrate
from tocsin.storage.migrate import Migration

FIRST_WITH_RULES = 6  # what was before the first release could change as it liked
TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+) \((.*)\)", re.DOTALL)
INDEX = re.compile(
    r"CREATE (?P<unique>UNIQUE )?INDEX (?P<again>IF NOT EXISTS )?(?P<name>\w+)\s+ON (?P<table>\w+) \((?P<columns>[^)]*)\)"
)
# An index may go: without it older programs are slower, and nothing more.
TAKES_AWAY = re.compile(
    r"\b(DROP (?!INDEX)|RENAME|SET NOT NULL|SET DATA TYPE|ALTER COLUMN \w+ TYPE|ADD CONSTRAINT|ADD CHECK|ADD UNIQUE)\b"
)
NO_DEFAULT = re.compile(r"ADD COLUMN (?!.*\bDEFAULT\b).*\bNOT NULL\b", re.DOTALL)
CHANGES_ROWS = re.compile(r"(UPDATE|DELETE|INSERT INTO)\b")
# What is unique over all workspaces, and why: these two tables are small, and stand whole on every server.
UNIQUE_OVER_ALL = {
    "CREATE TABLE workspaces": "an address leads to one workspace",
    "CREATE UNIQUE INDEX api_keys_by_id": "a key tells its workspace",
}


def statements(sql: str) -> list[str]:
    plain = re.sub(r"--[^\n]*", "", sql)
    return [one.strip() for one in plain.split(";\n") if one.strip()]


def complaints(migration: Migration) -> Iterator[str]:
    """Yield what programs of the version before, or whoever works meanwhile, could not bear."""
    made: set[str] = set()
    for one in statements(migration.sql):
        table, index = TABLE.match(one), INDEX.match(one)
        if table:
            made.add(table[1])
        if TAKES_AWAY.search(one) and not migrate.works_since(migration.name):
            yield f"takes something away: {one}"
        if NO_DEFAULT.search(one):
            yield f"older programs do not fill it: {one}"
        if CHANGES_ROWS.match(one):
            yield f"changes rows while others wait: {one}"
        if index and index["table"] not in made and (index["unique"] or not index["again"]):
            yield f"cannot be made beforehand without a lock: {one}"


def shared_keys(sql: str) -> Iterator[str]:
    """Yield what is unique without beginning with the workspace, and each table that does not begin with it."""
    for one in statements(sql):
        table, index = TABLE.match(one), INDEX.match(one)
        if table:
            keys = re.findall(r"(?:PRIMARY KEY|UNIQUE) \((\w+)", table[2]) or ["workspace_id"]
            if not table[2].lstrip().startswith("workspace_id TEXT NOT NULL") or set(keys) != {"workspace_id"}:
                yield one
            if re.search(
                r"\w (PRIMARY KEY|UNIQUE)\b(?! \()", table[2].replace("workspace_id TEXT NOT NULL PRIMARY KEY", "")
            ):
                yield one
            if "PRIMARY KEY" not in table[2]:
                yield one
        if index and index["unique"] and not index["columns"].startswith("workspace_id"):
            yield one


def planted(sql: str, name: str = "0006_planted.sql") -> Migration:
    return Migration(version=6, name=name, sql=sql)


@pytest.mark.parametrize("migration", migrate.migrations(), ids=lambda one: one.name)
def test_every_key_begins_with_the_workspace(migration: Migration) -> None:
    unexplained = [one for one in shared_keys(migration.sql) if not one.startswith(tuple(UNIQUE_OVER_ALL))]

    assert unexplained == []


def test_every_exception_is_still_one() -> None:
    found = [one for migration in migrate.migrations() for one in shared_keys(migration.sql)]

    assert len(found) == len(UNIQUE_OVER_ALL)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY, workspace_id TEXT NOT NULL)",
        "CREATE TABLE t (workspace_id TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (id, workspace_id))",
        "CREATE TABLE t (workspace_id TEXT NOT NULL, id TEXT NOT NULL UNIQUE, PRIMARY KEY (workspace_id, id))",
        "CREATE TABLE t (workspace_id TEXT NOT NULL, id TEXT NOT NULL)",
        "CREATE UNIQUE INDEX t_by_id ON t (id)",
    ],
)
def test_a_key_that_does_not_is_caught(sql: str) -> None:
    assert list(shared_keys(sql)) != []


@pytest.mark.parametrize(
    "migration",
    [one for one in migrate.migrations() if one.version >= FIRST_WITH_RULES],
    ids=lambda one: one.name,
)
def test_the_version_before_works_on_beside_it(migration: Migration) -> None:
    assert list(complaints(migration)) == []


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE bookings DROP COLUMN sid",
        "DROP TABLE events",
        "ALTER TABLE bookings RENAME COLUMN sid TO short_id",
        "ALTER TABLE bookings ALTER COLUMN sid SET NOT NULL",
        "ALTER TABLE bookings ALTER COLUMN revision TYPE BIGINT",
        "ALTER TABLE bookings ADD COLUMN room TEXT NOT NULL",
        "ALTER TABLE bookings ADD CONSTRAINT short CHECK (length(sid) < 9)",
        "UPDATE bookings SET sid = ''",
        "CREATE INDEX bookings_by_room ON bookings (workspace_id, room)",
        "CREATE UNIQUE INDEX IF NOT EXISTS bookings_by_room ON bookings (workspace_id, room)",
    ],
)
def test_what_the_version_before_cannot_bear_is_caught(sql: str) -> None:
    assert len(list(complaints(planted(sql)))) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE bookings ADD COLUMN room TEXT",
        "ALTER TABLE bookings ADD COLUMN room TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX IF NOT EXISTS bookings_by_room ON bookings (workspace_id, room)",
        "DROP INDEX deliveries_due",
        "CREATE TABLE rooms (workspace_id TEXT NOT NULL);\nCREATE UNIQUE INDEX rooms_by_name ON rooms (workspace_id, name)",
        "-- this drops nothing: DROP TABLE bookings\nCREATE TABLE rooms (workspace_id TEXT NOT NULL)",
    ],
)
def test_what_only_adds_is_not_caught(sql: str) -> None:
    assert list(complaints(planted(sql))) == []


def test_what_takes_away_says_for_whom_it_may() -> None:
    drop = "ALTER TABLE bookings DROP COLUMN sid"

    assert list(complaints(planted(drop, "0009_fewer_columns.since_0007.sql"))) == []
    assert migrate.works_since("0009_fewer_columns.since_0007.sql") == 7
    assert migrate.works_since("0009_since_0007.sql") == 0
