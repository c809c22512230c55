"""The settings of the environment, read once (docs/operations.md has their names); NAME_FILE reads a value from a file."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tocsin.domain.errors import ConfigurationError
from tocsin.domain.limits import Limits
from tocsin.settings import values
from tocsin.settings.values import SHORTEST_SECRET, OpenId

__all__ = ["CAPTURE", "NAMES", "SHORTEST_SECRET", "OpenId", "Settings", "api_key"]

_DEFAULTS = {
    "TOCSIN_DATABASE_URL": "sqlite:///tocsin.db",
    "TOCSIN_LISTEN": "127.0.0.1:8000",
    "TOCSIN_BASE_URL": "http://localhost:8000",
    "TOCSIN_SMTP_URL": "capture:",
    "TOCSIN_MAIL_FROM": "invites@localhost",
    "TOCSIN_SECRET_KEY": "",
    "TOCSIN_LOG": "text",
    "TOCSIN_LOG_EXPORT": "off",
    "TOCSIN_TRACES": "off",
    "TOCSIN_METRICS_LISTEN": "",
    "TOCSIN_METRICS_TOKEN": "",
    "TOCSIN_RESOLVER": "",
    "TOCSIN_INBOUND": "",
    "TOCSIN_BOUNCE_LIMIT": "1",
    "TOCSIN_STATE_DIR": "",
    # They suit who sends for himself; whoever has tenants sets tighter ones.
    "TOCSIN_LIMIT_WORKSPACE": "10000/day",
    "TOCSIN_LIMIT_RECIPIENT": "100/day",
    "TOCSIN_LIMIT_DOMAIN": "",
    "TOCSIN_WEBHOOK_ALLOW": "",
    "TOCSIN_PROXIES": "127.0.0.1,::1",
    "TOCSIN_OIDC_ISSUER": "",
    "TOCSIN_OIDC_CLIENT_ID": "",
    "TOCSIN_OIDC_CLIENT_SECRET": "",
    "TOCSIN_OIDC_ACR": "",
    "TOCSIN_SECOND_FACTOR": "optional",
    # For the project's own tests: see services/faults.py, and workers/lease.py for how long a killed worker's work waits.
    "TOCSIN_FAULTS": "",
    "TOCSIN_LEASE_S": "60",
}
NAMES = frozenset(_DEFAULTS)  # of all settings; each also with _FILE behind it
CAPTURE = "capture:"
_API_KEY = "TOCSIN_API_KEY"  # for `tocsin rules --url`; no setting of the server


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, checked. `sqlite_path` is None on PostgreSQL, `resolver` where the system's are asked; `proxies` are
    networks."""

    database_url: str = field(repr=False)
    sqlite_path: Path | None
    host: str
    port: int
    base_url: str
    smtp_url: str = field(repr=False)
    mail_from: str
    secret_key: str = field(repr=False)
    log: str
    log_export: bool
    traces: bool
    metrics_listen: tuple[str, int] | None
    metrics_token: str = field(repr=False)
    resolver: tuple[str, int] | None
    limits: Limits
    webhook_allow: frozenset[str]
    proxies: tuple[str, ...]
    openid: OpenId | None
    second_factor: str  # optional, or required: nobody signs in by a password alone
    inbound: str = field(repr=False)
    bounce_limit: int
    state_dir: Path | None
    faults: str
    lease: timedelta

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Return the settings in `environment`. Raises ConfigurationError naming the setting and what would be right."""
        given = {name: values.value(environment, name, default) for name, default in _DEFAULTS.items()}
        host, port = values.listen("TOCSIN_LISTEN", given["TOCSIN_LISTEN"])
        return cls(
            database_url=given["TOCSIN_DATABASE_URL"],
            sqlite_path=values.sqlite_path(given["TOCSIN_DATABASE_URL"]),
            host=host,
            port=port,
            base_url=values.base_url(given["TOCSIN_BASE_URL"]),
            smtp_url=given["TOCSIN_SMTP_URL"],
            mail_from=given["TOCSIN_MAIL_FROM"],
            secret_key=values.secret(given["TOCSIN_SECRET_KEY"]),
            log=values.one_of("TOCSIN_LOG", given["TOCSIN_LOG"], ("text", "json")),
            log_export=values.log_export(given["TOCSIN_LOG_EXPORT"], environment),
            traces=values.one_of("TOCSIN_TRACES", given["TOCSIN_TRACES"], ("off", "otlp")) == "otlp",
            metrics_listen=values.metrics_listen(given["TOCSIN_METRICS_LISTEN"]),
            metrics_token=values.metrics_token(given["TOCSIN_METRICS_TOKEN"]),
            resolver=values.resolver(given["TOCSIN_RESOLVER"]),
            limits=values.limits_of(given),
            webhook_allow=values.origins(given["TOCSIN_WEBHOOK_ALLOW"]),
            proxies=values.networks(given["TOCSIN_PROXIES"]),
            openid=values.openid(given),
            second_factor=values.one_of(
                "TOCSIN_SECOND_FACTOR", given["TOCSIN_SECOND_FACTOR"], ("optional", "required")
            ),
            inbound=given["TOCSIN_INBOUND"],
            bounce_limit=values.number("TOCSIN_BOUNCE_LIMIT", given["TOCSIN_BOUNCE_LIMIT"]),
            state_dir=values.state_dir(given["TOCSIN_STATE_DIR"], of_systemd=environment.get("STATE_DIRECTORY", "")),
            faults=given["TOCSIN_FAULTS"],
            lease=values.seconds("TOCSIN_LEASE_S", given["TOCSIN_LEASE_S"]),
        )

    @property
    def captures(self) -> bool:
        """Whether messages stay here instead of going to a relay."""
        return self.smtp_url == CAPTURE

    @property
    def secrets(self) -> frozenset[str]:
        """All that must never be read in a log: passwords of addresses too, as they stand there and as they are meant."""
        keys = {self.secret_key, self.metrics_token, "" if self.openid is None else self.openid.client_secret}
        passwords = {_password(url) for url in (self.database_url, self.smtp_url, self.inbound)}
        return frozenset((keys | passwords | set(map(unquote, passwords))) - {""})

    @property
    def mail_host(self) -> str:
        """The host of our own sender, which is what the program calls itself to relays."""
        return self.mail_from.rpartition("@")[2]

    @property
    def receipts(self) -> Path | None:
        """The folder in which workers note what the relay took: one for each store; None if there is no place for it."""
        if self.sqlite_path is not None:
            return (self.state_dir or self.sqlite_path.parent) / f"{self.sqlite_path.name}-receipts"
        where = urlsplit(self.database_url)
        hosts = where.netloc.rpartition("@")[2]
        store = hashlib.sha256(f"{hosts}{where.path}?{where.query}".encode()).hexdigest()[:16]
        return self.state_dir / f"postgresql-{store}-receipts" if self.state_dir else None

    @property
    def sign(self) -> Path:
        """The file beside an SQLite store that tells where its server takes commands, if one runs."""
        path = self.sqlite_path or Path()
        return path.with_name(f"{path.name}.lock")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return values.is_here(self.host)

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
    found = values.read(key_file, "--key-file") if key_file else values.value(environment, _API_KEY, "")
    if not found:
        what = f"{key_file} is empty" if key_file else f"{_API_KEY} is not set"
        raise ConfigurationError(f"{what}; put the API key there, or into a file and name it with --key-file")
    return found


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""
