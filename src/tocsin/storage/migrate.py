"""Brings a database to this version: the numbered files of `migrations/`, in order, each once.

Fifty lines of our own and no tool, because no kept tool takes plain SQL on both databases without an ORM or a binary of its
own (decision 0009). A file that was applied is never edited: its checksum is kept and compared.

Programs of the version before work on beside the new ones until all are replaced. So a file only adds: tables, indexes, and
columns that may be empty or have a default. What takes something away is named `0012_what_it_does.since_0009.sql`: programs
work beside it that know migration 9 or later.
"""

import hashlib
import re
import time
from dataclasses import dataclass
from functools import cache
from importlib import resources

from tocsin.domain.errors import ConfigurationError, UnavailableError
from tocsin.storage.database import Connection, Database

_NEWER = "the database was migrated by a much newer version of Tocsin; run that version"
_LEDGER = (
    "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)"
)
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
_LOCK = 7_205_759_403  # the advisory lock of this program's migrations; any number that nobody else uses
# A migration takes its tables before it does anything, and waits only so long for each: everybody else who wants one waits
# behind it. Then it lets go of all and tries again, so that it is never somebody's booking that ends a deadlock.
LOCK_TIMEOUT = "200ms"
# For how many seconds it tries again, and what it waits between.
PATIENCE, PAUSE = 30.0, 0.2
_SINCE = re.compile(r"\.since_(\d{4})\.sql")


class InTheWayError(UnavailableError):
    """Others use tables that a migration changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One numbered file."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """What tells whether an applied file was edited."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def works_since(name: str) -> int:
    """Return the oldest program that works on a database with the migration `name`, by the last migration it knows."""
    found = _SINCE.search(name)
    return int(found[1]) if found else 0


def migrations() -> list[Migration]:
    """Return all migrations of this version of the program, in order."""
    return list(_files())


@cache  # readiness asks for the newest again and again
def _files() -> tuple[Migration, ...]:
    folder = resources.files("tocsin.storage") / "migrations"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return tuple(Migration(version=int(f.name[:4]), name=f.name, sql=f.read_text("utf-8")) for f in files)


def pending(database: Database) -> list[Migration]:
    """Return what is still to be applied.

    Raises ConfigurationError if an applied file differs, or if one of a newer version took away what this one needs.
    """
    with database.transaction() as connection:
        return _pending(connection)


def misfit(database: Database) -> str | None:
    """Return why this program cannot work on the database as it is now, in a sentence; None if it can. Changes nothing."""
    with database.reading() as connection:
        done = {row["version"]: row["name"] for row in connection.rows("SELECT version, name FROM migrations")}
    newest = migrations()[-1].version
    if newest not in done:
        return "the database is not at this version; run `tocsin migrate`"
    if any(version > newest and works_since(name) > newest for version, name in done.items()):
        return _NEWER
    return None


def migrate(database: Database) -> list[Migration]:
    """Apply what is pending, each file in a transaction of its own; return what was applied.

    Raises InTheWayError if others use its tables all the time; what was applied before stays.
    """
    applied: list[Migration] = []
    while done := _next(database):
        applied.append(done)
    return applied


def bring_up(database: Database, *, by_itself: bool) -> None:
    """Apply what is pending, if programs may do so by themselves, because no other host works on the database.

    Raises ConfigurationError if something is pending and they may not.
    """
    if by_itself:
        migrate(database)
    elif pending(database):
        raise ConfigurationError("the database is not at this version; run `tocsin migrate`")


def _next(database: Database) -> Migration | None:
    """Apply the first that is pending; try again where somebody is in the way."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with database.transaction() as connection:
                waiting = _pending(connection)
                if waiting:
                    _apply(connection, waiting[0])
            return waiting[0] if waiting else None
        except InTheWayError:
            if time.monotonic() > end:
                raise
            time.sleep(PAUSE)


def _take(connection: Connection, migration: Migration) -> None:
    """Lock the tables that the file names, so that none of its statements waits for anybody."""
    there = {row["tablename"] for row in connection.rows(_TABLES)}
    tables = sorted(there.intersection(re.findall(r"\w+", migration.sql)))
    if not tables:
        return
    # Only PostgreSQL comes here, and elsewhere its client is not loaded.
    from psycopg import errors  # noqa: PLC0415

    connection.run(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    try:
        connection.run(f"LOCK TABLE {', '.join(tables)}")
    except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
        raise InTheWayError(f"{migration.name} waits for others who use its tables; run it again") from error


def _pending(connection: Connection) -> list[Migration]:
    if connection.dialect.name == "postgresql":
        connection.run("SELECT pg_advisory_xact_lock(:lock)", lock=_LOCK)
    connection.run(_LEDGER)
    rows = connection.rows("SELECT version, name, checksum FROM migrations")
    done = {row["version"]: row["checksum"] for row in rows}
    ours = migrations()
    newest = ours[-1].version
    if any(row["version"] > newest and works_since(row["name"]) > newest for row in rows):
        raise ConfigurationError(_NEWER)
    for migration in ours:
        if done.get(migration.version, migration.checksum) != migration.checksum:
            raise ConfigurationError(f"{migration.name} differs from the file that was applied; restore it")
    return [migration for migration in ours if migration.version not in done]


def _apply(connection: Connection, migration: Migration) -> None:
    if connection.dialect.name == "postgresql":
        _take(connection, migration)
    for statement in migration.sql.split(";\n"):
        if statement.strip():
            connection.run(statement)
    connection.run(
        "INSERT INTO migrations (version, name, checksum) VALUES (:version, :name, :checksum)",
        version=migration.version,
        name=migration.name,
        checksum=migration.checksum,
    )
