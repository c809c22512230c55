"""Where the store lives, as `tocsin doctor` looks at it: files, disk, address, and what the database is set to."""

import shutil
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tocsin.domain.errors import ConfigurationError, TocsinError
from tocsin.services.checkup_site import Site
from tocsin.services.ports_openid import Proof, Provider
from tocsin.settings import Settings

_NOTHING = Proof(redirect_uri="https://localhost/", nonce="-", verifier="-")


def of(settings: Settings, setup: Callable[[], Mapping[str, str]], provider: Provider | None) -> Site:
    """Return the site of these settings; `setup` says what the database is set to."""
    path = settings.sqlite_path
    return Site(
        base_url=settings.base_url,
        base_host=settings.base_host,
        url_of=settings.workspace_url,
        captures=settings.captures,
        files=lambda: _modes(settings),
        disk=lambda: None if path is None else _space(path),
        database=setup,
        provider=None if provider is None else lambda: _complaint(provider),
    )


def must_be_private(settings: Settings) -> None:
    """Raise ConfigurationError if everybody on this machine can open the store's files.

    The group may: some hosts give a volume's files to one, and then only `tocsin doctor` says so. What lies in a folder that
    others cannot enter is out of their reach, which helps on disks that know no modes.
    """
    for path, mode in _modes(settings).items():
        if mode & 0o007 and all(folder.stat().st_mode & 0o001 for folder in Path(path).resolve().parents):
            held = f"everybody on this machine can open {path} (mode {mode & 0o777:o})"
            raise ConfigurationError(f"{held}, and nobody else should read a store or its key; run `chmod 600 {path}*`")


def _modes(settings: Settings) -> dict[str, int]:
    path = settings.sqlite_path
    if path is None:
        return {}
    endings = ["", *([] if settings.secret_key else [".key"])]  # what else lies beside it has the mode of the database
    beside = [path.with_name(path.name + ending) for ending in endings]
    found = {}
    for one in beside:
        with suppress(OSError):  # there is none yet, or there can be none, which who opens it tells better
            mode = one.stat().st_mode
            if stat.S_ISREG(mode):
                found[str(one)] = mode
    return found


def _space(path: Path) -> tuple[int, int]:
    found = shutil.disk_usage(path.absolute().parent)
    return found.free, found.total


def _complaint(provider: Provider) -> str | None:
    try:
        provider.address(_NOTHING, state="-")
    except TocsinError as error:
        return str(error)
    return None
