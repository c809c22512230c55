"""A backup of the real program under load, brought back on another machine: all of it is there, and nothing is sent twice."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.calendars import ReceivedInvite, read
from tests.journeys.program import ROOT, Client, Program, _listing, a_body, prepare, running, until
from tests.ports import free_port
from tests.postgres import Postgres
from tests.smtp_server import OK, Received, Sink
from tests.torture.disks import spoil
from tocsin.domain.restore import GAP

MOST = 150  # bookings


@dataclass
class Gate:
    """What makes the relay take its time: nothing is answered while it is shut."""

    _open: threading.Event = field(default_factory=threading.Event)

    def answer(self, _received: Received) -> str:
        self._open.wait()
        return OK

    def open(self) -> None:
        self._open.set()

    def shut(self) -> None:
        self._open.clear()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as server:
        yield server


def tocsin(program: Program, *arguments: str) -> str:
    """Run a command on the store of a program; return what it prints."""
    ended = subprocess.run(
        [sys.executable, "-m", "tocsin", *arguments],
        cwd=ROOT,
        env={**os.environ, **program.environment},  # noqa: TID251  a child's
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def elsewhere(program: Program, database_url: str) -> Program:
    """Return the program on another machine, with another store and the same relay, not started."""
    port = free_port()
    others = {
        "TOCSIN_DATABASE_URL": database_url,
        "TOCSIN_LISTEN": f"127.0.0.1:{port}",
        "TOCSIN_BASE_URL": f"http://localhost:{port}",
    }
    return replace(program, environment={**program.environment, **others}, port=port, _running={})


def twice(sink: Sink) -> list[Any]:
    """Return what arrived more than once: a message, or an entry with its number at one recipient."""
    ids = Counter(one.message_id for one in sink.messages)
    entries = Counter((one.recipient, entry(one).uid, entry(one).sequence) for one in sink.messages)
    return [what for what, number in [*ids.items(), *entries.items()] if number > 1]


def entry(received: Received) -> ReceivedInvite:
    return read(received.message)


def went_on(other: Program, sink: Sink) -> None:
    """Wait until the other machine has sent what is new there: it has looked at all that was due."""
    number = len(sink.messages)
    status, body = other.call("POST", "/bookings", a_body(MOST + 1))
    assert status == 201, body
    until(lambda: len(sink.messages) == number + 2)


def judged(other: Program, sink: Sink, acknowledged: list[str]) -> None:
    """Look whether the store is whole, holds back what has left, and goes on with the entries that people hold."""
    before = {(one.recipient, entry(one).uid): entry(one).sequence for one in sink.messages}
    with running(other):
        other.start()
        went_on(other, sink)
        stored = {one["id"]: one for one in _listing(other, "bookings")}
        assert set(acknowledged) - set(stored) == set()
        assert twice(sink) == []
        held = json.loads(tocsin(other, "held", "list", "acme", "--json"))
        assert len(held) == other.count("paused") > 0

        first = tocsin(other, "held", "done", "acme", held[0]["id"])
        assert first == f"{held[0]['id']} sent\n"
        assert tocsin(other, "held", "done", "acme", "--all").count(" sent\n") == len(held) - 1
        number = len(sink.messages)
        cancelled = {"status": "cancelled", "cancel_reason": "ill"}
        status, body = other.call("PATCH", f"/bookings/{held[0]['booking_id']}", cancelled)
        assert status == 200, body
        until(lambda: len(sink.messages) == number + 2)
        assert set(other.stop()) == {0}
    for one in sink.messages[number:]:
        told = entry(one)
        assert told.method == "CANCEL"
        assert told.sequence > max(GAP, before[one.recipient, told.uid])
    assert twice(sink) == []


def test_a_backup_under_load_is_whole_and_nothing_is_sent_twice_on_another_machine(sink: Sink, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    program = prepare(f"sqlite:///{tmp_path}/old/tocsin.db", sink, lease_s=60, keep_in_sync=True)
    client = Client(program, tmp_path / "acknowledged.txt", most=MOST)
    gate, file = Gate(), tmp_path / "tocsin.backup"
    sink.on_data = gate.answer
    gate.open()
    with running(program):
        program.start()
        client.start()
        until(lambda: len(sink.messages) > 10)
        gate.shut()  # from here on messages wait, as they do at any moment under load
        known = len(client.acknowledged)
        until(lambda: len(client.acknowledged) > known + 10)
        acknowledged = client.acknowledged
        tocsin(program, "backup", str(file))
        gate.open()
        client.stop()
        assert set(program.await_end()) == {"sent"}  # what was open in the backup has left
        program.kill()

    other = elsewhere(program, f"sqlite:///{tmp_path}/new/tocsin.db")
    assert "held, because they may have left already" in tocsin(other, "restore", str(file))
    judged(other, sink, acknowledged)


def test_a_copy_of_a_postgresql_is_held_back_by_one_command(
    sink: Sink, tmp_path: Path, postgres: Postgres, postgres_template: str
) -> None:
    name = postgres.create(template=postgres_template)
    program = prepare(postgres.url(name), sink, lease_s=60, keep_in_sync=True)
    client = Client(program, tmp_path / "acknowledged.txt", most=20)
    alone = replace(program, parts=(("serve", "--no-worker"),), _running={})
    with running(alone):
        alone.start()
        client.start()
        until(lambda: len(client.acknowledged) == 20)
        client.stop()
    copy = postgres.create(template=name)
    with running(program):
        program.start()
        assert program.await_end() == {"sent": 40}

    other = elsewhere(program, postgres.url(copy))
    assert "acme: 40 held, because they may have left already" in tocsin(other, "restore")
    judged(other, sink, client.acknowledged)


def test_a_file_that_its_disk_has_spoiled_is_noticed_sends_nothing_and_a_backup_takes_its_place(
    tmp_path: Path, sqlite_path: Path, sink: Sink
) -> None:
    program = prepare(f"sqlite:///{sqlite_path}", sink, lease_s=60)
    tocsin(program, "backup", str(tmp_path / "monday.backup"))
    spoil(sqlite_path, "deliveries_bounced")  # which nothing needs as long as nothing bounces

    with running(program):
        program.start()
        until(lambda: program.readiness()[0] == 503)
        assert "the database file is damaged" in program.readiness()[1]
        status, body = program.call("POST", "/bookings", a_body(1))
        assert (status, "`tocsin restore`" in body["error"]) == (503, True)
        assert program.call("GET", "/bookings")[0] == 200

    other = elsewhere(program, f"sqlite:///{tmp_path / 'other.db'}")
    tocsin(other, "restore", str(tmp_path / "monday.backup"))
    with running(other):
        other.start()
        assert other.call("POST", "/bookings", a_body(1))[0] == 201
        assert other.await_end() == {"sent": 2}
        assert other.readiness() == (200, "")
    assert len(sink.messages) == 2
