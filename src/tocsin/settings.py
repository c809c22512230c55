"""The settings of the environment, read once (docs/operations.md has their names); NAME_FILE reads a value from a file."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from tocsin.domain import limits
from tocsin.domain.errors import ConfigurationError
from tocsin.domain.limits import Limits, Scope

_DEFAULTS = {
    "TOCSIN_DATABASE_URL": "sqlite:///tocsin.db",
    "TOCSIN_LISTEN": "127.0.0.1:8000",
    "TOCSIN_BASE_URL": "http://localhost:8000",
    "TOCSIN_SMTP_URL": "capture:",
    "TOCSIN_MAIL_FROM": "invites@localhost",
    "TOCSIN_SECRET_KEY": "",
    "TOCSIN_LOG": "text",
    "TOCSIN_RESOLVER": "",
    "TOCSIN_INBOUND": "",
    "TOCSIN_BOUNCE_LIMIT": "1",
    # They suit who sends for himself; whoever has tenants sets tighter ones.
    "TOCSIN_LIMIT_WORKSPACE": "10000/day",
    "TOCSIN_LIMIT_RECIPIENT": "100/day",
    "TOCSIN_LIMIT_DOMAIN": "",
    "TOCSIN_WEBHOOK_ALLOW": "",
    # For the project's own tests: see services/faults.py, and workers/lease.py for how long a killed worker's work waits.
    "TOCSIN_FAULTS": "",
    "TOCSIN_LEASE_S": "60",
}
CAPTURE = "capture:"
_API_KEY = "TOCSIN_API_KEY"  # for `tocsin rules --url`; no setting of the server
# A host by name, because each workspace is a subdomain of it; no user, no path, no query.
_SERVER = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?/?",
    re.IGNORECASE | re.ASCII,
)
_ORIGIN = re.compile(r"https?://[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?(?::[0-9]{1,5})?", re.ASCII)
SHORTEST_SECRET = 32  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, checked. `sqlite_path` is None on PostgreSQL, `resolver` where the system's are asked."""

    database_url: str = field(repr=False)
    sqlite_path: Path | None
    host: str
    port: int
    base_url: str
    smtp_url: str = field(repr=False)
    mail_from: str
    secret_key: str = field(repr=False)
    log: str
    resolver: tuple[str, int] | None
    limits: Limits
    webhook_allow: frozenset[str]
    inbound: str = field(repr=False)
    bounce_limit: int
    faults: str
    lease: timedelta

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Return the settings in `environment`. Raises ConfigurationError naming the setting and what would be right."""
        values = {name: _value(environment, name, default) for name, default in _DEFAULTS.items()}
        host, port = _listen(values["TOCSIN_LISTEN"])
        return cls(
            database_url=values["TOCSIN_DATABASE_URL"],
            sqlite_path=_sqlite_path(values["TOCSIN_DATABASE_URL"]),
            host=host,
            port=port,
            base_url=_base_url(values["TOCSIN_BASE_URL"]),
            smtp_url=values["TOCSIN_SMTP_URL"],
            mail_from=values["TOCSIN_MAIL_FROM"],
            secret_key=_secret(values["TOCSIN_SECRET_KEY"]),
            log=_one_of("TOCSIN_LOG", values["TOCSIN_LOG"], ("text", "json")),
            resolver=_resolver(values["TOCSIN_RESOLVER"]),
            limits=_limits(values),
            webhook_allow=_origins(values["TOCSIN_WEBHOOK_ALLOW"]),
            inbound=values["TOCSIN_INBOUND"],
            bounce_limit=_number("TOCSIN_BOUNCE_LIMIT", values["TOCSIN_BOUNCE_LIMIT"]),
            faults=values["TOCSIN_FAULTS"],
            lease=_seconds("TOCSIN_LEASE_S", values["TOCSIN_LEASE_S"]),
        )

    @property
    def captures(self) -> bool:
        """Whether messages stay here instead of going to a relay."""
        return self.smtp_url == CAPTURE

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def base_host(self) -> str:
        """The host name of the base URL, of which each workspace is a subdomain."""
        return urlsplit(self.base_url).hostname or ""

    def workspace_url(self, subdomain: str) -> str:
        """Return where a workspace lives: its subdomain of the base URL."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{subdomain}.{parts.netloc}"


