"""The program as a process of its own: run to its end, or started and waited for by the line that it prints."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """`tocsin` in a folder with an environment of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "tocsin", *arguments],
            cwd=self.folder,
            env=self._environment(environment),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def done(self, *arguments: str, **environment: str) -> str:
        """Run a command that must go well; return what it prints."""
        ended = self.run(*arguments, **environment)
        assert ended.returncode == 0, ended.stderr
        assert ended.stderr == ""
        return ended.stdout

    def refused(self, code: int, *arguments: str, **environment: str) -> str:
        """Run a command that must end with `code`; return the one line of its error, without the program's name."""
        ended = self.run(*arguments, **environment)
        assert ended.returncode == code, (ended.returncode, ended.stdout, ended.stderr)
        assert ended.stderr.startswith("tocsin: "), ended.stderr
        assert ended.stderr.count("\n") == 1, ended.stderr
        return ended.stderr.removeprefix("tocsin: ").rstrip("\n")

    @contextmanager
    def started(self, *arguments: str, says: str, **environment: str) -> Iterator["Running"]:
        """Start a command and wait until it has printed a line with `says`; end it afterwards if it still runs."""
        with (self.folder / "stderr.txt").open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "tocsin", *arguments],
                cwd=self.folder,
                env=self._environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        running = Running(process=process, folder=self.folder)
        # So that a process that never says what is waited for fails the test and does not hold it for ever.
        watchdog = threading.Timer(PATIENCE_S, process.kill)
        watchdog.start()
        try:
            running.wait_for(says)
            yield running
        finally:
            watchdog.cancel()
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()  # noqa: TID251  what a shell hands on
            if not name.startswith("TOCSIN_")
        }
        # Wide, so that no table of rich is broken into two lines.
        return kept | {"COLUMNS": "200", "PYTHONWARNINGS": "error"} | self.environment | more


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A process that runs."""

    process: subprocess.Popen[str]
    folder: Path

    def wait_for(self, words: str) -> str:
        """Read what the process prints up to a line with `words`; return that line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if words in line:
                return line.rstrip("\n")
        raise AssertionError(f"ended without a word of {words!r}: {self.errors()}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell the process to end; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def errors(self) -> str:
        return (self.folder / "stderr.txt").read_text()


def call(port: int, method: str, path: str, key: str, body: object = None, **more: str) -> httpx.Response:
    headers = {"X-Api-Key": key} | more
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE_S) as http:
        return http.request(method, path, json=body)
