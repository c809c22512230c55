"""What both databases have in common: a connection that takes named parameters, and the few words in which they differ."""

import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from tocsin.services.ports_telemetry import Changes, Pool
from tocsin.storage.columns import Row


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # there are two, and each statement asks which it is for
class Dialect:
    """The words in which a database differs; statements name them in braces."""

    name: str
    blob: str
    for_update: str
    for_share: str
    skip_locked: str
    by_due_mail: str  # behind a table: by that index, where the planner has no numbers to choose it by
    by_due_calls: str
    any_of: str  # `column {any_of}(:name)` with the values as a JSON list
    named: str  # how a parameter is spelled, `{0}` being its name
    is_remote: bool  # whether a statement costs a round trip, unless it goes with others

    def spell(self, sql: str) -> str:
        """Return `sql` as this database wants it."""
        return _spelled(self, sql)


SQLITE = Dialect(
    name="sqlite",
    blob="BLOB",
    for_update="",
    for_share="",
    skip_locked="",
    by_due_mail="INDEXED BY deliveries_mail_due",
    by_due_calls="INDEXED BY deliveries_calls_due",
    any_of="IN (SELECT value FROM json_each({0}))",
    named=":{0}",
    is_remote=False,
)
POSTGRESQL = Dialect(
    name="postgresql",
    blob="BYTEA",
    for_update="FOR UPDATE",
    for_share="FOR SHARE",
    skip_locked="FOR UPDATE SKIP LOCKED",
    by_due_mail="",
    by_due_calls="",
    any_of="IN (SELECT json_array_elements_text(CAST({0} AS json)))",
    named="%({0})s",
    is_remote=True,
)


class Raw(Protocol):
    """What is used of the drivers' connections."""

    def execute(self, sql: Any, parameters: Any = ..., /) -> Any:
        """Run one statement."""
        ...

    def cursor(self) -> Any:
        """Return a cursor, which runs one statement with many sets of values."""
        ...


class Connection:
    """A connection inside one transaction. Parameters are named and given by keyword."""

    def __init__(self, raw: Raw, dialect: Dialect) -> None:
        self._raw = raw
        self.dialect = dialect
        self.changes = Changes()  # for whoever watches, once they are durable

    def rows(self, sql: str, **values: object) -> list[Row]:
        """Return all rows of a query."""
        cursor = self._raw.execute(self.dialect.spell(sql), values)
        if self.dialect.is_remote:
            found: list[Row] = cursor.fetchall()
            return found
        # Not sqlite3.Row, which goes through all names of a row to find one.
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def row(self, sql: str, **values: object) -> Row | None:
        """Return the first row of a query, or None."""
        found = self.rows(sql, **values)
        return found[0] if found else None

    def number(self, sql: str, **values: object) -> int:
        """Return the single number, named `n`, of a query."""
        return int(self.rows(sql, **values)[0]["n"])

    def run(self, sql: str, **values: object) -> int:
        """Run a statement; return how many rows it touched."""
        return int(self._raw.execute(self.dialect.spell(sql), values).rowcount)

    def lock(self, sql: str, **values: object) -> None:
        """Run a query that locks rows until the end; nothing is to be done where only one connection writes at a time."""
        if self.dialect.is_remote:
            self._raw.execute(self.dialect.spell(sql), values)

    def run_each(self, sql: str, many: Iterable[dict[str, object]]) -> None:
        """Run a statement once for each set of values; without any nothing is asked, which would cost a round trip too."""
        each = list(many)
        if each:
            self._raw.cursor().executemany(self.dialect.spell(sql), each)

    def touched_by_each(self, sql: str, many: Iterable[dict[str, object]]) -> list[int]:
        """Run a statement once for each set of values; return how many rows each of them touched."""
        spelled, each = self.dialect.spell(sql), list(many)
        if not each:
            return []
        if not self.dialect.is_remote:
            return [int(self._raw.execute(spelled, values).rowcount) for values in each]
        cursor = self._raw.cursor()
        cursor.executemany(spelled, each, returning=True)
        touched = [int(cursor.rowcount)]
        while cursor.nextset():
            touched.append(int(cursor.rowcount))
        return touched


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A copy that was looked through: when it was taken (None: not by `tocsin backup`), and how many octets it has."""

    taken_at: datetime | None
    octets: int


class Readable(Protocol):
    """Something that can be asked."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a consistent view for reading."""
        ...


class Database(Readable, Protocol):
    """One database, opened. Both sorts raise UnavailableError when it is busy or away."""

    dialect: Dialect
    damage: str | None  # why nothing is written to it any more, as far as is known; in a sentence with the remedy

    def transaction(self) -> AbstractContextManager[Connection]:
        """Begin; commit durably at the end of the block, or roll back if it raises."""
        ...

    def scrub(self) -> None:
        """Leave nothing in the files of what was deleted, as far as that is ours to do."""
        ...

    def check_integrity(self) -> str | None:
        """Look whether its files are whole, as far as that is ours to do; return its damage."""
        ...

    def setup(self) -> Mapping[str, str]:
        """Return what the database is set to, as far as its safety goes by it; nothing where we set it ourselves."""
        ...

    def copy_to(self, place: Path, *, taken_at: datetime) -> Copied:
        """Write what is committed now into a new file. Raises ConflictError if that is another program's to do."""
        ...

    def pool(self) -> Pool:
        """Return how its connections are used at this moment."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


@lru_cache(maxsize=1024)
def _spelled(dialect: Dialect, sql: str) -> str:
    # `::` never stands in our SQL (CAST is written out), so a colon and a name is always a parameter.
    sql = re.sub(r"\{any_of\}\(:(\w+)\)", lambda m: dialect.any_of.format(f":{m.group(1)}"), sql)
    for word in ("blob", "for_update", "for_share", "skip_locked", "by_due_mail", "by_due_calls"):
        sql = sql.replace(f"{{{word}}}", getattr(dialect, word))
    if dialect is POSTGRESQL:
        sql = sql.replace("%", "%%")
    return re.sub(r":([a-z_]+)", lambda m: dialect.named.format(m.group(1)), sql)
