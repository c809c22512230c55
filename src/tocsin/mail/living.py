"""Files that tell by their lock whether the process that began them lives."""

import fcntl
import os
from pathlib import Path


def begun(path: Path) -> int:
    """Create a file, for its owner only, that nobody sees before it is locked; return its descriptor. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        new.rename(path)
    except OSError:
        new.unlink(missing_ok=True)
        os.close(file)
        raise
    return file
