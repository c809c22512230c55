"""`python -m tests.torture.careless serve`: the program as it must not be, whose commits are not flushed to the disk.

It shows that the test of power cuts would see it.
"""

from pathlib import Path

from tocsin import __main__, adapters
from tocsin.storage.sqlite import SqliteDatabase


class _Careless(SqliteDatabase):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._writer.execute("PRAGMA synchronous=NORMAL")


if __name__ == "__main__":
    adapters.SqliteDatabase = _Careless  # type: ignore[attr-defined]
    __main__.main()
