"""Log lines: one is one, each names its request, and nothing that was planted stands in any of them."""

import json
import logging
import re
import smtplib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from tests.faces.client import Client, Json, an_action, booking_body, connected, opened_in, rule_body
from tests.faces.running import Program, call
from tests.http_server import Receiver, Says
from tests.ports import free_port
from tests.smtp_server import Sink
from tests.storage.shelf import until
from tocsin.domain.discretion import Discretion, log_key
from tocsin.logs import lines
from tocsin.logs.about import about, current, note
from tocsin.storage.store import SqlStore

V2 = "/api/external/v2"
SECRET = "CANARY-installation-secret-0123456789"
ENVIRONMENT = {
    "TOCSIN_SECRET_KEY": SECRET,
    "TOCSIN_METRICS_TOKEN": "CANARY-metrics-token-0123456789012345",
    "TOCSIN_OIDC_ISSUER": "https://login.invalid",
    "TOCSIN_OIDC_CLIENT_ID": "tocsin",
    "TOCSIN_OIDC_CLIENT_SECRET": "CANARY-client-secret",
    "TOCSIN_MAIL_FROM": "canary-invites@tocsin.example",
    "TOCSIN_FAULTS": "before_mark:raise@2",
}
PEOPLE = ("canary-ada@example.org", "canary-eve@example.net", "canary-host@example.com", "canary-guest@example.org")
CANARY = re.compile("canary|Q0FOQVJZ|example\\.(org|net|com)", re.IGNORECASE)


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


def name_of(address: str) -> str:
    return Discretion(key=log_key(SECRET.encode())).name_of(address)


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@dataclass(frozen=True, kw_only=True)
class Life:
    """The program on its way from bookings to messages that nobody takes, with canaries wherever something can be put."""

    program: Program
    port: int
    relay: Sink
    receiver: Receiver
    inbound: int
    key: str

    def live(self) -> None:
        key = self.key
        self._post("/meetings", key, {"slug": "intro", "name": "CANARY", "hosts": [PEOPLE[2]], "duration": 30})
        link = call(self.port, "GET", f"{V2}/meetings", key).json()["meetings"][0]["id"]
        self._post("/automation-rules/full", key, rule_body(link, actions=self._actions()))
        who = {"name": "CANARY", "email": PEOPLE[1], "guests": [PEOPLE[3]], "slot_date": "2036-11-25"}
        self._post("/bookings", key, booking_body(**who, override_availability=True))
        until(lambda: self._ended(key))
        self._strangers(key)

    def _actions(self) -> list[Json]:
        return [
            an_action(emails=[PEOPLE[0], "{{client.email}}"], email_subject="CANARY"),
            {"type": "call_webhook", "url": f"{self.receiver.url}?token=CANARY"},
        ]

    def _ended(self, key: str) -> bool:
        found = call(self.port, "GET", f"{V2}/deliveries", key).json()["deliveries"]
        return len(found) == 3 and all(one["state"] in {"failed", "retrying"} for one in found)

    def _strangers(self, key: str) -> None:
        source = self._post("/sources", key, {"source": "cal_com", "secret": "CANARY-of-a-source"})["source"]
        at = source["url"].partition("/in/")[2]
        httpx.post(f"http://127.0.0.1:{self.port}/in/{at}", content=b'{"CANARY": "canary-ada@example.org"}')
        call(self.port, "GET", f"{V2}/bookings/canary-ada@example.org", f"{key}CANARY")
        origin = {"Origin": f"http://127.0.0.1:{self.port}", "Cookie": "tocsin_session=CANARY"}
        form = {"email": PEOPLE[0], "password": "CANARY"}
        httpx.post(f"http://127.0.0.1:{self.port}/sign-in", data=form, headers=origin)
        with suppress(smtplib.SMTPException), smtplib.LMTP("127.0.0.1", self.inbound) as stranger:
            stranger.sendmail(PEOPLE[0], PEOPLE[1], b"Subject: CANARY\r\n\r\nCANARY\r\n")

    def _post(self, path: str, key: str, body: Json) -> Any:
        answer = call(self.port, "POST", V2 + path, key, body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    port, inbound = free_port(), free_port()
    relay, receiver = (
        Sink(credentials=("user", "CANARY-of-relay"), port=0),
        Receiver(lambda _got: Says(status=500, body=b"CANARY")),
    )
    relay.on_rcpt = lambda address: f"550 5.1.1 {address} CANARY is nobody"
    with relay, receiver:
        own = {
            "TOCSIN_LISTEN": f"127.0.0.1:{port}",
            "TOCSIN_BASE_URL": f"http://127.0.0.1:{port}",
            "TOCSIN_SMTP_URL": f"smtp://user:CANARY-of-relay@127.0.0.1:{relay.port}?tls=none",
            "TOCSIN_INBOUND": f"lmtp://127.0.0.1:{inbound}",
            "TOCSIN_WEBHOOK_ALLOW": receiver.origin,
        }
        key = opened_in(tmp_path, ENVIRONMENT | own)
        program = Program(folder=tmp_path, environment=ENVIRONMENT | own)
        yield Life(program=program, port=port, relay=relay, receiver=receiver, inbound=inbound, key=key)


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
