"""The installation's secret: it peppers API keys, encrypts what must not be read in the database, and signs addresses."""

import os
import secrets
from pathlib import Path

from tocsin.domain.errors import ConfigurationError
from tocsin.services import secret_fit
from tocsin.services.ports import Store
from tocsin.settings import SHORTEST_SECRET, Settings


def of(settings: Settings) -> bytes:
    """Return the secret of TOCSIN_SECRET_KEY or, on SQLite, the one beside the database. Raises ConfigurationError.

    Where there is none yet on SQLite it is a new one, which `keep` writes down.
    """
    if settings.secret_key:
        return settings.secret_key.encode()
    if settings.sqlite_path is None:
        raise ConfigurationError("TOCSIN_SECRET_KEY: on PostgreSQL give one, the same for every process and host")
    return _beside(settings.sqlite_path).encode()


def file_beside(database: Path) -> Path:
    """Return where the secret of a SQLite file is kept, unless TOCSIN_SECRET_KEY holds it."""
    return database.with_name(f"{database.name}.key")


def new() -> str:
    """Return a secret that nobody has yet."""
    return secrets.token_hex(32)


def is_kept(settings: Settings) -> bool:
    """Tell whether a secret is there, and not to be made."""
    return bool(settings.secret_key) or (
        settings.sqlite_path is not None and file_beside(settings.sqlite_path).exists()
    )


def settle(settings: Settings, store: Store, secret: bytes) -> None:
    """Keep the secret that a store is written with from its beginning. Raises ConfigurationError if it has another.

    What would be written with this one would tear the audit logs, and nothing that is encrypted could be opened.
    """
    if secret_fit.fits(store, secret):
        keep(settings, secret)
        return
    found = "is not the one that this store was written with" if is_kept(settings) else "of this store is missing"
    raise ConfigurationError(
        f"the secret key {found}, so no API key and no link would work; bring the right one back, in TOCSIN_SECRET_KEY"
        f"{'' if settings.sqlite_path is None else ' or as the file .key beside the database'}; if it was replaced on purpose,"
        " run `tocsin secret replace --former FILE`, or with --former-is-lost if nobody has it any more"
    )


def keep(settings: Settings, secret: bytes) -> None:
    """Write a secret that was made into the file next to the database: outside of it, so that a copy of the database alone
    is of no use for guessing keys. It is on the disk, whole, before anything is sealed with it."""
    if is_kept(settings) or settings.sqlite_path is None:
        return
    place = file_beside(settings.sqlite_path)
    part = place.with_name(f"{place.name}.part")
    part.unlink(missing_ok=True)  # of a start that was killed
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(descriptor)
    os.link(part, place)  # nothing is written over
    part.unlink()
    folder = os.open(place.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _beside(path: Path) -> str:
    secret_path = file_beside(path)
    if not secret_path.exists():
        return new()
    secret = secret_path.read_text("utf-8").strip()
    if len(secret) < SHORTEST_SECRET:
        raise ConfigurationError(
            f"{secret_path} holds no secret; bring it back from a backup, or all API keys are void"
        )
    return secret
