"""How octets of a connection become requests: uvicorn's way, without trailers, and without waiting for who does not go on.

A client that opens connections and says nothing, or a header an hour, costs a file of the process for each. Proxies have such
limits too; these hold where none stands in front.
"""

import asyncio
import json
import resource
from contextlib import suppress

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEADERS_S = 10.0  # for the headers of a request, and for the first octet of a connection
BODY_S = 30.0  # for a body; the largest has 4 MiB
MOST_CONNECTIONS = 10_000
SPOKEN = ("1.0", "1.1")  # the parser takes HTTP/0.9 too, which has no headers to name a workspace by


def most_connections() -> int:
    """Let this process open as many files as that takes; return how many may be connections: half of what it may open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    wanted = 2 * MOST_CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, 2 * MOST_CONNECTIONS)
    if soft < wanted:
        with suppress(ValueError, OSError):  # a system may have a limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return min(MOST_CONNECTIONS, soft // 2)


class Protocol(HttpToolsProtocol):
    """One connection. What stands behind a body in pieces stays out of the headers, because nothing has checked it.

    uvicorn's parser adds such trailers (RFC 9110, 6.5.1) to the very list that the application is given: a host or key among
    them would count.
    """

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, unless there are too many."""
        super().connection_made(transport)
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            self.connections.discard(self)  # else uvicorn would refuse the others' requests until this one has hung up
            self._refuse(503, "there are too many connections; try again in a moment")
        else:
            self._expect("", HEADERS_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on. What begins no request, or comes after its answer, does not keep the connection."""
        super().data_received(data)
        is_waited_for = self._timer is not None or self.timeout_keep_alive_task is not None
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and not is_waited_for and not self.transport.is_closing():
            self._expect("", HEADERS_S)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._expect("headers", HEADERS_S)

    def on_headers_complete(self) -> None:
        """Give the request to the application; its body may still come."""
        if self.parser.get_http_version() not in SPOKEN:
            raise ValueError("no HTTP that is spoken here")  # the parser makes a 400 of it
        self.scope["headers"] = list(self.headers)
        super().on_headers_complete()
        self._expect("body", BODY_S)

    def on_message_complete(self) -> None:
        """End the request."""
        self._expect_nothing()
        super().on_message_complete()

    def _expect(self, what: str, seconds: float) -> None:
        self._expect_nothing()
        self._timer = self.loop.call_later(seconds, self._gave_up_on, what, seconds)

    def _expect_nothing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _gave_up_on(self, what: str, seconds: float) -> None:
        if self.transport.is_closing():
            self.transport.abort()  # the client does not read what was written to it before
        elif self._is_our_turn(what):
            self._expect(what, seconds)
        elif not what or (what == "body" and self.cycle.response_started):
            self.transport.close()
        else:
            self._refuse(408, f"the request's {what} did not come within {seconds:.0f} seconds")

    def _is_our_turn(self, what: str) -> bool:
        """Tell whether the client waits for us: it is not read from, has sent a request behind another, or asked to go on."""
        if self.flow.read_paused or self.pipeline:
            return True
        if self.cycle is None or self.cycle.response_complete:
            return False
        return what != "body" or self.cycle.waiting_for_100_continue

    def _refuse(self, status: int, sentence: str) -> None:
        body = json.dumps({"error": sentence}).encode()
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *([(b"retry-after", b"1")] if status == 503 else []),
        ]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(STATUS_LINE[status] + lines + b"\r\n" + body)
        self.transport.close()
        self._expect("", HEADERS_S)
