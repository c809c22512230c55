import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.builders import WORKSPACE_ID, a_member
from tests.storage.shelf import OnPurposeError, in_threads, until
from tocsin.domain.errors import ConfigurationError, StoreInUseError, UnavailableError
from tocsin.domain.model import MemberId
from tocsin.services import faults
from tocsin.services.faults import PlantedFaultError
from tocsin.storage import sqlite
from tocsin.storage.sqlite import SqliteDatabase
from tocsin.storage.store import SqlStore

pytestmark = pytest.mark.usefixtures("planted_faults")


@pytest.fixture
def database(sqlite_database: SqliteDatabase) -> SqliteDatabase:
    """Give a fresh SQLite file with a table for notes."""
    with sqlite_database.transaction() as connection:
        connection.run("CREATE TABLE notes (note TEXT)")
    return sqlite_database


@contextmanager
def traced(database: SqliteDatabase) -> Iterator[list[str]]:
    """Give the list of what the writer does meanwhile."""
    seen: list[str] = []
    database._writer.set_trace_callback(seen.append)
    yield seen
    database._writer.set_trace_callback(None)


def write(database: SqliteDatabase, note: str) -> None:
    with database.transaction() as connection:
        connection.run("INSERT INTO notes (note) VALUES (:note)", note=note)


def write_and_fail(database: SqliteDatabase, note: str) -> None:
    with database.transaction() as connection:
        connection.run("INSERT INTO notes (note) VALUES (:note)", note=note)
        raise OnPurposeError


def notes(database: SqliteDatabase) -> set[str]:
    with database.reading() as connection:
        return {row["note"] for row in connection.rows("SELECT note FROM notes")}


def as_one_group(database: SqliteDatabase, works: Sequence[Callable[[], object]]) -> list[Exception | None]:
    """Run all of `works` in threads, after a first unit that ends when all of them wait; return what each raised."""
    started = threading.Event()

    def first() -> None:
        with database.transaction():
            started.set()
            until(lambda: database._waiting == len(works))

    def later(work: Callable[[], object]) -> None:
        started.wait()
        work()

    raised = in_threads([first, *(partial(later, work) for work in works)])
    return raised[1:]


def test_the_file_is_kept_as_safely_as_sqlite_can(database: SqliteDatabase) -> None:
    with database.transaction() as connection:
        assert connection.rows("PRAGMA journal_mode")[0]["journal_mode"] == "wal"
        assert connection.rows("PRAGMA synchronous")[0]["synchronous"] == 2, "2 is FULL"
        assert connection.rows("PRAGMA foreign_keys")[0]["foreign_keys"] == 1


def test_readers_cannot_write_and_never_checkpoint(database: SqliteDatabase) -> None:
    with database.reading() as connection:
        assert connection.rows("PRAGMA query_only")[0]["query_only"] == 1
        assert connection.rows("PRAGMA wal_autocheckpoint")[0]["wal_autocheckpoint"] == 0


def test_only_its_owner_can_read_the_file_and_what_stands_beside_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with closing(SqliteDatabase(tmp_path / "new.db")) as database, database.transaction() as connection:
            connection.run("CREATE TABLE notes (note TEXT)")
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)

    assert modes == {"new.db": 0o600, "new.db.lock": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}


def opened_by_another_process(path: Path) -> str:
    program = """if True:
        import sys
        from pathlib import Path
        from tocsin.storage.sqlite import SqliteDatabase
        try:
            SqliteDatabase(Path(sys.argv[1])).close()
        except Exception as error:
            print(type(error).__name__)
        else:
            print("opened")
    """
    ended = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    return ended.stdout.strip()


def test_a_second_process_is_refused_until_the_first_has_closed_the_file(sqlite_path: Path) -> None:
    with closing(SqliteDatabase(sqlite_path)):
        assert opened_by_another_process(sqlite_path) == "StoreInUseError"

    assert opened_by_another_process(sqlite_path) == "opened"


def test_a_file_in_use_is_a_wrong_setting_that_says_what_to_do(database: SqliteDatabase) -> None:
    with pytest.raises(StoreInUseError, match="use PostgreSQL for more"):
        SqliteDatabase(database._path)
    assert issubclass(StoreInUseError, ConfigurationError)


def test_a_file_in_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot open the SQLite file"):
        SqliteDatabase(tmp_path / "none" / "tocsin.db")


