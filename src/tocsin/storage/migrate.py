"""Brings a database to this version: the numbered files of `migrations/`, in order, each once.

Fifty lines of our own and no tool, because no kept tool takes plain SQL on both databases without an ORM or a binary of its
own (decision 0009). A file that was applied is never edited: its checksum is kept and compared.
"""

import hashlib
from dataclasses import dataclass
from importlib import resources

from tocsin.domain.errors import ConfigurationError
from tocsin.storage.database import Connection, Database

_LEDGER = (
    "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)"
)
_LOCK = 7_205_759_403  # the advisory lock of this program's migrations; any number that nobody else uses


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


def migrations() -> list[Migration]:
    """Return all migrations of this version of the program, in order."""
    folder = resources.files("tocsin.storage") / "migrations"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [Migration(version=int(f.name[:4]), name=f.name, sql=f.read_text("utf-8")) for f in files]


def pending(database: Database) -> list[Migration]:
    """Return what is still to be applied. Raises ConfigurationError if an applied file differs or is newer than ours."""
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
    connection.run(_LEDGER)
    done = {row["version"]: row["checksum"] for row in connection.rows("SELECT version, checksum FROM migrations")}
    ours = migrations()
    if set(done) - {migration.version for migration in ours}:
        raise ConfigurationError("the database was migrated by a newer version of Tocsin; run that version")
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
