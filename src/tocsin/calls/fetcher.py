"""Asks other products about their bookings: GET, no redirect followed, nothing inside reached, little read."""

import ssl
from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType

import certifi
import httpcore

from tocsin import __version__
from tocsin.calls.network import CheckedNetwork, ClosedAddressError, Deadline, Place, Resolve, system_resolve
from tocsin.domain.text import one_line
from tocsin.domain.webhook import parts, url_complaint
from tocsin.services.ports_sources import Fetch, Fetched

FETCH_S = 10.0
LARGEST_ANSWER = 1_048_576  # octets
_TIMEOUTS = {"connect": 5.0, "read": FETCH_S, "write": FETCH_S, "pool": FETCH_S}


def fetcher(*, allowed: Collection[str], resolve: Resolve = system_resolve, fetch_s: float = FETCH_S) -> Fetch:
    """Return what asks; `allowed` are origins that an operator opened, of others only public ones are reached."""

    def fetch(url: str, authorization: str, headers: Mapping[str, str] = MappingProxyType({})) -> Fetched:
        wrong = url_complaint(url, allowed=allowed)
        if wrong is not None:
            return Fetched(status=0, trouble=f"the URL {wrong}")
        deadline = Deadline()
        network = CheckedNetwork(frozenset(map(_place, allowed)), deadline, resolve)
        deadline.start(fetch_s)
        try:
            with httpcore.ConnectionPool(ssl_context=_trust(), network_backend=network) as pool:
                return _fetched(pool, url, {**headers, "authorization": authorization})
        except ClosedAddressError as error:
            return Fetched(status=0, trouble=str(error))
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            return Fetched(status=0, trouble=one_line(f"no answer ({error or type(error).__name__})", limit=200))

    return fetch


def _fetched(pool: httpcore.ConnectionPool, url: str, more: Mapping[str, str]) -> Fetched:
    scheme, host, port, target = parts(url)
    headers = [("accept", "application/json"), ("user-agent", f"tocsin/{__version__}"), *more.items()]
    named = httpcore.URL(scheme=scheme, host=host, port=port, target=target)
    with pool.stream("GET", named, headers=headers, extensions={"timeout": _TIMEOUTS}) as response:
        body = bytearray()
        for piece in response.iter_stream():
            body += piece
            if len(body) > LARGEST_ANSWER:
                return Fetched(status=0, trouble=f"it answered with more than {LARGEST_ANSWER} octets")
    return Fetched(status=response.status, body=bytes(body))


def _place(origin: str) -> Place:
    _, host, port, _ = parts(origin)
    return host, port


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
