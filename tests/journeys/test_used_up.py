"""A program that may open no more files, or whose log nobody takes, goes on as soon as it can and loses nothing."""

import os
import resource
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.journeys.program import RECIPIENTS, Client, Program, prepare, running, until
from tests.smtp_server import OK, Received, Sink
from tests.torture.pauses import pids

TOO_FEW = 5  # it has more open from its start on


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give a fresh, migrated database of each sort."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tocsin.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


class Starved:
    """A relay that has two messages in hand when the program that delivers them may open no more files.

    It takes one at once, and the other when the program has said in its log that it wanted to open one.
    """

    def __init__(self, program: Program) -> None:
        self._log = Path(program.log)
        self._worker = pids(program)[-1]
        self._limits = resource.prlimit(self._worker, resource.RLIMIT_NOFILE)
        self._both = threading.Barrier(2)
        self.is_over = False

    def __call__(self, _received: Received) -> str:
        if self.is_over:
            return OK
        if self._both.wait(60) == 0:
            resource.prlimit(self._worker, resource.RLIMIT_NOFILE, (TOO_FEW, self._limits[1]))
        else:
            self.wait()
        return OK

    def wait(self) -> None:
        """Return when the program has missed a file."""
        until(lambda: "Too many open files" in self._log.read_text("utf-8"))

    def feed(self) -> None:
        """Let the program open as many files as before."""
        self.is_over = True
        resource.prlimit(self._worker, resource.RLIMIT_NOFILE, self._limits)


def test_a_program_that_may_open_no_more_files_sends_everything_once_when_it_may_again(
    url: str, tmp_path: Path
) -> None:
    log = tmp_path / "log.txt"
    with Sink() as sink:
        program = replace(prepare(url, sink, lease_s=60, state_dir=tmp_path), log=str(log))
        with running(program):
            program.start()
            client = Client(program, tmp_path / "acknowledged.txt", most=0)
            sink.on_data = starved = Starved(program)
            client.book(0)
            starved.wait()
            sink.wait_for(len(RECIPIENTS))
            starved.feed()
            client.book(1)
            states = program.await_end()
            codes = program.stop()

    assert states == {"sent": 2 * len(RECIPIENTS)}
    assert len(sink.messages) == 2 * len(RECIPIENTS)
    assert "unforeseen" not in log.read_text("utf-8")
    assert set(codes) == {0}


@pytest.mark.parametrize("sort", ["reader is gone", "disk is full"])
def test_a_server_whose_log_cannot_be_written_goes_on(sort: str, tmp_path: Path) -> None:
    pipe = tmp_path / "log"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with Sink() as sink:
        program = prepare(f"sqlite:///{tmp_path / 'tocsin.db'}", sink, lease_s=60)
        program = replace(program, log={"reader is gone": str(pipe), "disk is full": "/dev/full"}[sort])
        with running(program):
            program.start()
            os.close(reader)
            Client(program, tmp_path / "acknowledged.txt", most=0).book(0)
            states = program.await_end()
            codes = program.stop()

    assert states == {"sent": len(RECIPIENTS)}
    assert len(sink.messages) == len(RECIPIENTS)
    assert codes == [0]
