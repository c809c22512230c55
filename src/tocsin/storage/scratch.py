"""A store in memory, to play in: the tables and statements of the real one, and nothing that stays."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tocsin.domain.delivery import DeliveryId, Frozen
from tocsin.domain.errors import ConflictError, UnavailableError
from tocsin.domain.model import WorkspaceId
from tocsin.services.ports_telemetry import Pool
from tocsin.storage.database import SQLITE, Connection, Copied
from tocsin.storage.messages import SqlMessages
from tocsin.storage.migrate import migrate
from tocsin.storage.store import SqlStore, SqlTransaction


class MemoryDatabase:
    """A SQLite database in memory, for one thread; it is gone when it is closed."""

    dialect = SQLITE
    damage: str | None = None

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
        self._connection.create_function("lower", 1, lambda text: text and text.lower(), deterministic=True)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begin; keep what was done at the end of the block, or undo it if it raises."""
        self._connection.execute("BEGIN")
        try:
            yield Connection(self._connection, SQLITE)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give it for reading; nobody else writes."""
        yield Connection(self._connection, SQLITE)

    def check_integrity(self) -> str | None:
        """Return nothing: it has no file."""
        return None

    def setup(self) -> Mapping[str, str]:
        """Return nothing: nobody sets it to anything."""
        return {}

    def scrub(self) -> None:
        """Do nothing: no file holds what was deleted."""

    def copy_to(self, place: Path, *, taken_at: datetime) -> Copied:
        """Raise ConflictError: it ends with what is played in it."""
        raise ConflictError(f"a store in memory is not copied to {place} at {taken_at}")

    def pool(self) -> Pool:
        """Return nothing of interest: it is used by one thread."""
        return Pool(in_use=0, most=1, waiting=0)

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()


class BareMessages(SqlMessages):
    """Messages without their bytes: nobody reads them, and there may be many."""

    def freeze(self, messages: Mapping[DeliveryId, Frozen]) -> None:
        """Keep what is known of the messages beside their bytes."""
        super().freeze({delivery_id: replace(frozen, message=b"") for delivery_id, frozen in messages.items()})


class ScratchTransaction(SqlTransaction):
    """All tables of one workspace, in memory."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        super().__init__(connection, workspace_id)
        self.messages = BareMessages(connection, workspace_id)


class Scratch:
    """Opens stores in memory, one at a time: what is played in them costs the time of a processor."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    @contextmanager
    def open(self) -> Iterator[SqlStore]:
        """Give an empty store until the end of the block. Raises UnavailableError while somebody else has one."""
        if not self._turn.acquire(blocking=False):
            raise UnavailableError("another dry run is under way; try again in a few seconds", retry_after=5)
        try:
            with closing(MemoryDatabase()) as database:
                migrate(database)
                yield SqlStore(database, ScratchTransaction)
        finally:
            self._turn.release()
