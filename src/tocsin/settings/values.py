"""What stands in a setting becomes a value. Each raises ConfigurationError, which names the setting and what would be right."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from tocsin.domain import limits
from tocsin.domain.errors import ConfigurationError
from tocsin.domain.limits import Limits, Scope

# A host by name, because each workspace is a subdomain of it; no user, no path, no query.
_SERVER = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?/?",
    re.IGNORECASE | re.ASCII,
)
_ORIGIN = re.compile(r"https?://[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?(?::[0-9]{1,5})?", re.ASCII)
SHORTEST_SECRET = 32  # characters
LARGEST_FILE = 65_536  # octets; of a secret, or of another setting


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenId:
    """The sign-in service by which people may sign in, and who we are to it."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    acr: tuple[str, ...] = ()  # ways to sign in there of which one must be used; empty: any


def value(environment: Mapping[str, str], name: str, default: str) -> str:
    """Return what a setting says, or the file that NAME_FILE names."""
    path = environment.get(f"{name}_FILE")
    if path is None:
        return environment.get(name, default).strip()
    if name in environment:
        raise ConfigurationError(f"{name} and {name}_FILE are both set; keep one")
    found = read(path, f"{name}_FILE")
    if not found:  # a secret that was not written yet must not be taken for one that nobody wants
        raise ConfigurationError(f"{name}_FILE: {path} is empty; write the value into it, or leave {name}_FILE out")
    return found


def read(path: str, name: str) -> str:
    """Return what stands in a file that `name` names."""
    try:
        return text_of(Path(path)).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name}: cannot read {path}: {error}") from error


def text_of(path: Path) -> str:
    """Return the text in a file. Raises OSError, also for one that is too large: a device can go on for ever."""
    with path.open("rb") as file:
        return text_in(file)


def text_in(file: BinaryIO) -> str:
    """Return the text in an open file, as `text_of` does."""
    raw = file.read(LARGEST_FILE + 1)
    if len(raw) > LARGEST_FILE:
        raise OSError(f"it has more than {LARGEST_FILE} octets")
    return raw.decode("utf-8")


def sqlite_path(url: str) -> Path | None:
    """Return where the file of an SQLite store is; None on PostgreSQL."""
    if url.startswith("sqlite:///") and Path(url.removeprefix("sqlite:///")).name:
        return Path(url.removeprefix("sqlite:///"))
    if url.startswith(("postgresql://", "postgres://")) and _can_be_split(url):
        return None
    raise ConfigurationError("TOCSIN_DATABASE_URL: write sqlite:///path/to/file.db or postgresql://user@host/database")


def _can_be_split(url: str) -> bool:
    try:
        urlsplit(url)
    except ValueError:
        return False
    return True


def state_dir(value: str, *, of_systemd: str) -> Path | None:
    """Return the folder for what this machine remembers; None without one.

    `of_systemd` is what STATE_DIRECTORY says, where several are separated by colons; the first counts if `value` is empty.
    """
    value = value or of_systemd.partition(":")[0]
    path = Path(value)
    if value and not _is_dir(path):
        raise ConfigurationError(
            f"TOCSIN_STATE_DIR: the folder {path} does not exist; make it, writable for the server"
        )
    return path if value else None


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # it cannot be the name of anything
        return False


def listen(name: str, value: str) -> tuple[str, int]:
    """Return the host and port to listen at."""
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or len(port) > 5 or int(port) > 65535:
        raise ConfigurationError(f"{name}: {value!r} is no address and port; write one such as 127.0.0.1:8000")
    return host.strip("[]"), int(port)


def metrics_listen(value: str) -> tuple[str, int] | None:
    """Return the host and port for the metrics alone; None without."""
    return listen("TOCSIN_METRICS_LISTEN", value) if value else None


def metrics_token(value: str) -> str:
    """Return the token that may read the metrics."""
    if value and len(value) < SHORTEST_SECRET:
        raise ConfigurationError(f"TOCSIN_METRICS_TOKEN: give at least {SHORTEST_SECRET} random characters")
    return value


