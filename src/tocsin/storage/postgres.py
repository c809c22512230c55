"""PostgreSQL through psycopg's pool. No session state where a pooler in transaction mode stands between."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row, tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from tocsin.domain.errors import ConfigurationError, ConflictError, UnavailableError
from tocsin.services import faults
from tocsin.services.ports_telemetry import Pool
from tocsin.storage.database import POSTGRESQL, Connection, Copied

WAIT = 5.0  # seconds for a free connection before the answer is "unavailable"
_RUNS_BEFORE_PREPARED = 5  # of a statement on one connection
# How long one chain of attempts to connect goes on. The pool doubles the pause between two of them, up to minutes, and a new
# primary would wait that long for us; whoever needs a connection afterwards begins a new chain at once.
RECONNECT = 2.0
# What the URL does not say. A host that lost its power never closes its connections: without these, a thread that waits for an
# answer from it would wait for two hours.
_PATIENCE = {
    "connect_timeout": 5,  # seconds for each host of the URL
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}

_SETUP = """
    SELECT current_setting('synchronous_commit') AS synchronous_commit, current_setting('fsync') AS fsync,
           current_setting('full_page_writes') AS full_page_writes, current_setting('statement_timeout') AS statement_timeout,
           current_setting('data_checksums') AS data_checksums,
           current_setting('server_version_num') AS server_version_num, current_user AS role,
           CASE WHEN has_schema_privilege('public', 'CREATE') THEN 'true' ELSE 'false' END AS may_create,
           CAST(current_setting('max_connections') AS INTEGER)
             - CAST(current_setting('superuser_reserved_connections') AS INTEGER)
             - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS free_connections"""


class PostgresDatabase:
    """A pool of at most `size` connections to one PostgreSQL, or to whichever host of the URL is the primary."""

    dialect = POSTGRESQL
    damage: str | None = None

    def __init__(self, url: str, *, size: int = 16) -> None:
        self._said, self._url = url, _patient(url)
        self._pool = ConnectionPool(
            self._url,
            min_size=1,
            max_size=size,
            timeout=WAIT,
            reconnect_timeout=RECONNECT,
            open=False,
            check=ConnectionPool.check_connection,
            configure=_prepare_statements,
            # Until it is known who answers. Prepared statements belong to a session, and a pooler in transaction mode has none.
            kwargs={"row_factory": dict_row, "prepare_threshold": None},
        )
        self._pool.open()
        try:
            self._pool.wait(timeout=10)
        except PoolTimeout as error:
            self._pool.close()
            raise ConfigurationError(
                "cannot reach PostgreSQL at TOCSIN_DATABASE_URL;"
                " is it running, and are user and password, or certificate and key, right?"
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begin; commit at the end of the block. Raises UnavailableError if the server is away, or has become a standby."""
        with _translated():
            with self._pool.connection() as raw:
                try:
                    with raw.transaction():
                        yield Connection(raw, POSTGRESQL)
                        faults.point("before_commit")
                except psycopg.errors.ReadOnlySqlTransaction as error:
                    raw.close()  # the pool makes another one, which finds the primary
                    raise UnavailableError("the database is a standby now") from error
            faults.point("after_commit")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one snapshot for reading."""
        with _translated(), self._pool.connection() as raw, _one_snapshot(raw), raw.transaction():
            yield Connection(raw, POSTGRESQL)

    @contextmanager
    def aside(self) -> Iterator[Connection]:
        """Give a transaction for what changes no table; it passes no planted fault."""
        with _translated(), self._pool.connection() as raw:
            yield Connection(raw, POSTGRESQL)

    @contextmanager
    def apart(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """Give a session beside the pool, closed at the end of the block; each statement is a transaction of its own."""
        with _translated(), psycopg.connect(self._url, autocommit=True) as raw:
            yield raw

    def scrub(self) -> None:
        """Do nothing: PostgreSQL's autovacuum, and its operator, decide when old rows are written over."""

    def check_integrity(self) -> str | None:
        """Return nothing: PostgreSQL looks at the checksum of each page that it reads, if it keeps them (`setup`)."""
        return None

    def setup(self) -> Mapping[str, str]:
        """Return what the server and our role are set to."""
        with self.reading() as connection:
            return {name: str(value) for name, value in connection.rows(_SETUP)[0].items()}

    def copy_to(self, place: Path, *, taken_at: datetime) -> Copied:
        """Raise ConflictError: PostgreSQL's own tools do it, which know its version and all of its ways to fail."""
        del taken_at
        where = make_conninfo("", **{**conninfo_to_dict(self._said), "password": None})
        raise ConflictError(
            f'on PostgreSQL use its own tools: pg_dump --format=custom --file={place} "{where}"; '
            "and after pg_restore run `tocsin restore`"
        )

    def pool(self) -> Pool:
        """Return how the pool is used."""
        told = self._pool.get_stats()
        return Pool(
            in_use=told["pool_size"] - told["pool_available"],
            most=told["pool_max"],
            waiting=told.get("requests_waiting", 0),
        )

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()


def is_direct(raw: psycopg.Connection[Any]) -> bool:
    """Tell whether a connection ends at a PostgreSQL: a pooler between tells a process id that it made up."""
    [(server_pid,)] = raw.cursor(row_factory=tuple_row).execute("SELECT pg_backend_pid()").fetchall()
    return bool(server_pid == raw.info.backend_pid)


def _prepare_statements(raw: psycopg.Connection[Any]) -> None:
    # To plan one of our statements costs PostgreSQL more than to run it.
    raw.prepare_threshold = _RUNS_BEFORE_PREPARED if is_direct(raw) else None
    raw.rollback()


@contextmanager
def _one_snapshot(raw: psycopg.Connection[Any]) -> Iterator[None]:
    # BEGIN carries them, so they cost no round trip. The connection is used for writing afterwards.
    raw.isolation_level, raw.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
    try:
        yield
    finally:
        if raw.info.transaction_status is TransactionStatus.IDLE:  # a broken one is thrown away
            raw.isolation_level, raw.read_only = None, None


def _patient(url: str) -> str:
    try:
        said = conninfo_to_dict(url)
        return make_conninfo(url, **{name: value for name, value in _PATIENCE.items() if name not in said})
    except psycopg.ProgrammingError as error:
        # Not its words: they can hold the password.
        raise ConfigurationError("TOCSIN_DATABASE_URL: libpq cannot read it; percent-encode what is special") from error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        raise ConflictError("somebody else did the same at the same moment; try again") from error
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
        # The server's words stay in the cause, for the log: they can hold host names and users.
        raise UnavailableError("the database cannot be used now") from error