def api_key(environment: Mapping[str, str], *, key_file: str) -> str:
    """Return the key for another's API, in a file or TOCSIN_API_KEY. Raises ConfigurationError if there is none."""
    found = _read(key_file, "--key-file") if key_file else _value(environment, _API_KEY, "")
    if not found:
        what = f"{key_file} is empty" if key_file else f"{_API_KEY} is not set"
        raise ConfigurationError(f"{what}; put the API key there, or into a file and name it with --key-file")
    return found


def _value(environment: Mapping[str, str], name: str, default: str) -> str:
    path = environment.get(f"{name}_FILE")
    if path is None:
        return environment.get(name, default).strip()
    if name in environment:
        raise ConfigurationError(f"{name} and {name}_FILE are both set; keep one")
    return _read(path, f"{name}_FILE")


def _read(path: str, name: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name}: cannot read {path}: {error}") from error


def _sqlite_path(url: str) -> Path | None:
    if url.startswith("sqlite:///") and Path(url.removeprefix("sqlite:///")).name:
        return Path(url.removeprefix("sqlite:///"))
    if url.startswith(("postgresql://", "postgres://")):
        return None
    raise ConfigurationError("TOCSIN_DATABASE_URL: write sqlite:///path/to/file.db or postgresql://user@host/database")


def _listen(value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or len(port) > 5 or int(port) > 65535:
        raise ConfigurationError(f"TOCSIN_LISTEN: {value!r} is no address and port; write one such as 127.0.0.1:8000")
    return host.strip("[]"), int(port)


def _base_url(value: str) -> str:
    match = _SERVER.fullmatch(value)
    if match is None or int(match["port"] or 0) > 65535:
        raise ConfigurationError(
            f"TOCSIN_BASE_URL: {value!r} is no address of a server; write one such as https://bookings.example.com"
        )
    return value.lower().removesuffix("/")


def _secret(value: str) -> str:
    if value and len(value) < SHORTEST_SECRET:
        raise ConfigurationError(f"TOCSIN_SECRET_KEY: give at least {SHORTEST_SECRET} random characters")
    return value


def _resolver(value: str) -> tuple[str, int] | None:
    host, _, port = value.rpartition(":")
    try:
        address = str(ipaddress.ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        address = ""
    if value and (not address or not port.isascii() or not port.isdecimal() or not 0 < int(port[:6]) <= 65535):
        raise ConfigurationError(
            f"TOCSIN_RESOLVER: {value!r} is no IP address and port; write one such as 192.0.2.53:53"
        )
    return (address, int(port)) if value else None


def _limits(values: Mapping[str, str]) -> Limits:
    found = {}
    for scope in Scope:
        name = f"TOCSIN_LIMIT_{scope.name}"
        try:
            found[scope.value] = limits.parse(scope, values[name])
        except ValueError as error:
            raise ConfigurationError(f"{name}: {error}; leave it empty for none") from error
    return Limits(**found)


def _origins(value: str) -> frozenset[str]:
    found = [one.strip().lower() for one in value.split(",") if one.strip()]
    for one in found:
        if _ORIGIN.fullmatch(one) is None:
            raise ConfigurationError(
                f"TOCSIN_WEBHOOK_ALLOW: {one!r} is no origin; write some such as http://n8n.internal:5678, with commas"
            )
    return frozenset(found)


def _seconds(name: str, value: str) -> timedelta:
    if not value.isascii() or not value.isdecimal() or int(value) == 0:
        raise ConfigurationError(f"{name}: {value!r} is no number of seconds from 1 on")
    return timedelta(seconds=int(value))


def _number(name: str, value: str) -> int:
    if not value.isascii() or not value.isdecimal() or not 0 < int(value[:5]) <= 1000:
        raise ConfigurationError(f"{name}: {value!r} is no number from 1 to 1000")
    return int(value)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ConfigurationError(f"{name}: {value!r} is none of {', '.join(allowed)}")
    return value