def base_url(value: str) -> str:
    """Return scheme, host and port as clients see them."""
    match = _SERVER.fullmatch(value)
    if match is None or int(match["port"] or 0) > 65535:
        raise ConfigurationError(
            f"TOCSIN_BASE_URL: {value!r} is no address of a server; write one such as https://bookings.example.com"
        )
    return value.lower().removesuffix("/")


def secret(value: str) -> str:
    """Return the key of the installation; empty: it is made, or missing."""
    if value and len(value) < SHORTEST_SECRET:
        raise ConfigurationError(f"TOCSIN_SECRET_KEY: give at least {SHORTEST_SECRET} random characters")
    return value


def log_export(value: str, environment: Mapping[str, str]) -> bool:
    """Return whether log lines go to a collector too: the one that OpenTelemetry's own variables name, which must be safe to
    reach."""
    if one_of("TOCSIN_LOG_EXPORT", value, ("off", "otlp")) == "off":
        return False
    names = ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    name = next((one for one in names if environment.get(one)), "")
    if name and not _is_safe(environment[name]):  # it may hold a password, so it is not repeated
        raise ConfigurationError(
            f"{name}: log lines go to a collector by TLS, or to one on this machine; "
            "write https://collector.example.com:4318 or http://127.0.0.1:4318"
        )
    return True


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_here(host)))


def is_here(host: str) -> bool:
    """Tell whether a host name or an address leads to this machine and nowhere else."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def resolver(value: str) -> tuple[str, int] | None:
    """Return the DNS server to ask; None: the system's."""
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


def limits_of(values: Mapping[str, str]) -> Limits:
    """Return the limits of workspaces that have none of their own."""
    found = {}
    for scope in Scope:
        name = f"TOCSIN_LIMIT_{scope.name}"
        try:
            found[scope.value] = limits.parse(scope, values[name])
        except ValueError as error:
            raise ConfigurationError(f"{name}: {error}; leave it empty for none") from error
    return Limits(**found)


def origins(value: str) -> frozenset[str]:
    """Return the origins inside that may be called."""
    found = [one.strip().lower() for one in value.split(",") if one.strip()]
    for one in found:
        if _ORIGIN.fullmatch(one) is None:
            raise ConfigurationError(
                f"TOCSIN_WEBHOOK_ALLOW: {one!r} is no origin; write some such as http://n8n.internal:5678, with commas"
            )
    return frozenset(found)


def networks(value: str) -> tuple[str, ...]:
    """Return the addresses and networks of proxies."""
    found = [one.strip() for one in value.split(",") if one.strip()]
    try:
        return tuple(str(ipaddress.ip_network(one)) for one in found)
    except ValueError as error:
        raise ConfigurationError(
            f"TOCSIN_PROXIES: {error}; write addresses or networks such as 192.0.2.7,172.30.0.0/24"
        ) from error


def openid(values: Mapping[str, str]) -> OpenId | None:
    """Return the sign-in service; None without one."""
    given = {name: values[f"TOCSIN_OIDC_{name.upper()}"] for name in ("issuer", "client_id", "client_secret")}
    missing = [f"TOCSIN_OIDC_{name.upper()}" for name, value in given.items() if not value]
    if missing and len(missing) < len(given):
        raise ConfigurationError(f"{' and '.join(missing)}: to sign in by a sign-in service all three are needed")
    acr = tuple(values["TOCSIN_OIDC_ACR"].split())
    if missing and acr:
        raise ConfigurationError("TOCSIN_OIDC_ACR: there is no sign-in service to ask for it; set TOCSIN_OIDC_ISSUER")
    return None if missing else OpenId(**given, acr=acr)


def seconds(name: str, value: str) -> timedelta:
    """Return a length of time."""
    if not value.isascii() or not value.isdecimal() or int(value) == 0:
        raise ConfigurationError(f"{name}: {value!r} is no number of seconds from 1 on")
    return timedelta(seconds=int(value))


def number(name: str, value: str) -> int:
    """Return a number from 1 to 1000."""
    if not value.isascii() or not value.isdecimal() or not 0 < int(value[:5]) <= 1000:
        raise ConfigurationError(f"{name}: {value!r} is no number from 1 to 1000")
    return int(value)


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """Return one of a few words."""
    if value not in allowed:
        raise ConfigurationError(f"{name}: {value!r} is none of {', '.join(allowed)}")
    return value
