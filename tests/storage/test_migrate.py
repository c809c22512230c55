import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import a_workspace
from tests.postgres import Postgres
from tests.storage.shelf import in_threads, tables, until
from tocsin.domain.errors import ConfigurationError
from tocsin.storage import migrate
from tocsin.storage.database import Database
from tocsin.storage.migrate import Migration
from tocsin.storage.postgres import PostgresDatabase
from tocsin.storage.sqlite import SqliteDatabase
from tocsin.storage.store import SqlStore

OURS = migrate.migrations()
NEXT = Migration(
    version=len(OURS) + 1, name="next.sql", sql="CREATE TABLE one (id TEXT);\nCREATE TABLE two (id TEXT);\n"
)


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> Iterator[Database]:
    with closing(SqliteDatabase(tmp_path / "empty.db")) as database:
        yield database


@pytest.fixture
def empty_postgres(postgres: Postgres) -> Iterator[Database]:
    name = postgres.create()
    with closing(PostgresDatabase(postgres.url(name))) as database:
        yield database
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest) -> Database:
    """Give a database without any table; the test runs once on each sort."""
    name = {"sqlite": "empty_sqlite", "postgresql": "empty_postgres"}[request.param]
    found: Database = request.getfixturevalue(name)
    return found


def have(monkeypatch: pytest.MonkeyPatch, *migrations: Migration) -> None:
    """Let the program have just these migrations."""
    monkeypatch.setattr(migrate, "migrations", lambda: list(migrations))


def names(database: Database) -> list[str]:
    with database.reading() as connection:
        return tables(connection)


def applied(database: Database) -> list[int]:
    with database.reading() as connection:
        return [row["version"] for row in connection.rows("SELECT version FROM migrations ORDER BY version")]


def test_migrations_are_numbered_from_one_without_a_gap() -> None:
    assert [migration.version for migration in OURS] == list(range(1, len(OURS) + 1))
    assert all(migration.name.startswith(f"{migration.version:04}_") for migration in OURS)


def test_an_empty_database_is_brought_to_this_version(empty: Database) -> None:
    assert migrate.pending(empty) == OURS

    assert migrate.migrate(empty) == OURS

    assert migrate.pending(empty) == []
    assert applied(empty) == [migration.version for migration in OURS]
    with SqlStore(empty).registry() as registry:
        assert registry.add(a_workspace())


def test_both_databases_get_the_same_tables(empty_sqlite: Database, empty_postgres: Database) -> None:
    migrate.migrate(empty_sqlite)
    migrate.migrate(empty_postgres)

    assert names(empty_sqlite) == names(empty_postgres)
    assert len(names(empty_sqlite)) > 10


def test_migrating_twice_is_migrating_once(empty: Database) -> None:
    migrate.migrate(empty)
    before = names(empty)

    assert migrate.migrate(empty) == []

    assert names(empty) == before


def test_only_what_is_new_is_applied(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate.migrate(empty)
    have(monkeypatch, *OURS, NEXT)

    assert migrate.migrate(empty) == [NEXT]

    assert {"one", "two"} <= set(names(empty))


def test_a_file_that_was_edited_after_it_was_applied_is_refused(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.migrate(empty)
    have(monkeypatch, replace(OURS[0], sql=OURS[0].sql + "-- edited\n"), *OURS[1:])

    with pytest.raises(ConfigurationError, match=f"{OURS[0].name} differs from the file that was applied"):
        migrate.migrate(empty)


def test_a_database_of_a_newer_version_that_only_added_is_used_as_it_is(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch, *OURS, NEXT)
    migrate.migrate(empty)
    have(monkeypatch, *OURS)

    assert migrate.pending(empty) == []
    assert migrate.migrate(empty) == []
    assert {"one", "two"} <= set(names(empty))


def test_a_database_of_a_newer_version_that_took_something_away_is_used_by_who_does_without(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = OURS[-1].version
    have(monkeypatch, *OURS, replace(NEXT, name=f"next.since_{last:04}.sql"))
    migrate.migrate(empty)

    have(monkeypatch, *OURS)
    assert migrate.pending(empty) == []

    have(monkeypatch, *OURS[:-1])
    with pytest.raises(ConfigurationError, match="much newer version of Tocsin"):
        migrate.migrate(empty)
    with pytest.raises(ConfigurationError, match="much newer version of Tocsin"):
        migrate.pending(empty)


def test_a_migration_gives_up_in_the_end_where_somebody_uses_a_table_all_the_time(
    empty_postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.migrate(empty_postgres)
    monkeypatch.setattr(migrate, "PATIENCE", 0.1)
    have(monkeypatch, *OURS, replace(NEXT, sql="ALTER TABLE bookings ADD COLUMN more TEXT;\n"))

    with empty_postgres.reading() as reader:
        reader.rows("SELECT id FROM bookings")
        with pytest.raises(migrate.InTheWayError, match=r"next\.sql waits for others who use its tables; run it again"):
            migrate.migrate(empty_postgres)

    assert applied(empty_postgres) == [migration.version for migration in OURS]
    assert len(migrate.migrate(empty_postgres)) == 1


def test_a_migration_gives_way_to_who_works_on_its_tables_in_another_order_and_follows_after_it(
    empty_postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.migrate(empty_postgres)
    both = "ALTER TABLE deliveries ADD COLUMN more TEXT;\nALTER TABLE bookings ADD COLUMN more TEXT;\n"
    have(monkeypatch, *OURS, replace(NEXT, sql=both))
    done: list[Migration] = []
    migrating = threading.Thread(target=lambda: done.extend(migrate.migrate(empty_postgres)))

    def it_waits() -> bool:
        with empty_postgres.reading() as connection:
            waiting = "SELECT count(*) AS n FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"
            return connection.number(waiting) == 1

    with empty_postgres.transaction() as booking:
        booking.run("UPDATE bookings SET uid = uid")
        migrating.start()
        until(it_waits)
        booking.run("UPDATE deliveries SET state = state")
        assert done == []
    migrating.join()

    assert [one.version for one in done] == [NEXT.version]


def test_who_starts_while_a_migration_runs_waits_for_its_end(
    empty_postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch, *OURS, NEXT)
    found: list[list[Migration]] = []
    starting = threading.Thread(target=lambda: found.append(migrate.pending(empty_postgres)))

    def someone_waits() -> bool:
        with empty_postgres.reading() as connection:
            waiting = "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            return connection.number(waiting) == 1

    migrate.migrate(empty_postgres)
    with empty_postgres.transaction() as connection:
        connection.run(f"SELECT pg_advisory_xact_lock({migrate._LOCK})")
        starting.start()
        until(someone_waits)
        assert found == []
    starting.join()

    assert found == [[]]


def test_a_migration_that_fails_half_way_leaves_nothing_of_itself(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch, *OURS, replace(NEXT, sql=NEXT.sql + "CREATE TABLE one (id TEXT);\n"))
    with pytest.raises(Exception, match="one"):
        migrate.migrate(empty)

    assert not {"one", "two"} & set(names(empty))
    assert applied(empty) == [migration.version for migration in OURS]

    have(monkeypatch, *OURS, NEXT)
    assert migrate.migrate(empty) == [NEXT]


def test_programs_that_start_at_once_migrate_once(empty: Database) -> None:
    done: list[Migration] = []

    raised = in_threads([lambda: done.extend(migrate.migrate(empty))] * 4)

    assert raised == [None] * 4
    assert sorted(done, key=lambda one: one.version) == OURS
