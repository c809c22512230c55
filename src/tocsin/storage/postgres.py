"""PostgreSQL through psycopg's pool. No session state, so that a pooler in transaction mode may stand between."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from tocsin.domain.errors import ConfigurationError, ConflictError, UnavailableError
from tocsin.services import faults
from tocsin.storage.database import POSTGRESQL, Connection

WAIT = 5.0  # seconds for a free connection before the answer is "unavailable"


class PostgresDatabase:
    """A pool of at most `size` connections to one PostgreSQL."""

    dialect = POSTGRESQL

    def __init__(self, url: str, *, size: int = 16) -> None:
        self._pool = ConnectionPool(
            url,
            min_size=1,
            max_size=size,
            timeout=WAIT,
            open=False,
            check=ConnectionPool.check_connection,
            # Prepared statements belong to a session, and a pooler in transaction mode has none.
            kwargs={"row_factory": dict_row, "prepare_threshold": None, "connect_timeout": 5},
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
        """Begin; commit at the end of the block. Raises UnavailableError if the server is away."""
        with _translated():
            with self._pool.connection() as raw, raw.transaction():
                yield Connection(raw, POSTGRESQL)
                faults.point("before_commit")
            faults.point("after_commit")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one snapshot for reading."""
        with _translated(), self._pool.connection() as raw, raw.transaction():
            raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield Connection(raw, POSTGRESQL)

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        raise ConflictError("somebody else did the same at the same moment; try again") from error
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
        # The server's words stay in the cause, for the log: they can hold host names and users.
        raise UnavailableError("the database cannot be used now") from error
