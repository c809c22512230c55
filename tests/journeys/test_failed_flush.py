"""A disk that says that it could not flush: nothing that was not flushed is told as done, and all goes on when it can again."""

import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from tests.journeys.program import RECIPIENTS, Client, Program, a_body, prepare, running, until
from tests.left_out import require
from tests.packages import STRACE
from tests.smtp_server import OK, Received, Sink
from tests.torture.pauses import pids

FAILS = ("--trace=fsync,fdatasync", "--inject=fsync,fdatasync:error=EIO", "--output=/dev/null")


@contextmanager
def no_flush(program: Program) -> Iterator[None]:
    """Let every flush to the disk fail while the block runs."""
    (pid,) = pids(program)
    tracer = subprocess.Popen(
        ["/usr/bin/strace", "--follow-forks", f"--attach={pid}", *FAILS], stderr=subprocess.PIPE, text=True
    )
    assert tracer.stderr is not None
    try:
        assert "attached" in tracer.stderr.readline()
        yield
    finally:
        tracer.terminate()
        tracer.communicate()


class Hand:
    """A relay that holds what it is given until it may take it."""

    def __init__(self) -> None:
        self.is_full, self.may_take = threading.Event(), threading.Event()

    def __call__(self, _received: Received) -> str:
        self.is_full.set()
        self.may_take.wait(60)
        return OK


def stored(path: Path) -> set[str]:
    """Return the ids of all bookings in a file that is whole."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {row[0] for row in connection.execute("SELECT id FROM bookings")}


def test_what_could_not_be_flushed_is_refused_and_what_was_sent_meanwhile_is_not_sent_again(tmp_path: Path) -> None:
    require(STRACE, in_ci=False)
    path, log = tmp_path / "tocsin.db", tmp_path / "log.txt"
    with Sink() as sink:
        program = replace(prepare(f"sqlite:///{path}", sink, lease_s=60), log=str(log))
        with running(program):
            program.start()
            client = Client(program, tmp_path / "acknowledged.txt", most=0)
            sink.on_data = hand = Hand()
            client.book(0)
            assert hand.is_full.wait(60)
            with no_flush(program):
                hand.may_take.set()
                status, body = program.call("POST", "/bookings", a_body(1), Idempotency_Key="key-1")
                sink.wait_for(len(RECIPIENTS))
                until(lambda: "tocsin.workers" in log.read_text("utf-8"))
                marked = program.count("sent")
            client.book(1)
            states = program.await_end()
            program.kill()

    assert (status, body) == (503, {"error": "the database cannot be used now: disk I/O error"})
    assert marked == 0
    assert states == {"sent": 2 * len(RECIPIENTS)}
    assert len(sink.messages) == 2 * len(RECIPIENTS)
    assert stored(path) == set(client.acknowledged)
