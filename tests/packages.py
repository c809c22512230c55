"""The Debian packages that some tests need. Run as a program, this prints those that are missing."""

import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What the tests of a folder need: for each package a file of it. A pattern, because versions stand in paths."""

    folder: str
    what: str  # without which they are left out
    files: Mapping[str, str]
    probe: tuple[str, ...] = ()  # a command that must work too

    def missing(self, root: Path = Path("/")) -> list[str]:
        """Return the names of the packages whose files are not under `root`."""
        return [package for package, pattern in self.files.items() if not any(root.glob(pattern))]

    def reason(self) -> str:
        """Return why the tests cannot run here; empty if they can."""
        if packages := " ".join(self.missing()):
            return f"{self.what} is not there, install the Debian packages {packages}"
        return f"{self.what} may not do here what it does" if self.probe and not _works(self.probe) else ""


@cache
def _works(command: tuple[str, ...]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


# Only what lies there counts: these are no packages of the Python that runs the tests.
EVOLUTION = Needs(
    folder="tests/evolution/",
    what="Evolution's calendar",
    files={
        "evolution-data-server": "usr/libexec/evolution-calendar-factory",
        "gir1.2-ecal-2.0": "usr/lib/*/girepository-1.0/ECal-2.0.typelib",
        "gir1.2-ical-3.0": "usr/lib/*/girepository-1.0/ICalGLib-3.0.typelib",
        "python3-gi": "usr/lib/python3/dist-packages/gi/__init__.py",
        "dbus": "usr/bin/dbus-run-session",
    },
)
PGBOUNCER = Needs(folder="tests/scale/", what="PgBouncer", files={"pgbouncer": "usr/sbin/pgbouncer"})
FAILOVER = Needs(
    folder="tests/failover/",
    what="pg_auto_failover",
    files={
        "pg-auto-failover-cli": "usr/bin/pg_autoctl",
        "postgresql-15-auto-failover": "usr/lib/postgresql/15/lib/pgautofailover.so",
    },
)
# The one that the suite brings is built without TLS.
POSTGRESQL = Needs(
    folder="tests/storage/test_client_certificate.py",
    what="a PostgreSQL with TLS",
    files={"postgresql-15": "usr/lib/postgresql/15/bin/postgres"},
)
# TOCSIN_CHROMIUM can name another one.
CHROMIUM = Needs(folder="tests/browser/", what="Chromium", files={"chromium": "usr/bin/chromium"})
NGINX = Needs(
    folder="tests/deploy/test_proxies.py::test_behind_nginx", what="nginx", files={"nginx-light": "usr/sbin/nginx"}
)
CADDY = Needs(folder="tests/deploy/test_proxies.py::test_behind_caddy", what="Caddy", files={"caddy": "usr/bin/caddy"})
SYSTEMD = Needs(
    folder="tests/deploy/test_units.py", what="systemd-analyze", files={"systemd": "usr/bin/systemd-analyze"}
)
NSPAWN = Needs(
    folder="tests/deploy/test_boot.py",
    what="systemd-nspawn",
    files={"systemd-container": "usr/bin/systemd-nspawn"},
    # It takes root, and a kernel that lets root mount.
    probe=("unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "none", "/mnt"),
)
STRACE = Needs(
    folder="tests/journeys/test_failed_flush.py",
    what="strace",
    files={"strace": "usr/bin/strace"},
    # It takes a kernel that lets a process look into another.
    probe=("/usr/bin/strace", "--inject=fdatasync:error=EIO", "true"),
)
ALL = (EVOLUTION, PGBOUNCER, FAILOVER, POSTGRESQL, CHROMIUM, NGINX, CADDY, SYSTEMD, NSPAWN, STRACE)


def missing(all_needs: Iterable[Needs] = ALL) -> list[str]:
    """Return the names of all packages that are not there."""
    return [package for needs in all_needs for package in needs.missing()]


if __name__ == "__main__":
    sys.stdout.write(" ".join(missing()))
