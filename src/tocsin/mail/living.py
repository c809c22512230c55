"""Files that workers of one machine leave for each other; by its lock each tells whether the process that began it lives."""

import fcntl
import logging
import os
from pathlib import Path

log = logging.getLogger("tocsin.workers")


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


def there(folder: Path, ending: str) -> list[Path]:
    """Return the files in a folder whose names end so; none if it cannot be looked through now."""
    try:
        return sorted(folder.glob(f"*{ending}"))
    except OSError as error:
        log.warning("what workers of this machine left on its disk cannot be looked for: %s", error)
        return []
