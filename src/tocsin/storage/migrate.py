"""Brings a database to this version: the numbered files of `migrations/`, in order, each once.

Fifty lines of our own and no tool, because no kept tool takes plain SQL on both databases without an ORM or a binary of its
own (decision 0009). A file that was applied is never edited: its checksum is kept and compared.

Programs of the version before work on beside the new ones until all are replaced. So a file only adds: tables, indexes, and
columns that may be empty or have a default. What takes something away is named `0012_what_it_does.since_0009.sql`: programs
work beside it that know migration 9 or later.
"""

import hashlib
import re
from dataclasses import dataclass
from importlib import resources

from tocsin.domain.errors import ConfigurationError
from tocsin.storage.database import Connection, Database

_LEDGER = (
    "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)"
)
_LOCK = 7_205_759_403  # the advisory lock of this program's migrations; any number that nobody else uses
# How long a migration waits for who uses a table: everybody else who wants it waits behind the migration.
LOCK_TIMEOUT = "5s"
_SINCE = re.compile(r"\.since_(\d{4})\.sql")


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
    folder = resources.files("tocsin.storage") / "migrations"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [Migration(version=int(f.name[:4]), name=f.name, sql=f.read_text("utf-8")) for f in files]


def pending(database: Database) -> list[Migration]:
    """Return what is still to be applied.

    Raises ConfigurationError if an applied file differs, or if one of a newer version took away what this one needs.
    """
    with database.transaction() as connection:
        return _pending(connection)


def migrate(database: Database) -> list[Migration]:
    """Apply what is pending, each file in a transaction of its own; return what was applied."""
    applied: list[Migration] = []
    while True:
        with database.transaction() as connection:
            waiting = _pending(connection)
            if not waiting:
                return applied
            _apply(connection, waiting[0])
            applied.append(waiting[0])


def _pending(connection: Connection) -> list[Migration]:
    if connection.dialect.name == "postgresql":
        connection.run("SELECT pg_advisory_xact_lock(:lock)", lock=_LOCK)
        connection.run(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    connection.run(_LEDGER)
    rows = connection.rows("SELECT version, name, checksum FROM migrations")
    done = {row["version"]: row["checksum"] for row in rows}
    ours = migrations()
    newest = ours[-1].version
    if any(row["version"] > newest and works_since(row["name"]) > newest for row in rows):
        raise ConfigurationError("the database was migrated by a much newer version of Tocsin; run that version")
    for migration in ours:
        if done.get(migration.version, migration.checksum) != migration.checksum:
            raise ConfigurationError(f"{migration.name} differs from the file that was applied; restore it")
    return [migration for migration in ours if migration.version not in done]


def _apply(connection: Connection, migration: Migration) -> None:
    for statement in migration.sql.split(";\n"):
        if statement.strip():
            connection.run(statement)
    connection.run(
        "INSERT INTO migrations (version, name, checksum) VALUES (:version, :name, :checksum)",
        version=migration.version,
        name=migration.name,
        checksum=migration.checksum,
    )
