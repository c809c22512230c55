"""SQLite: one process owns the file, one connection writes, and writes that come together share one commit.

`synchronous=FULL` flushes each commit to the disk; at NORMAL a power cut loses acknowledged writes. A flush costs about
1.5 ms whatever it holds, so units of work that queue up run one after the other, each but the first in a savepoint, and the
last in the queue commits for all. Nobody's call returns before the commit that holds its work.

Checkpoints run on the writing connection only: SQLite before 3.51.3 (3.50.7, 3.44.6) can corrupt a file whose WAL is reset
by one connection while another commits.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from tocsin.domain.errors import ConfigurationError, StoreInUseError, UnavailableError
from tocsin.services import faults
from tocsin.services.ports_telemetry import Pool
from tocsin.storage import copies, integrity
from tocsin.storage.database import SQLITE, Connection, Copied

BUSY_TIMEOUT = 5.0  # seconds to wait for a shell or a backup that holds the file
PATIENCE = 10.0  # seconds to wait for the turn to write; so that a held file does not pile up one wait on another
MOST_IN_A_GROUP = 64  # units of work; so that a steady stream of writers cannot put off the commit
_LAST_RESORT = 0.05  # seconds after which a waiting unit looks whether anybody is left to commit its group


class _Group:
    """The units of work that one commit will make durable."""

    def __init__(self) -> None:
        self.size = 0
        self.ended = threading.Event()
        self.error: Exception | None = None

    def end(self, error: Exception | None = None) -> None:
        self.error = error
        self.ended.set()


class SqliteDatabase:
    """A SQLite file and the right to write to it, held by a lock file next to it."""

    dialect = SQLITE

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock_file = _own(path)
        self._turn = threading.Lock()
        self._waiting = 0
        self._waiting_lock = threading.Lock()
        self._group: _Group | None = None
        self._readers: list[sqlite3.Connection] = []
        self.damage: str | None = None
        self._writer = self._connect()
        try:
            self._refuse_a_copy()
            self._writer.execute("PRAGMA journal_mode=WAL")
            self._writer.execute("PRAGMA synchronous=FULL")
            self._writer.execute("PRAGMA foreign_keys=ON")
        except (ConfigurationError, sqlite3.Error) as error:
            self._writer.close()
            os.close(self._lock_file)
            if isinstance(error, ConfigurationError):
                raise
            raise ConfigurationError(f"cannot open the SQLite file {path}: {error}") from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run a unit of work; return when it is on the disk. Raises UnavailableError if it could not be written.

        Nothing is written to a file that is known to be damaged: a backup will take its place, which would not have it.
        """
        with self._translated():
            with self._in_turn():
                group = self._begin()
                try:
                    yield Connection(self._writer, SQLITE)
                    if group.size:
                        self._writer.execute("RELEASE unit")
                    group.size += 1
                except BaseException:
                    self._undo(group)
                    raise
                finally:
                    self._commit_if_last(group)
            self._await(group)
        faults.point("after_commit")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a view of what is committed; it never waits for a writer."""
        with self._translated():
            reader = self._free_reader()
            try:
                reader.execute("BEGIN")
                yield Connection(reader, SQLITE)
            finally:
                reader.rollback()
                self._readers.append(reader)

    def scrub(self) -> None:
        """Write the file anew without what was deleted, and empty its log. Raises UnavailableError if it is read for long."""
        with self._translated(), self._in_turn():
            if self._group is not None:
                self._commit(self._group)
            self._writer.execute("VACUUM")
            (is_busy, _, _) = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise UnavailableError("somebody reads the database, so its log still holds what was deleted; do it again")

    def check_integrity(self) -> str | None:
        """Look through the whole file; return what is wrong with it, with the remedy. Raises UnavailableError if it cannot."""
        with self._translated(), closing(self._connect(read_only=True)) as connection:
            fault = integrity.fault_in(connection)
        if fault is not None:
            self.damage = integrity.sentence(fault)
        return self.damage

    def setup(self) -> Mapping[str, str]:
        """Return nothing: what a connection is set to is in our hands."""
        return {}

    def copy_to(self, place: Path, *, taken_at: datetime) -> Copied:
        """Write what is committed now into a new file, while others read and write."""
        connection = self._connect()
        try:
            connection.execute("PRAGMA wal_autocheckpoint=0")
            return copies.vacuum_into(connection, place, taken_at=taken_at)
        finally:
            connection.close()

    def pool(self) -> Pool:
        """Return whether somebody writes, and how many wait for it."""
        return Pool(in_use=int(self._turn.locked()), most=1, waiting=self._waiting)

    def close(self) -> None:
        """Close the readers first, so that the writer is the one that checkpoints; then give the file up."""
        with self._turn:
            while self._readers:
                self._readers.pop().close()
            self._writer.close()
            os.close(self._lock_file)

    def _connect(self, *, read_only: bool = False) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        # SQLite's own only knows ASCII, and a search for "ärger" would not find "Ärger".
        connection.create_function("lower", 1, _lower, deterministic=True)
        if read_only:
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA wal_autocheckpoint=0")
        return connection

    def _refuse_a_copy(self) -> None:
        taken_at = copies.mark_of(self._writer)
        if taken_at is not None:
            made = f"{self._path} is a backup of {taken_at:%Y-%m-%d %H:%M} UTC and would send again what has left since"
            raise ConfigurationError(f"{made}; move it away and bring it back with `tocsin restore FILE`")

    def _free_reader(self) -> sqlite3.Connection:
        # Not `if self._readers`: between the look and the pop another thread can take the last one.
        try:
            return self._readers.pop()
        except IndexError:
            return self._connect(read_only=True)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        with self._waiting_lock:
            self._waiting += 1
        is_mine = self._turn.acquire(timeout=PATIENCE)
        with self._waiting_lock:
            self._waiting -= 1
        if not is_mine:
            raise UnavailableError("the database is busy", retry_after=int(PATIENCE))
        try:
            yield
        finally:
            self._turn.release()

    def _begin(self) -> _Group:
        if self.damage is not None:
            raise UnavailableError(self.damage)
        if self._group is None:
            self._writer.execute("BEGIN IMMEDIATE")
            self._group = _Group()
        # The first has nothing before it that must stay, and a savepoint copies each page that is changed.
        if self._group.size:
            self._writer.execute("SAVEPOINT unit")
        return self._group

    def _undo(self, group: _Group) -> None:
        # A full disk or an I/O error rolls the whole transaction back, and with it the work of everybody in the group.
        if group.size and self._writer.in_transaction:
            self._writer.execute("ROLLBACK TO unit")
            self._writer.execute("RELEASE unit")
        elif not group.size:
            self._writer.rollback()

    def _commit_if_last(self, group: _Group) -> None:
        if self._waiting == 0 or group.size >= MOST_IN_A_GROUP or not self._writer.in_transaction:
            self._commit(group)

    def _commit(self, group: _Group) -> None:
        self._group = None
        try:
            faults.point("before_commit")
            if group.size:
                # Fails if the database rolled back by itself meanwhile, and that is what the group must hear.
                self._writer.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  whatever it was, each unit of the group must hear of it
            with suppress(sqlite3.Error):
                self._writer.rollback()
            group.end(error)
        else:
            group.end()

    def _await(self, group: _Group) -> None:
        while not group.ended.wait(_LAST_RESORT):
            with self._turn:
                if self._group is group:
                    self._commit(group)
        if group.error is not None:
            raise group.error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise UnavailableError(f"the database cannot be used now: {error}") from error
        except sqlite3.DatabaseError as error:
            if not integrity.is_damage(error):
                raise  # a statement of ours is wrong
            self.damage = integrity.sentence(str(error))
            raise UnavailableError(self.damage) from error


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _own(path: Path) -> int:
    """Take the lock beside `path` and return its descriptor. Raises StoreInUseError if another process has it."""
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        # Readable by its owner only: the file holds names, addresses and messages.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise ConfigurationError(f"cannot open the SQLite file {path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise StoreInUseError(
            f"another process works on {path}; one process owns a SQLite file, use PostgreSQL for more"
        ) from error
    return lock
