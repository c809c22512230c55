import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from tests.builders import HOUR, NOON, SECOND
from tocsin.domain.errors import UnavailableError
from tocsin.storage import clock
from tocsin.storage.clock import RESYNC, DatabaseClock
from tocsin.storage.columns import instant, micros
from tocsin.storage.database import POSTGRESQL, Connection
from tocsin.storage.postgres import PostgresDatabase


class Answering:
    """A database that knows nothing but the time, and can be away."""

    dialect = POSTGRESQL

    def __init__(self) -> None:
        self.now = NOON
        self.is_away = False
        self.asked = 0
        self.answer_comes: Callable[[], object] = lambda: None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        if self.is_away:
            raise UnavailableError("away")
        self.asked += 1
        yield Connection(self, POSTGRESQL)

    transaction = reading

    def execute(self, _sql: object, _parameters: object = None, /) -> SimpleNamespace:
        answer = [{"n": micros(self.now)}]
        self.answer_comes()
        return SimpleNamespace(fetchall=lambda: answer)

    def cursor(self) -> object:
        raise AssertionError("nothing is written")

    def close(self) -> None: ...


@pytest.fixture
def elapsed(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Give the monotonic clock of this process, to be set; it starts anywhere."""
    passed = SimpleNamespace(seconds=4321.0)
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: passed.seconds))
    return passed


def database_time(database: PostgresDatabase) -> datetime:
    statement = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) AS n"
    with database.reading() as connection:
        return instant(connection.number(statement))


def test_the_time_is_the_databases(postgres_database: PostgresDatabase) -> None:
    before = database_time(postgres_database)
    now = DatabaseClock(postgres_database)()
    after = database_time(postgres_database)

    assert before <= now <= after


def test_the_time_goes_on_without_asking_for_a_while(elapsed: SimpleNamespace) -> None:
    database = Answering()
    tell = DatabaseClock(database)
    assert tell() == NOON

    database.now = NOON + HOUR
    elapsed.seconds += RESYNC.total_seconds() - 1

    assert tell() == NOON + RESYNC - SECOND
    assert database.asked == 1


def test_an_answer_that_takes_long_never_makes_the_clock_fast(elapsed: SimpleNamespace) -> None:
    database = Answering()

    def come_late() -> None:
        elapsed.seconds += 5

    database.answer_comes = come_late

    assert DatabaseClock(database)() == NOON


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_then_the_database_is_asked_again_and_right_even_if_it_is(elapsed: SimpleNamespace, by: timedelta) -> None:
    database = Answering()
    tell = DatabaseClock(database)

    database.now = NOON + by
    elapsed.seconds += RESYNC.total_seconds()
    assert tell() == NOON + by

    elapsed.seconds += 2.5
    assert tell() == NOON + by + 2.5 * SECOND
    assert database.asked == 2


def test_a_database_that_is_away_is_only_missed_when_it_has_to_be_asked(elapsed: SimpleNamespace) -> None:
    database = Answering()
    tell = DatabaseClock(database)
    database.is_away = True

    elapsed.seconds += 1
    assert tell() == NOON + SECOND

    elapsed.seconds += RESYNC.total_seconds()
    with pytest.raises(UnavailableError):
        tell()

    database.is_away, database.now = False, NOON + HOUR
    assert tell() == NOON + HOUR


def test_while_one_asks_the_others_do_not_wait(elapsed: SimpleNamespace) -> None:
    database, asked, go_on = Answering(), threading.Event(), threading.Event()
    tell = DatabaseClock(database)
    elapsed.seconds += RESYNC.total_seconds()
    told: list[datetime] = []

    def come_late() -> None:
        asked.set()
        go_on.wait(30)

    database.answer_comes = come_late
    asking = threading.Thread(target=lambda: told.append(tell()))
    asking.start()
    assert asked.wait(30)
    meanwhile = tell()
    go_on.set()
    asking.join()

    assert meanwhile == NOON + RESYNC
    assert told == [NOON]
    assert database.asked == 2


def test_a_clock_is_not_made_without_its_database() -> None:
    database = Answering()
    database.is_away = True

    with pytest.raises(UnavailableError):
        DatabaseClock(database)
