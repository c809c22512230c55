"""Where the store lives, as `tocsin doctor` looks at it: files, disk, address, and what the database is set to."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from tocsin.domain.errors import TocsinError
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
        files=lambda: {} if path is None else _modes(path, with_key=not settings.secret_key),
        disk=lambda: None if path is None else _space(path),
        database=setup,
        provider=None if provider is None else lambda: _complaint(provider),
    )


def _modes(path: Path, *, with_key: bool) -> dict[str, int]:
    endings = ["", *([".key"] if with_key else [])]  # what else lies beside it has the mode of the database
    beside = [path.with_name(path.name + ending) for ending in endings]
    return {str(one): one.stat().st_mode for one in beside if one.exists()}


def _space(path: Path) -> tuple[int, int]:
    found = shutil.disk_usage(path.absolute().parent)
    return found.free, found.total


def _complaint(provider: Provider) -> str | None:
    try:
        provider.address(_NOTHING, state="-")
    except TocsinError as error:
        return str(error)
    return None
