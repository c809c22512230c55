"""Log lines: one is one, each names its request, and nothing that was planted stands in any of them."""

import json
import logging
import re
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from tests.faces.canaries import CANARY, PEOPLE, SECRET, V2, Life, living, name_of
from tests.faces.client import Client, connected
from tocsin.domain.discretion import log_key
from tocsin.logs import lines
from tocsin.logs.about import about, current, note
from tocsin.storage.store import SqlStore


@pytest.fixture
def former_logging() -> Iterator[None]:
    """Give the former logging back afterwards."""
    root, hook = logging.getLogger(), threading.excepthook
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    threading.excepthook = hook


def for_machines() -> None:
    """Write lines for machines, with the names of an installation."""
    lines.to_stderr(as_json=True, secrets=["hunter2hunter2"])
    lines.name_people_by(log_key(SECRET.encode()))


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    with living(tmp_path) as found:
        yield found


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_that_was_planted_stands_in_any_line(life: Life, form: str) -> None:
    with life.program.started("serve", says="Tocsin", TOCSIN_LOG=form) as running:
        life.live()
        assert running.stop() == 0
        found = running.errors()

    assert not [line for line in found.splitlines() if CANARY.search(line)]
    assert "PlantedFaultError" in found
    assert "permanent" in found
    assert "signing in was refused" in found
    assert found.count("a request was refused") == 2  # a forged call, and a key with a tail
    assert any(name_of(person) in found for person in PEOPLE[:2])  # the fault keeps one attempt out of the log
    if form == "json":
        attempts = [one for one in map(json.loads, found.splitlines()) if "permanent" in one["event"]]
        assert {"timestamp", "level", "logger", "workspace", "delivery", "booking", "rule", "person"} <= set(
            attempts[0]
        )


def fail() -> NoReturn:
    raise sqlite3.IntegrityError(
        "550 <canary-ada@example.org> said hunter2hunter2\n2026-11-29 [info ] forged\nDETAIL: row (CANARY)"
    )


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.usefixtures("former_logging")
def test_what_nobody_foresaw_tells_neither_secret_nor_address(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines.to_stderr(as_json=form == "json", secrets=["hunter2hunter2"])
    lines.name_people_by(log_key(SECRET.encode()))
    try:
        fail()
    except sqlite3.IntegrityError:
        logging.getLogger("tocsin.test").exception(
            "it failed for %s", "canary-ada@example.org", extra={"key": "Bearer CANARY"}
        )
    found = capsys.readouterr().err

    assert not re.search("canary-|hunter2|CANARY", found.replace("CANARY = ", ""))
    assert found.count(name_of("canary-ada@example.org")) == 2
    assert "IntegrityError" in found


@pytest.mark.usefixtures("former_logging")
def test_no_value_can_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    forged = "x\n2026-11-29T00:00:00Z [error    ] forged\r\x1b[2K\u2028next"
    lines.to_stderr(as_json=False)
    logging.getLogger("tocsin.test").info("booked %s", forged, extra={"name_of_it": forged})
    (line,) = capsys.readouterr().err.splitlines()
    assert "forged" in line

    try:
        raise RuntimeError(forged)
    except RuntimeError:
        logging.getLogger("tocsin.test").exception("it failed")
    first, *trace = capsys.readouterr().err.split("\n")[:-1]
    assert "it failed" in first
    assert all(one.startswith("    | ") for one in trace)

    lines.to_stderr(as_json=True)
    logging.getLogger("tocsin.test").info("booked %s", forged, extra={"name_of_it": forged})
    (whole,) = told(capsys)
    assert whole["name_of_it"] == forged


@pytest.mark.usefixtures("former_logging")
def test_a_line_is_about_what_its_block_says_and_what_was_found_out(capsys: pytest.CaptureFixture[str]) -> None:
    for_machines()
    log = logging.getLogger("tocsin.test")
    note(workspace="nobody's")
    with about(request="r1"):
        note(workspace="w1")
        log.info("one")
        log.info("two", extra={"workspace": "w2"})
        inside = dict(current())
    log.info("three")

    one, two, three = told(capsys)
    assert (one["request"], one["workspace"], one["logger"]) == ("r1", "w1", "tocsin.test")
    assert two["workspace"] == "w2"
    assert "request" not in three
    assert inside == {"request": "r1", "workspace": "w1"}


@pytest.mark.usefixtures("former_logging")
def test_a_thread_that_ends_says_so_by_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    for_machines()
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()

    (line,) = told(capsys)
    assert line["event"] == "a thread ended unforeseen"
    assert "canary" not in json.dumps(line)


@pytest.mark.usefixtures("former_logging")
def test_a_line_that_cannot_be_written_tells_nothing_of_what_stood_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    for_machines()
    (handler,) = [one for one in logging.getLogger().handlers if isinstance(one, lines._Handler)]
    handler.handle(logging.LogRecord("tocsin.test", logging.INFO, "", 0, "%d of them", ("canary",), None))

    found = capsys.readouterr().err
    assert found == "a log line of tocsin.test could not be written: <class 'TypeError'>\n"


# Requests


def asked(client: Client, *names: str) -> httpx.Response:
    headers = [("Host", client.host), ("X-Api-Key", client.key), *(("X-Request-ID", one) for one in names)]
    return client.line.call("GET", f"{V2}/bookings", None, headers)


@pytest.mark.parametrize("name", ["a", "0192f0c1-7a3b-7c4d-8e5f-0123456789ab", "Root=1-67891233-abc/def:1", "x" * 128])
def test_a_sane_name_of_a_request_is_kept(sqlite_client: Client, name: str) -> None:
    assert asked(sqlite_client, name).headers["x-request-id"] == name


@pytest.mark.parametrize(
    "names", [(), ("",), ("x" * 129,), ("two words",), ("ada@example.org",), ("a", "b"), ("\xe9",)]
)
def test_else_a_name_is_made(sqlite_client: Client, names: tuple[str, ...]) -> None:
    first, second = (asked(sqlite_client, *names).headers["x-request-id"] for _ in range(2))

    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first != second


@pytest.mark.usefixtures("former_logging")
def test_lines_about_a_request_bear_its_name_and_its_workspace(
    sqlite_store: SqlStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(sqlite_store) as client:
        for_machines()
        monkeypatch.setattr(type(client.app.store), "reading", lambda *_: fail())
        answers = [
            asked(client, "r1"),
            client.line.call(
                "GET",
                "/bookings",
                None,
                [("Host", client.host), ("X-Request-ID", "r2"), ("Cookie", f"__Host-tocsin={'0' * 64}")],
            ),
        ]
        workspace = client.app.office.workspace({"subdomain": "acme"}).id

    found = told(capsys)
    assert [one.status_code for one in answers] == [500, 500]
    assert [one.headers["x-request-id"] for one in answers] == ["r1", "r2"]
    assert {(one["request"], one.get("workspace")) for one in found} == {("r1", workspace), ("r2", workspace)}
    assert {one["event"] for one in found if "exception" not in one} == {"a request was answered 500"}
