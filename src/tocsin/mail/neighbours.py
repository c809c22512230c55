"""Neighbours: the workers of this machine that deliver for the same store, and for how long each has given no sign of life.

Each has a file in the folder of the receipts, locked as long as its process lives, and touches it again and again. One that
lives and has not done so for long stands still: somebody has stopped it, or its machine is short of everything.
"""

import fcntl
import logging
import os
from datetime import timedelta
from pathlib import Path

from tocsin.mail.living import begun, there

log = logging.getLogger("tocsin.workers")


class Neighbours:
    """The files of all workers of this machine; that of `worker` is ours."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._folder = folder
        self._own = folder / f"{worker}.alive"
        self._file: int | None = None

    def sign(self) -> None:
        """Say that this worker works. If that cannot be written, nobody waits for it when it stands still."""
        try:
            if self._file is None:
                self._file = begun(self._own)
            os.utime(self._file)
        except OSError as error:
            log.warning("no sign of life can be left for other workers: %s", error)

    def silent(self, *, longer_than: timedelta) -> dict[str, timedelta]:
        """Return which other workers live and gave their last sign so much before ours, each with how much. Forget the dead."""
        if self._file is None:
            return {}
        ours = os.fstat(self._file).st_mtime
        others = [path for path in there(self._folder, ".alive") if path != self._own]
        ages = {path.stem: ours - at for path in others if (at := _last_sign(path)) is not None}
        return {worker: timedelta(seconds=age) for worker, age in ages.items() if age > longer_than.total_seconds()}

    def close(self) -> None:
        """Say that this worker works no more."""
        if self._file is not None:
            self._own.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None


def _last_sign(path: Path) -> float | None:
    """Return when a worker gave its last sign, by the clock of the files; None if its process has ended."""
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: others look too
            except BlockingIOError:
                return os.fstat(file.fileno()).st_mtime
            path.unlink()
    except FileNotFoundError:
        return None  # it has ended just now, or another has forgotten it
    except OSError as error:
        log.warning("the sign of life of another worker cannot be read: %s", error)
    return None
