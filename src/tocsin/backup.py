"""Backups of the store, and bringing one back so that nothing is sent twice: `tocsin backup`, `restore` and `held`."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from tocsin import secret
from tocsin.bootstrap import App, Commands, open_app
from tocsin.domain.errors import ConfigurationError, ConflictError, UnavailableError
from tocsin.services import administration_restore, restore, workspaces
from tocsin.services.administration_restore import RestoreOffice
from tocsin.settings import Settings
from tocsin.storage import copies

Report = dict[str, Any]


def _back_up(app: App, values: Mapping[str, Any]) -> Report:
    """Write the store into a new file while all goes on."""
    taken_at = app.clock()
    made = app.store.copy_to(Path(values["file"]), taken_at=taken_at)
    return {
        "file": values["file"],
        "taken_at": taken_at.isoformat(timespec="seconds"),
        "octets": made.octets,
        "workspaces": len(workspaces.every(app.store)),
        "key_file": None if app.settings.secret_key else str(_key_file(app.settings)),
    }


def bring_back(settings: Settings, file: Path, *, key_is_lost: bool = False) -> Report:
    """Put the store in a backup where the settings say, and hold back what may have left since.

    Nothing is there until all of it is done. Raises ConflictError if the place is taken, or if the backup is not whole.
    Where its `key_is_lost` a secret is made up that nobody has, so nothing starts before `tocsin secret replace` was run.
    """
    place = settings.sqlite_path
    if place is None:
        raise ConflictError(
            "on PostgreSQL bring the database back with pg_restore; then run `tocsin restore` without a file"
        )
    _must_be_finished(file)
    _must_be_free(place)
    with_key = replace(settings, secret_key=secret.new() if key_is_lost else _key_beside(settings))
    with _aside(place) as part:
        copies.put(file, part)
        taken_at = copies.look_through(part).taken_at
        copies.mark(part, None)
        report = _quarantined(replace(with_key, sqlite_path=part), taken_at, key_is_lost=key_is_lost)
        place.unlink(missing_ok=True)  # it is empty
        copies.publish(part, place)
    return report


def hold_back(settings: Settings, *, key_is_lost: bool = False) -> Report:
    """Hold back what may have left in a store that was brought back by other means. Nobody may work on it meanwhile."""
    place = settings.sqlite_path
    if place is not None and not place.exists():
        raise ConflictError(f"there is no store at {place}; name the backup to bring back: `tocsin restore FILE`")
    if key_is_lost:
        settings = replace(settings, secret_key=secret.new())
    elif place is not None:
        _key_beside(settings)
    return _quarantined(settings, None, key_is_lost=key_is_lost)


def _quarantined(settings: Settings, taken_at: datetime | None, *, key_is_lost: bool) -> Report:
    with closing(open_app(settings, with_any_secret=key_is_lost)) as app:
        if settings.sqlite_path is not None:
            copies.look_through(settings.sqlite_path)
        complaints = list(_complaints(app, key_is_lost=key_is_lost))
        held = restore.quarantine(app.sender, taken_at=taken_at)
    taken = None if taken_at is None else taken_at.isoformat(timespec="minutes")
    return {"taken_at": taken, "held": held, "complaints": complaints}


def _complaints(app: App, *, key_is_lost: bool) -> Iterator[str]:
    for workspace in workspaces.every(app.store):
        with app.store.reading(workspace.id) as tx:
            found = restore.complaints(tx, None if key_is_lost else app.pepper)
            yield from (f"{workspace.subdomain}: {one}" for one in found)


def _must_be_finished(file: Path) -> None:
    if not file.is_file():
        raise ConflictError(f"there is no file {file}")
    log = file.with_name(file.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise ConflictError(
            f"{file} is a server's own file and no backup, because {log.name} lies beside it; take one with `tocsin backup`,"
            " or set TOCSIN_DATABASE_URL to this one and run `tocsin restore` without a file"
        )


def _must_be_free(place: Path) -> None:
    taken = [one for one in (place, place.with_name(place.name + "-wal")) if one.exists() and one.stat().st_size]
    if taken:
        raise ConflictError(
            f"there is a store at {taken[0]} already; stop its server and move it away, or name another place in"
            " TOCSIN_DATABASE_URL"
        )


def _key_beside(settings: Settings) -> str:
    """Return the secret that is there already: with a new one no API key and no link of the backup would work."""
    if not secret.is_kept(settings):
        raise ConfigurationError(
            f"the secret key is not in a backup: copy the file .key of the old server to {_key_file(settings)},"
            " or set TOCSIN_SECRET_KEY; if nobody has it any more, say so with --key-is-lost"
        )
    return secret.of(settings).decode()


def _key_file(settings: Settings) -> Path:
    return secret.file_beside(settings.sqlite_path or Path())


@contextmanager
def _aside(place: Path) -> Iterator[Path]:
    """Give a name beside `place` to work under, of which nothing is left at the end of the block."""
    part = place.with_name(place.name + ".restoring")
    try:
        yield part
    except OSError as error:
        raise UnavailableError(f"the store could not be written to {place}: {error.strerror}") from error
    finally:
        for ending in ("", "-wal", "-shm", ".lock"):
            with suppress(OSError):
                part.with_name(part.name + ending).unlink(missing_ok=True)


def _held(command: str, app: App, values: dict[str, Any]) -> Any:
    desk = RestoreOffice(office=app.office, sender=app.sender)
    found = administration_restore.run(desk, command, values)
    app.bell.set()  # what was let go may be due
    return found


COMMANDS: Commands = {
    "backup": _back_up,
    **{command: partial(_held, command) for command in administration_restore.COMMANDS},
}
