"""The other end: postfix's smtp-sink where only its speed counts, a sink of our own where each message is looked at."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench.children import Child, FailedError, until
from bench.needs import path_of
from bench.ports import free_port, is_open
from bench.rig import Rig

_NUMBERS = count(1)


class SmtpSink:
    """A relay in C that takes everything and throws it away."""

    def __init__(self, rig: Rig) -> None:
        self.port = free_port()
        self._children = rig.children
        self._counters = rig.folder / f"smtp-sink-{next(_NUMBERS)}"
        as_nobody = ("-u", "nobody") if os.geteuid() == 0 else ()
        address = f"127.0.0.1:{self.port}"
        self._child = rig.children.start(_path("smtp-sink"), *as_nobody, "-c", address, "1000", output=self._counters)
        until(lambda: is_open(self.port), "smtp-sink listens", limit_s=10)

    @property
    def taken(self) -> int:
        """How many messages it has taken so far."""
        with self._counters.open("rb") as file:
            file.seek(max(0, self._counters.stat().st_size - 200))
            last = file.read().rpartition(b"mesg=")[2]
        return int(last.split(b"\r")[0] or 0)

    def close(self) -> None:
        """Stop it."""
        self._children.end(self._child)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One message as our sink took it; `at` in seconds since 1970, just before it said so."""

    at: float
    message_id: str
    recipient: str
    subject: str


class RecordingSink:
    """A relay that writes down what it takes and when. `delay_s` is how long it thinks before it takes a message."""

    def __init__(self, rig: Rig, *, delay_s: float = 0.0) -> None:
        self._children = rig.children
        self._record = rig.folder / f"sink-{next(_NUMBERS)}.jsonl"
        self._child: Child = rig.children.start(
            sys.executable, "-m", "bench.sink", "--record", str(self._record), "--delay-s", str(delay_s)
        )
        self.port = int(self._child.line())

    def close(self) -> list[Taken]:
        """Stop it; return what it took, in order."""
        self._children.end(self._child)
        if not self._record.exists():
            raise FailedError(f"the sink left no record: {self._child.complaint()}")
        rows = map(json.loads, self._record.read_text("utf-8").splitlines())
        return [Taken(at=at, message_id=name, recipient=to, subject=subject) for at, name, to, subject in rows]


def smtp_source(port: int, message: Path, *, number: int, connections: int, keeps: bool) -> float:
    """Let postfix's generator send a message many times; return the seconds that it took.

    It does not pipeline. By default it opens a connection for each message; if it `keeps` them, it sends all over the first.
    """
    flags = ["-d"] if keeps else []
    sized = ["-s", str(connections), "-m", str(number), "-F", str(message)]
    addressed = ["-f", "invites@tocsin.example", "-t", "team@example.org", f"127.0.0.1:{port}"]
    begun = time.perf_counter()
    done = subprocess.run(
        [_path("smtp-source"), *flags, *sized, *addressed], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise FailedError(f"smtp-source: {done.stderr.strip()}")
    return time.perf_counter() - begun


def connections_to(port: int) -> int:
    """Return how many connections to a port of this machine are open now."""
    wanted = f"0100007F:{port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(fields[2] == wanted and fields[3] == "01" for fields in map(str.split, lines))


def _path(program: str) -> str:
    found = path_of(program)
    if found is None:
        raise FailedError(f"{program} is not installed")
    return found
