"""Processes that stand still: stopped by SIGSTOP wherever they are, and sent on again."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.journeys.program import Program, until


def pids(program: Program) -> list[int]:
    """Return the ids of the program's processes."""
    return [process.pid for process in program._running.values()]


@contextmanager
def paused(program: Program) -> Iterator[None]:
    """Let none of the program's threads run while the block does."""
    found = pids(program)
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: all(map(_stands_still, found)))
        yield
    finally:
        for pid in found:
            os.kill(pid, signal.SIGCONT)


def _stands_still(pid: int) -> bool:
    # A thread that waits for the disk stops when it has what it waits for.
    return all(
        path.read_text().rpartition(")")[2].split()[0] == "T" for path in Path(f"/proc/{pid}/task").glob("*/stat")
    )
