"""The installation's secret: it peppers API keys, encrypts what must not be read in the database, and signs addresses."""

import os
import secrets
from pathlib import Path

from tocsin.domain.errors import ConfigurationError
from tocsin.settings import SHORTEST_SECRET, Settings


def of(settings: Settings) -> bytes:
    """Return the secret of TOCSIN_SECRET_KEY or, on SQLite, the one beside the database. Raises ConfigurationError."""
    if settings.secret_key:
        return settings.secret_key.encode()
    if settings.sqlite_path is None:
        raise ConfigurationError("TOCSIN_SECRET_KEY: on PostgreSQL give one, the same for every process and host")
    return _beside(settings.sqlite_path).encode()


def file_beside(database: Path) -> Path:
    """Return where the secret of a SQLite file is kept, unless TOCSIN_SECRET_KEY holds it."""
    return database.with_name(f"{database.name}.key")


def _beside(path: Path) -> str:
    """Return the secret in the file next to the database, made at the first start; outside of it, so that a copy of the
    database alone is of no use for guessing keys."""
    secret_path = file_beside(path)
    if not secret_path.exists():
        descriptor = os.open(secret_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_hex(32))
    secret = secret_path.read_text("utf-8").strip()
    if len(secret) < SHORTEST_SECRET:
        raise ConfigurationError(
            f"{secret_path} holds no secret; bring it back from a backup, or all API keys are void"
        )
    return secret
