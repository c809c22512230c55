"""PostgreSQL through psycopg's pool. No session state where a pooler in transaction mode stands between."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row, tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from tocsin.domain.errors import ConfigurationError, ConflictError, UnavailableError
from tocsin.services import faults
from tocsin.storage.database import POSTGRESQL, Connection

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


class PostgresDatabase:
    """A pool of at most `size` connections to one PostgreSQL, or to whichever host of the URL is the primary."""

    dialect = POSTGRESQL

    def __init__(self, url: str, *, size: int = 16) -> None:
        self._url = _patient(url)
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
                "cannot reach PostgreSQL at TOCSIN_DATABASE_URL; is it running, and are user and password right?"
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
