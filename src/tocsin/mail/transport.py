"""Which relay takes our messages: the value of TOCSIN_SMTP_URL, read strictly."""

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from tocsin.domain.errors import ConfigurationError

SUBMISSION_PORT = 587  # RFC 6409, 3.1
SUBMISSIONS_PORT = 465  # RFC 8314, 7.3
CONNECTIONS = 20  # side by side, as Postfix opens to one destination; a relay that refuses some gets fewer
MOST_CONNECTIONS = 100

_SHAPE = "write smtp://user:password@host:587?tls=required, smtps://host:465 or smtp://127.0.0.1:2525"
_OPTIONS = ("tls", "ca", "cert", "key", "connections")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*\.?")


class Tls(StrEnum):
    """How a connection is protected. Whatever is protected is verified in full; there is no "accept any certificate"."""

    IMPLICIT = "implicit"  # from the first byte (RFC 8314, 3.3)
    REQUIRED = "required"  # STARTTLS or nothing (RFC 3207)
    OPTIONAL = "optional"  # STARTTLS if the relay offers it; a handshake that fails is never continued in clear
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The next server: where it is, how the way to it is protected, and who we are to it.

    `user` and `password` are both empty if the relay asks for no login. `ca` is a PEM file of the only authorities to
    believe, or None for those of the system. `cert` is a PEM file of the certificate that we show, and of the authorities
    between; `key` one of its private key, or None if that stands in `cert` too. A worker process opens at most so many
    `connections` at once. Raises ConfigurationError if a password could travel in clear, or a certificate not be shown.
    """

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: Tls = Tls.REQUIRED
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    connections: int = CONNECTIONS

    def __post_init__(self) -> None:
        if bool(self.user) != bool(self.password):
            raise ConfigurationError("the SMTP URL needs both user and password, or neither")
        if self.password and self.tls in {Tls.OPTIONAL, Tls.NONE} and not is_loopback(self.host):
            raise ConfigurationError(
                f"a password for {self.host} needs tls=required, or anybody on the way can read it"
            )
        if self.ca and self.tls is Tls.NONE:
            raise ConfigurationError("the SMTP URL names a ca file, so it needs tls=required too")
        if self.key and not self.cert:
            raise ConfigurationError("the SMTP URL names a key file, so it needs cert= with the certificate too")
        if self.cert and self.tls in {Tls.OPTIONAL, Tls.NONE}:
            # Whoever takes STARTTLS out of the relay's answer would get the messages without our having proved anything.
            raise ConfigurationError(
                "the SMTP URL names a cert file, which is shown over TLS only, so it needs tls=required or smtps:// too"
            )


def parse(url: str) -> Relay:
    """Return the relay that `url` names.

    `smtp://` means STARTTLS, and `?tls=` is `required` (the default), `optional` or `none` (the default on loopback, where
    nobody stands between); `smtps://` means TLS from the first byte. `?ca=`, `?cert=` and `?key=` are PEM files,
    `?connections=` is a number. User and password are percent-encoded. Raises ConfigurationError with a sentence that says
    what would be right and holds no password.
    """
    parts, port = _split(url)
    host = _host(parts)
    options = _options(parts.query)
    return Relay(
        host=host,
        port=port or (SUBMISSIONS_PORT if parts.scheme == "smtps" else SUBMISSION_PORT),
        user=_decoded(parts.username or "", name="user"),
        password=_decoded(parts.password or "", name="password"),
        tls=_tls(parts.scheme, options.get("tls", ""), host=host),
        ca=_file(options, "ca"),
        cert=_file(options, "cert"),
        key=_file(options, "key"),
        connections=_connections(options["connections"]) if "connections" in options else CONNECTIONS,
    )


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine itself (RFC 6761, 6.3: `localhost` always is)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _split(url: str) -> tuple[SplitResult, int | None]:
    if not url.isprintable() or " " in url:  # urlsplit would drop a line end without a word
        raise ConfigurationError(f"the SMTP URL holds a space or a control character; {_SHAPE}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its text may show a piece of a password that holds a slash
        raise ConfigurationError(
            f"the SMTP URL has no valid port, or its password is not percent-encoded; {_SHAPE}"
        ) from None
    if parts.scheme not in {"smtp", "smtps"}:
        raise ConfigurationError(f"the SMTP URL begins with neither smtp:// nor smtps://; {_SHAPE}")
    if parts.path not in {"", "/"} or parts.fragment or port == 0:
        raise ConfigurationError(
            f"after host and port only ?{'=, ?'.join(_OPTIONS)}= may follow in the SMTP URL; {_SHAPE}"
        )
    return parts, port


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    with suppress(ValueError):
        return str(ipaddress.ip_address(host))
    if not _HOST.fullmatch(host):
        raise ConfigurationError(f"the SMTP URL names no host in ASCII; {_SHAPE}")
    return host


def _decoded(value: str, *, name: str) -> str:
    try:
        decoded = unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise ConfigurationError(
            f"the {name} in the SMTP URL is not percent-encoded UTF-8; encode it once more"
        ) from None
    # A NUL would end the user's name early (RFC 4616, 2), and no other control can be meant.
    if decoded and not decoded.isprintable():
        raise ConfigurationError(f"the {name} in the SMTP URL holds a control character; remove it")
    return decoded


def _options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        if name not in _OPTIONS or name in options or not value:
            raise ConfigurationError(
                f"the SMTP URL takes {'=, '.join(_OPTIONS)}= after the question mark, each once; {_SHAPE}"
            )
        options[name] = unquote(value)
    return options


def _tls(scheme: str, value: str, *, host: str) -> Tls:
    if scheme == "smtps":
        if value not in {"", Tls.REQUIRED}:
            raise ConfigurationError(f"smtps:// is always encrypted, so leave out tls=; {_SHAPE}")
        return Tls.IMPLICIT
    if not value:
        return Tls.NONE if is_loopback(host) else Tls.REQUIRED
    if value not in {Tls.REQUIRED, Tls.OPTIONAL, Tls.NONE}:
        raise ConfigurationError("tls= in the SMTP URL is required, optional or none")
    return Tls(value)


def _connections(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:4]) <= MOST_CONNECTIONS:
        raise ConfigurationError(f"connections= in the SMTP URL is a number from 1 to {MOST_CONNECTIONS}")
    return int(value)


def _file(options: dict[str, str], name: str) -> Path | None:
    if name not in options:
        return None
    path = Path(options[name])
    try:
        is_there = path.is_file()
    except OSError as error:
        raise ConfigurationError(
            f"the {name} file {path} in the SMTP URL cannot be reached ({error.strerror}); let this user into its folder"
        ) from error
    if not is_there:
        raise ConfigurationError(f"the {name} file {path} in the SMTP URL does not exist; name a PEM file")
    return path
