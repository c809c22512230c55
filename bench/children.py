"""The processes that a benchmark starts, each in a group of its own, and their end however the benchmark ends."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PATIENCE = 30.0  # seconds that a process has to end in order
TAIL = 2000  # characters of a log that are shown when its process fails


class FailedError(Exception):
    """A benchmark could not be carried out; the message says why."""


class Child:
    """A process that was started here; what it writes to standard error is in `log`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path, output: Path | None) -> None:
        self.name = Path(command[0]).name if "-m" not in command else " ".join(command[command.index("-m") + 1 :][:2])
        self._log = log
        with log.open("ab") as errors, (output or Path(os.devnull)).open("ab") as kept:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=kept if output else subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # Ctrl-C goes to the benchmark alone, which ends them in order
                text=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def line(self) -> str:
        """Return the next line of its standard output: by it a process says that it is ready. Raises FailedError."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise FailedError(f"{self.name} did not start: {self.complaint()}")
        return line

    def complaint(self) -> str:
        """Return the end of its log."""
        return self._log.read_text("utf-8", "replace")[-TAIL:].strip() or "it said nothing"

    def check(self) -> None:
        """Raise FailedError if it has ended."""
        if self._process.poll() is not None:
            raise FailedError(f"{self.name} ended with {self._process.returncode}: {self.complaint()}")

    def end(self) -> None:
        """Tell it to end; after PATIENCE end all of its group."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE)
        with suppress(
            ProcessLookupError
        ):  # a child of it may be left, and its group's number is not given away meanwhile
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Children:
    """All processes of a benchmark."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[Child] = []
        self._count = 0

    def start(self, *command: str, environment: Mapping[str, str] | None = None, output: Path | None = None) -> Child:
        """Start a process. `output` is where its standard output goes; without, `Child.line` reads it."""
        self._count += 1
        child = Child(command, environment or {}, self._folder / f"log-{self._count:03}.txt", output)
        self._running.append(child)
        return child

    def end(self, *children: Child) -> None:
        """End some of them, in this order."""
        for child in children:
            child.end()
            self._running.remove(child)

    def close(self) -> None:
        """End all that are left, the last one first."""
        while self._running:
            self._running.pop().end()


def until(condition: Callable[[], bool], what: str, *, limit_s: float = 300, every_s: float = 0.02) -> float:
    """Wait until `condition` holds; return the seconds since 1970 then. Raises FailedError if it does not in time."""
    ends = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > ends:
            raise FailedError(f"waited {limit_s:.0f} s in vain: {what}")
        threading.Event().wait(every_s)
    return time.time()
