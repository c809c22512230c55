"""One small JSON document from a server that an operator named: within a time and a size, and no redirect is followed."""

import ipaddress
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpcore

from tocsin import __version__
from tocsin.calls.network import CheckedNetwork, ClosedAddressError, Deadline, trust
from tocsin.domain.errors import UnavailableError

FETCH_S = 5.0  # for all of one document
LARGEST = 262_144  # octets
_STEPS = {"connect": FETCH_S, "read": FETCH_S, "write": FETCH_S, "pool": FETCH_S}


def url_complaint(url: str) -> str | None:
    """Tell what is wrong with `url` as an address that secrets are sent to, or None."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no URL"
    is_plain = url.isascii() and url.isprintable() and " " not in url and not parts.fragment and "@" not in parts.netloc
    if not is_plain or not host or parts.scheme not in ("https", "http"):
        return "is no URL such as https://login.example.com"
    if parts.scheme == "http" and not _is_loopback(host):
        return "must begin with https:// unless it is on this machine"
    return None


def fetched(
    url: str, *, near: str, headers: Mapping[str, str] | None = None, form: bytes | None = None
) -> tuple[int, dict[str, Any]]:
    """Return the status of an answer and the JSON object that it holds; a `form` is sent by POST.

    It may be inside only where `near` is, the address that the operator named. Raises UnavailableError.
    """
    deadline = Deadline()
    deadline.start(FETCH_S)
    network = CheckedNetwork({_place(near)}, deadline)
    sent = {"accept": "application/json", "user-agent": f"Tocsin/{__version__}"} | dict(headers or {})
    try:
        with (
            httpcore.ConnectionPool(ssl_context=trust(), network_backend=network) as pool,
            pool.stream(
                "GET" if form is None else "POST",
                url,
                headers=[(name.encode(), value.encode()) for name, value in sent.items()],
                content=form,
                extensions={"timeout": _STEPS},
            ) as response,
        ):
            return response.status, _object(_whole(response))
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, ClosedAddressError) as error:
        raise UnavailableError(f"{_host(url)} does not answer: {error or type(error).__name__}") from error
    except ValueError as error:
        raise UnavailableError(f"{_host(url)} answers with what is no JSON object, or too large") from error


def _whole(response: httpcore.Response) -> bytes:
    found = bytearray()
    for chunk in response.iter_stream():
        found += chunk
        if len(found) > LARGEST:
            raise ValueError("too large")
    return bytes(found)


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004  a value from outside
    return found


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
