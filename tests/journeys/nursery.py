"""Starts the real program again and again without loading its modules each time: most of a start is that.

`python -m tests.journeys.nursery FD` is a process that has loaded them and does nothing but fork. Each program is a process of
its own, with its own environment, that runs what `python -m tocsin` runs, and can be killed like any other. How long a start
takes, and whether the modules can be loaded at all, is for tests that start it from nothing.
"""

import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[2]
_MOST = 1 << 16  # octets of a wish


class Child:
    """A program that was forked; as much of a `subprocess.Popen` as is used of one."""

    def __init__(self, stdout: int, news: int) -> None:
        self.stdout = os.fdopen(stdout, encoding="utf-8")
        self._news = os.fdopen(news, encoding="utf-8")
        self.pid = int(self._news.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it ended, or None while it runs."""
        return self._heard(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended as soon as it has. Raises TimeoutExpired after so many seconds."""
        code = self._heard(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _heard(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._news], [], [], timeout)[0]:
            self.returncode = int(self._news.readline())
            self._news.close()
        return self.returncode


class Nursery:
    """Where programs are forked; it ends when it is closed. May be used from many threads."""

    def __init__(self) -> None:
        self._wishes, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with closing(theirs):
            command = [sys.executable, "-m", "tests.journeys.nursery", str(theirs.fileno())]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])

    def start(self, module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Child:
        """Start what `python -m module` runs, in exactly this environment."""
        said, says = os.pipe()
        heard, tells = os.pipe()
        wish = json.dumps({"module": module, "arguments": list(arguments), "environment": dict(environment)})
        try:
            socket.send_fds(self._wishes, [wish.encode()], [says, tells])
        finally:
            os.close(says)
            os.close(tells)
        return Child(said, heard)

    def close(self) -> None:
        """Fork no more; what was forked goes on."""
        self._wishes.close()
        self._process.wait()


def _tend(wishes: socket.socket) -> None:
    """Fork whenever that is wished for, until nobody can wish any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever waits for a program is not here
    while True:
        wish, (*fds,), _, _ = socket.recv_fds(wishes, _MOST, 2)
        if not wish:
            return
        if os.fork() == 0:
            wishes.close()
            _attend(json.loads(wish), *fds)
        for fd in fds:
            os.close(fd)


def _attend(wish: dict[str, object], says: int, tells: int) -> NoReturn:
    """Fork the program, tell its number and, when it has ended, how."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(tells)
        _be(wish, says)
    os.close(says)
    os.write(tells, b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    os.write(tells, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _be(wish: dict[str, object], says: int) -> NoReturn:
    """Be the program from here on."""
    os.dup2(says, 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.environ.clear()  # noqa: TID251  it is another process now
    os.environ.update(wish["environment"])  # type: ignore[call-overload]  # noqa: TID251
    sys.argv = [str(wish["module"]), *wish["arguments"]]  # type: ignore[misc]
    try:
        runpy.run_module(str(wish["module"]), run_name="__main__", alter_sys=True)
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(end.code if isinstance(end.code, int) else 1 if end.code else 0)
    os._exit(1)


if __name__ == "__main__":
    for name in ("tocsin.cli", "uvicorn.loops.auto", "uvicorn.protocols.http.auto"):
        importlib.import_module(name)  # what takes so long
    with socket.socket(fileno=int(sys.argv[1])) as given:
        _tend(given)
