"""Connections that cannot lead inside: each is made to an address that was looked at, and each call has to end in time.

The look is taken here, where the socket is opened, so that no redirect, no second name lookup and no notation of an address
gets past it (reliability.md, T18).
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import Any

import certifi
import httpcore

from tocsin.domain.webhook import is_public

RESOLVE_S = 5.0

Resolve = Callable[[str, int], list[str]]
Place = tuple[str, int]


class ClosedAddressError(Exception):
    """A name leads to an address that is not public."""


def system_resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host as this machine finds them, within RESOLVE_S seconds. Raises OSError."""
    answers: SimpleQueue[list[str] | Exception] = SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(each[4][0]) for each in found)))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    # Nothing else can end a look-up before its time, and somebody else's name servers say how long that is.
    threading.Thread(target=look_up, name="tocsin-resolves", daemon=True).start()
    try:
        answer = answers.get(timeout=RESOLVE_S)
    except Empty:
        raise OSError(f"{host} was looked up for more than {RESOLVE_S:g} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


@lru_cache(maxsize=1)  # reading the certificates takes a fiftieth of a second
def trust() -> ssl.SSLContext:
    """Return whom connections trust: the machine's certificates, and certifi's."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())  # the machine may have none
    return context


class Deadline:
    """When the call in hand has to be over, on the monotonic clock."""

    def __init__(self) -> None:
        self._at = 0.0

    def start(self, seconds: float) -> None:
        """Begin another call."""
        self._at = time.monotonic() + seconds

    def shorten(self, seconds: float) -> None:
        """Let the call in hand be over in so many seconds at most."""
        self._at = min(self._at, time.monotonic() + seconds)

    def left(self, most: float | None) -> float:
        """Return how many seconds a step may take: at most `most`. Raises ReadTimeout if none is left."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the call took too long")
        return left if most is None else min(left, most)


class CheckedNetwork(httpcore.NetworkBackend):
    """Opens connections to public addresses, and to the hosts and ports in `allowed`."""

    def __init__(self, allowed: Collection[Place], deadline: Deadline, resolve: Resolve = system_resolve) -> None:
        self._allowed = allowed
        self._deadline = deadline
        self._resolve = resolve
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002  httpcore names them, and no pool of ours sets them
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that answers. Raises ConnectError, and ClosedAddressError."""
        addresses = self._addresses(host, port)
        if (host.lower(), port) not in self._allowed and not all(map(is_public, addresses)):
            raise ClosedAddressError(f"{host} leads to an address that is not public")
        for address in addresses[:-1]:
            try:
                return self._connected(address, port, timeout)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connected(addresses[-1], port, timeout)

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} cannot be found") from error
        if not addresses:
            raise httpcore.ConnectError(f"{host} cannot be found")
        return addresses

    def _connected(self, address: str, port: int, timeout: float | None) -> httpcore.NetworkStream:
        stream = self._plain.connect_tcp(address, port, timeout=self._deadline.left(timeout))
        return _TimedStream(stream, self._deadline)


class _TimedStream(httpcore.NetworkStream):
    """A connection on which no step outlives the deadline, however slowly a server drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
