"""The databases that are measured, from outside: filled while nobody uses them, looked at while somebody does."""

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import psycopg

_NUMBERS = count(1)


class Database(Protocol):
    """One database of one sort. Statements are the same for both; values stand where `?` is."""

    name: str
    url: str
    blob_as_text: str  # `{0}` being the column
    text_as_blob: str

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a query finds, without standing in the way of who works on the database."""
        ...

    def write(self, statements: Iterable[str]) -> None:
        """Run statements in one transaction. On SQLite nobody may use the database meanwhile."""
        ...

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table, with their types in lower case."""
        ...

    def copy(self) -> "Database":
        """Return another one like this, which nobody may use meanwhile."""
        ...

    def drop(self) -> None:
        """Remove it."""
        ...


class Server(Protocol):
    """A PostgreSQL server, as far as a database of it is concerned."""

    def url(self, name: str, /) -> str:
        """Return the URL of a database."""
        ...

    def create(self, *, like: str = "") -> str:
        """Create a database, empty or like another one; return its name."""
        ...

    def drop(self, name: str, /) -> None:
        """Drop a database."""
        ...


class SqliteFile:
    """A file on the disk."""

    name = "SQLite"
    blob_as_text = "CAST({0} AS TEXT)"
    text_as_blob = "CAST({0} AS BLOB)"

    def __init__(self, folder: Path, like: Path | None = None) -> None:
        self._folder = folder
        self._path = folder / f"bench-{next(_NUMBERS)}.db"
        self._reader: sqlite3.Connection | None = None
        self.url = f"sqlite:///{self._path}"
        if like is not None:
            shutil.copyfile(like, self._path)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Read on a connection of its own that never checkpoints."""
        if self._reader is None:
            self._reader = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._reader.execute("PRAGMA wal_autocheckpoint=0")
            self._reader.execute("PRAGMA query_only=ON")
        return self._reader.execute(statement, values).fetchall()

    def write(self, statements: Iterable[str]) -> None:
        """Write, and leave the file flushed and, as the last connection closes, without a log."""
        self._forget_reader()
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA cache_size=-200000")
            connection.execute("BEGIN")
            for statement in statements:
                connection.execute(statement)
            connection.execute("COMMIT")
        with self._path.open("rb") as file:
            os.fsync(file.fileno())

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table, with their types in lower case."""
        return {row[1]: row[2].lower() for row in self.rows(f"PRAGMA table_info({table})")}

    def copy(self) -> "SqliteFile":
        """Return another file like this."""
        self.write(())
        return SqliteFile(self._folder, like=self._path)

    def drop(self) -> None:
        """Remove the file and what stands beside it."""
        self._forget_reader()
        for path in self._folder.glob(f"{self._path.name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _forget_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


class PostgresDatabase:
    """A database of the benchmark's own server."""

    name = "PostgreSQL"
    blob_as_text = "convert_from({0}, 'UTF8')"
    text_as_blob = "convert_to({0}, 'UTF8')"

    def __init__(self, server: Server, like: str = "") -> None:
        self._server = server
        self._name = server.create(like=like)
        self._kept: psycopg.Connection | None = None
        self.url = server.url(self._name)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Read on a connection of its own."""
        if self._kept is None:
            self._kept = psycopg.connect(self.url, autocommit=True)
        return self._kept.execute(statement.replace("?", "%s").encode(), values or None).fetchall()

    def write(self, statements: Iterable[str]) -> None:
        """Write, and tidy up as autovacuum would have done in time."""
        with self._opened() as connection:
            with connection.transaction():
                for statement in statements:
                    connection.execute(statement.encode())
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table, with their types in lower case."""
        asked = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = ?"
        return {name: kind.lower() for name, kind in self.rows(asked, table)}

    def copy(self) -> "PostgresDatabase":
        """Return another database like this."""
        self._forget()
        return PostgresDatabase(self._server, like=self._name)

    def drop(self) -> None:
        """Remove it."""
        self._forget()
        self._server.drop(self._name)

    @contextmanager
    def _opened(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            yield connection

    def _forget(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None
