"""Copies of a SQLite file: taken while it is worked on, marked as what they are, looked through, and put in place.

A copy has its moment in `user_version`, as minutes since 1970, so that no server works on it by mistake: it is older than the
world, and would send again what has left since.
"""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin.domain.errors import ConflictError, UnavailableError
from tocsin.storage.database import Copied
from tocsin.storage.migrate import migrations

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def mark_of(connection: sqlite3.Connection) -> datetime | None:
    """Return when a copy was taken, or None if this is none."""
    (minutes,) = connection.execute("PRAGMA user_version").fetchone()
    return _EPOCH + timedelta(minutes=minutes) if minutes else None


def mark(path: Path, taken_at: datetime | None) -> None:
    """Say in a file of which nobody else has hold that it is a copy, or that it is none any more."""
    minutes = 0 if taken_at is None else (taken_at - _EPOCH) // timedelta(minutes=1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute(f"PRAGMA user_version={minutes:d}")


def look_through(path: Path) -> Copied:
    """Look whether a file is whole and a store that this version knows. Raises ConflictError."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            if _tables(connection) == 0:
                raise ConflictError(f"{path} holds no store of Tocsin; name a file that `tocsin backup` has made")
            wrong = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
            if wrong != ["ok"]:
                raise ConflictError(f"{path} is damaged ({'; '.join(wrong)}); take another backup")
            _must_be_known(connection, path)
            return Copied(taken_at=mark_of(connection), octets=path.stat().st_size)
    except sqlite3.Error as error:
        raise ConflictError(f"{path} cannot be read as a SQLite file ({error}); take another backup") from error


def put(source: Path, target: Path) -> None:
    """Copy a file that nobody works on to a place of its own, for its owner only, and flush it."""
    target.unlink(missing_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as read, os.fdopen(descriptor, "wb") as written:
        shutil.copyfileobj(read, written, 1_048_576)
        written.flush()
        os.fsync(written.fileno())


def publish(made: Path, place: Path) -> None:
    """Give a finished file its name, in one step and only if nothing has it. Raises ConflictError."""
    descriptor = os.open(made, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    try:
        os.link(made, place)
    except FileExistsError as error:
        raise ConflictError(f"there is a file {place} already; name another, nothing is written over") from error
    made.unlink()
    folder = os.open(place.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def vacuum_into(connection: sqlite3.Connection, place: Path, *, taken_at: datetime) -> Copied:
    """Write what is committed now into a new file at `place`, without what was deleted.

    Raises ConflictError if something is there, UnavailableError if it cannot be written.
    """
    if place.exists():
        raise ConflictError(f"there is a file {place} already; name another, nothing is written over")
    part = place.with_name(place.name + ".part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # VACUUM INTO takes an empty file
        connection.execute("VACUUM INTO ?", (str(part),))
        mark(part, taken_at)
        found = look_through(part)
        publish(part, place)
    except (OSError, sqlite3.Error) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise UnavailableError(f"the backup could not be written to {place}: {what}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return found


def _tables(connection: sqlite3.Connection) -> int:
    (number,) = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'migrations'").fetchone()
    return int(number)


def _must_be_known(connection: sqlite3.Connection, path: Path) -> None:
    (newest,) = connection.execute("SELECT max(version) FROM migrations").fetchone()
    known = migrations()[-1].version
    if newest is not None and newest > known:
        raise ConflictError(
            f"{path} was made by a newer version of Tocsin (migration {newest}, and this one knows {known}); use that version"
        )
