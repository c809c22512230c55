"""The Debian packages that Evolution's calendar needs. Run as a program, this prints those that are missing."""

import sys
from pathlib import Path

# What of each is used. Only what lies there counts: these are no packages of the Python that runs the tests.
_FILES = {
    "evolution-data-server": "usr/libexec/evolution-calendar-factory",
    "gir1.2-ecal-2.0": "usr/lib/*/girepository-1.0/ECal-2.0.typelib",
    "gir1.2-ical-3.0": "usr/lib/*/girepository-1.0/ICalGLib-3.0.typelib",
    "python3-gi": "usr/lib/python3/dist-packages/gi/__init__.py",
    "dbus": "usr/bin/dbus-run-session",
}


def missing(root: Path = Path("/")) -> list[str]:
    """Return the names of the packages whose files are not under `root`."""
    return [package for package, pattern in _FILES.items() if not any(root.glob(pattern))]


if __name__ == "__main__":
    sys.stdout.write(" ".join(missing()))
