"""Processes that a benchmark starts, and their end."""

import sys
from pathlib import Path

import psutil
import pytest

from bench.children import Children, FailedError, until

WITH_A_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(child.pid, flush=True)
child.wait()
"""


def test_the_children_of_a_child_end_with_it(tmp_path: Path) -> None:
    children = Children(tmp_path)
    child = children.start(sys.executable, "-c", WITH_A_CHILD)
    grandchild = psutil.Process(int(child.line()))

    children.close()

    grandchild.wait(10)
    assert not grandchild.is_running()
    assert not psutil.pid_exists(child.pid)


def test_a_process_that_does_not_start_says_why(tmp_path: Path) -> None:
    children = Children(tmp_path)
    child = children.start(sys.executable, "-c", "raise SystemExit('no database')")

    with pytest.raises(FailedError, match="no database"):
        child.line()

    children.close()


def test_a_wait_in_vain_ends_with_what_was_waited_for() -> None:
    with pytest.raises(FailedError, match="in vain: the herd is due"):
        until(lambda: False, "the herd is due", limit_s=0, every_s=0)
