"""Many rows out of a few: what the program itself wrote for one booking, copied by SQL with other ids and moments.

So a benchmark knows no more of the tables than it has to, and a column that is new comes along by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.databases import Database

DIGITS = 8  # of a copy's number; an id keeps its length


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Which rows of a table are copied, and how the copies differ.

    `swaps` says what stands instead of a text wherever it occurs, `sets` what a column holds; both are SQL expressions over
    the copy's number `n`, which runs from `first` to `last`.
    """

    table: str
    where: str
    first: int
    last: int
    swaps: Mapping[str, str] = field(default_factory=dict)
    sets: Mapping[str, str] = field(default_factory=dict)


def numbered(text: str, number: str = "n") -> str:
    """Return the SQL of `text` with its last 8 characters (all, if it has fewer) replaced by a number of that length."""
    digits = min(DIGITS, len(text))
    kept = f"'{text[:-digits]}' || " if len(text) > digits else ""
    return f"{kept}substr(CAST({10**digits} + {number} AS TEXT), 2)"


def statement(database: Database, copies: Copies) -> str:
    """Return the statement that makes the copies. Texts in it are ids and names of the benchmark's own making."""
    columns = database.columns(copies.table)
    found = database.rows(f"SELECT {', '.join(columns)} FROM {copies.table} t WHERE {copies.where}")
    values = []
    for place, (name, kind) in enumerate(columns.items()):
        held = "\n".join(_text(row[place]) for row in found)
        swaps = {text: instead for text, instead in copies.swaps.items() if text in held}
        values.append(copies.sets.get(name) or _swapped(database, f"t.{name}", kind, swaps))
    return f"""
        INSERT INTO {copies.table} ({", ".join(columns)})
        WITH RECURSIVE numbers(n) AS (
             SELECT CAST({copies.first} AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < {copies.last})
        SELECT {", ".join(values)} FROM {copies.table} t, numbers WHERE {copies.where}"""


def _swapped(database: Database, column: str, kind: str, swaps: Mapping[str, str]) -> str:
    if not swaps:
        return column
    value = column if kind == "text" else database.blob_as_text.format(column)
    for text, instead in swaps.items():
        value = f"replace({value}, '{text}', {instead})"
    return value if kind == "text" else database.text_as_blob.format(value)


def _text(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8")
    return value if isinstance(value, str) else ""