def test_a_file_that_is_no_database_is_refused_and_not_locked(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    path.write_bytes(b"certainly not a database" * 100)

    for _ in range(2):
        with pytest.raises(ConfigurationError, match="file is not a database"):
            SqliteDatabase(path)


def test_what_was_written_is_there_when_the_file_is_opened_again(sqlite_path: Path) -> None:
    with closing(SqliteDatabase(sqlite_path)) as database:
        with database.transaction() as connection:
            connection.run("CREATE TABLE notes (note TEXT)")
        write(database, "kept")
        assert notes(database) == {"kept"}

    with closing(SqliteDatabase(sqlite_path)) as database:
        assert notes(database) == {"kept"}


def test_a_store_that_is_closed_gives_the_file_up(sqlite_path: Path) -> None:
    SqlStore(SqliteDatabase(sqlite_path)).close()

    with closing(SqliteDatabase(sqlite_path)) as database:
        assert SqlStore(database).queue.next_due() is None


def test_writers_that_wait_share_one_commit_and_all_are_stored(database: SqliteDatabase) -> None:
    with traced(database) as seen:
        raised = as_one_group(database, [partial(write, database, f"{n}") for n in range(20)])

    assert raised == [None] * 20
    assert notes(database) == {f"{n}" for n in range(20)}
    assert seen.count("COMMIT") == 1
    assert seen.count("BEGIN IMMEDIATE") == 1


def test_a_writer_alone_has_a_commit_of_its_own(database: SqliteDatabase) -> None:
    with traced(database) as seen:
        write(database, "one")
        write(database, "two")

    assert seen.count("COMMIT") == 2


def test_writers_at_random_are_all_stored(database: SqliteDatabase) -> None:
    def work(name: str) -> None:
        for number in range(25):
            write(database, f"{name}/{number}")

    with traced(database) as seen:
        raised = in_threads(partial(work, f"{n}") for n in range(8))

    assert raised == [None] * 8
    assert len(notes(database)) == 200
    assert seen.count("COMMIT") <= 200


def test_a_steady_stream_of_writers_cannot_put_off_the_commit(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "MOST_IN_A_GROUP", 5)

    with traced(database) as seen:
        as_one_group(database, [partial(write, database, f"{n}") for n in range(19)])

    assert seen.count("COMMIT") == 4


def test_a_unit_that_raises_is_undone_alone(database: SqliteDatabase) -> None:
    works = [partial(write, database, "a"), partial(write_and_fail, database, "bad"), partial(write, database, "b")]

    raised = as_one_group(database, works)

    assert [type(one) for one in raised] == [type(None), OnPurposeError, type(None)]
    assert notes(database) == {"a", "b"}


def test_the_last_of_a_group_may_raise_and_the_others_are_stored(database: SqliteDatabase) -> None:
    waits = threading.Event()

    def first() -> None:
        with database.transaction() as connection:
            connection.run("INSERT INTO notes (note) VALUES ('first')")
            waits.set()
            until(lambda: database._waiting == 1)

    def last() -> None:
        waits.wait()
        write_and_fail(database, "last")

    raised = in_threads([first, last])

    assert [type(one) for one in raised] == [type(None), OnPurposeError]
    assert notes(database) == {"first"}


def test_the_first_of_a_group_may_raise_and_the_others_are_stored(database: SqliteDatabase) -> None:
    waits = threading.Event()

    def first() -> None:
        with database.transaction() as connection:
            connection.run("INSERT INTO notes (note) VALUES ('first')")
            waits.set()
            until(lambda: database._waiting == 1)
            raise OnPurposeError

    def second() -> None:
        waits.wait()
        write(database, "second")

    raised = in_threads([first, second])

    assert [type(one) for one in raised] == [OnPurposeError, type(None)]
    assert notes(database) == {"second"}


def test_no_index_costs_a_table_of_its_own_whenever_a_row_is_written(sqlite_database: SqliteDatabase) -> None:
    """SQLite makes one of a list of three values or more in the condition of an index."""
    with sqlite_database.reading() as connection:
        found = connection.rows("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")

    lists = {row["name"]: re.search(r" IN \(([^)]*)\)", row["sql"]) for row in found}
    assert [name for name, each in lists.items() if each is not None and each[1].count(",") > 1] == []


def test_a_group_of_nothing_but_failures_is_rolled_back(database: SqliteDatabase) -> None:
    with traced(database) as seen, pytest.raises(OnPurposeError):
        write_and_fail(database, "bad")

    assert seen[-1] == "ROLLBACK"
    write(database, "good")
    assert notes(database) == {"good"}


def test_nobody_hears_of_success_before_the_commit_that_holds_his_work(database: SqliteDatabase) -> None:
    started, done = threading.Event(), threading.Event()

    def first() -> None:
        with database.transaction() as connection:
            connection.run("INSERT INTO notes (note) VALUES ('first')")
            started.set()
            until(lambda: database._waiting == 1)
        done.set()

    def second() -> None:
        started.wait()
        with database.transaction() as connection:
            # The first has run its unit by now, and its commit is this one's.
            assert connection.number("SELECT count(*) AS n FROM notes") == 1
            assert notes(database) == set()
            assert not done.wait(0.1)

    raised = in_threads([first, second])

    assert raised == [None, None]
    assert notes(database) == {"first"}


def test_when_the_commit_fails_every_unit_of_the_group_raises_and_nothing_is_stored(database: SqliteDatabase) -> None:
    faults.arm("before_commit:raise")

    raised = as_one_group(database, [partial(write, database, f"{n}") for n in range(10)])

    assert [type(one) for one in raised] == [PlantedFaultError] * 10
    assert notes(database) == set()


def test_after_a_commit_that_failed_the_next_one_works(database: SqliteDatabase) -> None:
    faults.arm("before_commit:raise")
    with pytest.raises(PlantedFaultError):
        write(database, "lost")

    write(database, "kept")

    assert notes(database) == {"kept"}


def test_what_fails_after_the_commit_has_been_stored(database: SqliteDatabase) -> None:
    faults.arm("after_commit:raise")

    with pytest.raises(PlantedFaultError):
        write(database, "stored")

    assert notes(database) == {"stored"}


def test_a_full_disk_is_heard_by_everybody_whose_work_it_cost(database: SqliteDatabase) -> None:
    with database.transaction() as connection:
        pages = connection.rows("PRAGMA page_count")[0]["page_count"]
        connection.rows(f"PRAGMA max_page_count = {pages + 4}")
    names = [f"{n}{'x' * (60_000 if n == 3 else 0)}" for n in range(8)]

    raised = as_one_group(database, [partial(write, database, name) for name in names])

    assert {type(one) for one in raised} == {type(None), UnavailableError}
    assert notes(database) == {name for name, error in zip(names, raised, strict=True) if error is None}
    with database.transaction() as connection:
        connection.rows("PRAGMA max_page_count = 1000000")
    write(database, names[3])
    assert names[3] in notes(database)


def test_a_rollback_by_sqlite_itself_is_heard_by_everybody_whose_work_it_cost(database: SqliteDatabase) -> None:
    def roll_back() -> None:
        with database.transaction() as connection:
            connection.run("INSERT OR ROLLBACK INTO workspaces (workspace_id) VALUES (NULL)")

    works: list[Callable[[], object]] = [partial(write, database, "a"), roll_back, partial(write, database, "b")]

    raised = as_one_group(database, works)

    stored = {note for note, error in (("a", raised[0]), ("b", raised[2])) if error is None}
    assert notes(database) == stored
    assert raised[1] is not None
    write(database, "after")
    assert notes(database) == stored | {"after"}


def test_a_writer_whose_follower_never_comes_commits_by_itself(database: SqliteDatabase) -> None:
    database._waiting += 1

    write(database, "alone")

    assert notes(database) == {"alone"}


def test_a_reader_sees_nothing_that_is_not_committed(database: SqliteDatabase) -> None:
    with database.transaction() as connection:
        connection.run("INSERT INTO notes (note) VALUES ('new')")
        assert notes(database) == set()

    assert notes(database) == {"new"}


def test_readers_do_not_wait_for_the_writer_nor_for_each_other(database: SqliteDatabase) -> None:
    together = threading.Barrier(9)

    def read() -> None:
        with database.reading() as connection:
            connection.number("SELECT count(*) AS n FROM notes")
            together.wait(30)

    with database.transaction():
        raised = in_threads([read] * 8 + [lambda: together.wait(30)])

    assert raised == [None] * 9


def test_many_readers_share_the_free_connections(database: SqliteDatabase) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        raised = in_threads([lambda: [notes(database) for _ in range(50)]] * 6)
    finally:
        sys.setswitchinterval(interval)

    assert raised == [None] * 6
    assert len(database._readers) <= 6


def test_a_reader_that_raises_gives_its_connection_back(database: SqliteDatabase) -> None:
    def fail() -> None:
        with database.reading() as connection:
            connection.number("SELECT count(*) AS n FROM notes")
            raise OnPurposeError

    with pytest.raises(OnPurposeError):
        fail()

    write(database, "new")
    assert notes(database) == {"new"}
    assert len(database._readers) == 1


def test_a_file_that_another_connection_holds_is_unavailable_until_it_is_free(
    sqlite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 0.01)
    with closing(SqliteDatabase(sqlite_path)) as database, closing(sqlite3.connect(sqlite_path)) as shell:
        store = SqlStore(database)
        with store.registry():
            pass
        shell.execute("BEGIN IMMEDIATE")

        with pytest.raises(UnavailableError, match="locked"), store.transaction(WORKSPACE_ID):
            pass
        with pytest.raises(UnavailableError, match="locked"):
            store.queue.settle([], now=a_member().created_at)
        with store.reading(WORKSPACE_ID) as tx:
            assert tx.members.get(MemberId("m")) is None

        shell.rollback()
        with store.transaction(WORKSPACE_ID) as tx:
            assert tx.members.get(MemberId("m")) is None


def test_lower_case_is_known_in_all_scripts(database: SqliteDatabase) -> None:
    with database.reading() as connection:
        assert connection.rows("SELECT lower(:text) AS text", text="ÄÖ ΣΑΣ ДА")[0]["text"] == "äö σας да"
        assert connection.rows("SELECT lower(NULL) AS text")[0]["text"] is None


def test_who_waits_too_long_for_his_turn_is_told_to_come_back_and_holds_nobody_up(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE", 0.01)

    with database.transaction() as connection:
        connection.run("INSERT INTO notes (note) VALUES ('first')")
        (raised,) = in_threads([partial(write, database, "second")])

    assert isinstance(raised, UnavailableError)
    assert "busy" in str(raised)
    assert notes(database) == {"first"}
    write(database, "third")
    assert notes(database) == {"first", "third"}
