"""Who connects and does not go on is not waited for, and keeps nobody else waiting. A real server on loopback."""

import asyncio
import json
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import uvicorn

from tests.ports import free_port
from tocsin import protocol

HALF_A_HEADER = b"GET / HTTP/1.1\r\nHost: acme.localh"
HALF_A_BODY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"
WHOLE = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
PATIENCE_S = 30.0


class Echo:
    """An application that answers with the body it was sent, after `takes_s`; it notes who went away before."""

    def __init__(self, *, takes_s: float = 0.0) -> None:
        self._takes_s = takes_s
        self.left = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
                return
            body, more = body + message["body"], message["more_body"]
        await asyncio.sleep(self._takes_s)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def serving(app: Echo, *, most: int = 100) -> Iterator[int]:
    """Give the port of a server that has `app`, and fewer than `most` connections."""
    port = free_port()
    config = uvicorn.Config(
        app, port=port, log_config=None, lifespan="off", http=protocol.Protocol, limit_concurrency=most
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            threading.Event().wait(0.01)
        yield port
    finally:
        server.should_exit = True
        thread.join()


def connected(port: int, octets: bytes = b"") -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    line.sendall(octets)
    return line


def all_of(line: socket.socket) -> bytes:
    """Return what comes until the other side closes the line."""
    found = b""
    while piece := line.recv(65_536):
        found += piece
    return found


def one_of(line: socket.socket) -> bytes:
    """Return the body of one answer that has two octets."""
    found = b""
    while not found.endswith(b"\r\n\r\nhi"):
        piece = line.recv(65_536)
        assert piece, found
        found += piece
    return found


def refusal(octets: bytes) -> tuple[int, str]:
    head, _, body = octets.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    return int(head.split(b" ")[1]), json.loads(body)["error"]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nobody for longer than a moment."""
    monkeypatch.setattr(protocol, "HEADERS_S", 0.2)
    monkeypatch.setattr(protocol, "BODY_S", 0.2)


@pytest.mark.usefixtures("short")
def test_who_connects_and_says_nothing_is_hung_up_on() -> None:
    with serving(Echo()) as port, closing(connected(port)) as line:
        assert all_of(line) == b""


@pytest.mark.usefixtures("short")
def test_a_header_that_does_not_end_is_told_and_not_waited_for() -> None:
    with serving(Echo()) as port, closing(connected(port, HALF_A_HEADER)) as line:
        assert refusal(all_of(line)) == (408, "the request's headers did not come within 0 seconds")


@pytest.mark.usefixtures("short")
def test_a_body_that_does_not_end_is_told_and_its_request_comes_to_nothing() -> None:
    app = Echo()
    with serving(app) as port, closing(connected(port, HALF_A_BODY)) as line:
        assert refusal(all_of(line)) == (408, "the request's body did not come within 0 seconds")
        assert app.left.wait(PATIENCE_S)


@pytest.mark.usefixtures("short")
def test_who_waits_for_an_answer_is_not_hung_up_on_even_with_the_next_request_sent() -> None:
    with serving(Echo(takes_s=1.0)) as port, closing(connected(port, WHOLE + WHOLE + HALF_A_HEADER)) as line:
        found = all_of(line)

    assert found.count(b"200 OK") == 2
    assert found.count(b"408 ") == 1


@pytest.mark.usefixtures("short")
def test_a_line_that_was_used_may_rest_before_it_is_used_again() -> None:
    with serving(Echo()) as port, closing(connected(port, WHOLE)) as line:
        one_of(line)
        with closing(connected(port)) as other:
            all_of(other)  # which takes as long as the headers of a request may
        line.sendall(WHOLE)
        one_of(line)


def test_who_is_one_too_many_is_told_to_come_back_and_the_others_are_served() -> None:
    with serving(Echo(), most=3) as port, closing(connected(port)) as first, closing(connected(port)) as second:
        second.sendall(WHOLE)
        one_of(second)
        with closing(connected(port)) as third:
            octets = all_of(third)
        assert refusal(octets) == (503, "there are too many connections; try again in a moment")
        assert b"retry-after: 1" in octets
        first.sendall(WHOLE)
        one_of(first)


def test_half_of_the_files_that_a_process_may_open_are_left_for_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"now": (256, 1000)}
    monkeypatch.setattr(resource, "getrlimit", lambda _which: limits["now"])
    monkeypatch.setattr(resource, "setrlimit", lambda _which, to: limits.update(now=to))

    assert protocol.most_connections() == 500
    assert limits["now"] == (1000, 1000)

    limits["now"] = (1_000_000, 1_000_000)
    assert protocol.most_connections() == protocol.MOST_CONNECTIONS
