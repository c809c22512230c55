"""The machine that was measured on, as a result has to name it."""

import os
import platform
import sqlite3
import statistics
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_FLUSHES = 50


def facts(folder: Path) -> dict[str, Any]:
    """Return what a reader has to know of the machine; `folder` is where the databases stand."""
    return {
        "cpu": _field("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": int(_field("/proc/meminfo", "MemTotal").split()[0]) // 1024,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "flush_ms": round(flush_ms(folder), 3),
    }


def now() -> str:
    """Return the time by the clock of the machine."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def revision() -> str:
    """Return the revision of the code, with `+` if files differ from it."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def flush_ms(folder: Path) -> float:
    """Return how long this disk takes to make 4 KiB durable, in milliseconds: the median of some."""
    path, taken = folder / "flush", []
    with path.open("wb", buffering=0) as file:
        for _ in range(_FLUSHES):
            begun = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - begun)
    path.unlink()
    return statistics.median(taken) * 1000


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
