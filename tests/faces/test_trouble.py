"""When the store is away, and when something goes wrong that nobody foresaw."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

import pytest

from tests.builders import SettableClock
from tests.faces.client import Line, an_app, on_the_line
from tocsin.domain.errors import UnavailableError
from tocsin.storage.sqlite import SqliteDatabase
from tocsin.storage.store import SqlStore

HEADERS = [("Host", "acme.tocsin.test"), ("X-Api-Key", "tocsin_x_y")]


class Broken(SqlStore):
    """A store that fails whoever looks for a workspace."""

    def __init__(self, database: SqliteDatabase, fail: Callable[[], NoReturn]) -> None:
        super().__init__(database)
        self._fail = fail

    def directory(self) -> NoReturn:
        self._fail()


def away() -> NoReturn:
    raise UnavailableError("the database cannot be used now", retry_after=3)


def unforeseen() -> NoReturn:
    raise RuntimeError("hunter2 is the password")


@contextmanager
def troubled(database: SqliteDatabase, fail: Callable[[], NoReturn]) -> Iterator[Line]:
    app = an_app(SqlStore(database), SettableClock())
    with on_the_line(replace(app, store=Broken(database, fail))) as line:
        yield line


def test_a_store_that_is_away_is_told_with_the_time_to_come_back(sqlite_database: SqliteDatabase) -> None:
    with troubled(sqlite_database, away) as line:
        answer = line.call("GET", "/api/external/v2/bookings", None, HEADERS)
        ready = line.call("GET", "/readyz", None, HEADERS)
        alive = line.call("GET", "/healthz", None, HEADERS)

    assert (answer.status_code, answer.json()) == (503, {"error": "the database cannot be used now"})
    assert answer.headers["retry-after"] == "3"
    assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
    assert ready.headers["retry-after"]
    assert alive.status_code == 200


@pytest.mark.parametrize("path", ["/api/external/v2/bookings", "/mailbox"])
def test_what_nobody_foresaw_is_answered_with_an_incident_that_the_log_has(
    sqlite_database: SqliteDatabase, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with troubled(sqlite_database, unforeseen) as line:
        answer = line.call("GET", path, None, HEADERS)

    assert answer.status_code == 500
    incident = re.search("incident ([0-9a-f]{12})", answer.text)
    assert incident is not None
    assert "hunter2" not in answer.text
    assert incident[1] in caplog.text
    assert "hunter2" in caplog.text


def test_a_page_tells_that_the_store_is_away_and_not_that_nothing_is_there(sqlite_database: SqliteDatabase) -> None:
    with troubled(sqlite_database, away) as line:
        page = line.call("GET", "/mailbox", None, HEADERS)
        download = line.call("GET", "/mailbox/x/message.eml", None, HEADERS)

    assert (page.status_code, download.status_code) == (503, 503)
    assert "the database cannot be used now" in page.text
