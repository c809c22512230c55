"""What every benchmark is given: a folder on the disk, processes, databases, and how large and how often."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bench.children import Children
from bench.databases import Database, PostgresDatabase, SqliteFile
from bench.postgres import Postgres


@dataclass(kw_only=True)
class Rig:
    """The equipment of one benchmark. A trial is small and quick, and its numbers mean nothing."""

    folder: Path
    children: Children
    is_trial: bool
    runs: int
    _ending: ExitStack = field(repr=False)

    def size(self, whole: int, trial: int) -> int:
        """Return how large something is to be."""
        return trial if self.is_trial else whole

    def database(self, name: str) -> Database:
        """Return a new, empty database on "SQLite" or "PostgreSQL"."""
        return SqliteFile(self.folder) if name == SqliteFile.name else PostgresDatabase(self.postgres)

    @cached_property
    def postgres(self) -> Postgres:
        """The PostgreSQL of this benchmark, started when it is first asked for."""
        return self._ending.enter_context(closing(Postgres()))

    @property
    def postgres_version(self) -> str:
        """The version of the PostgreSQL that was used, or nothing if none was."""
        return self.postgres.version if "postgres" in self.__dict__ else ""


@contextmanager
def open_rig(results: Path, *, is_trial: bool, runs: int) -> Iterator[Rig]:
    """Give a rig; at the end nothing of it is left, neither processes nor files.

    Its files stand beside the results and not in the system's folder for temporary ones, which may not be on a disk.
    """
    with ExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="work-", dir=results)))
        children = ending.enter_context(closing(Children(folder)))
        yield Rig(folder=folder, children=children, is_trial=is_trial, runs=runs, _ending=ending)
