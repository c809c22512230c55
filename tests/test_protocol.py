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
SHORT_S = 1.0


class Echo:
    """An application that answers with the body it was sent, after `takes_s`; it notes who went away before.

    One that `rests` does so before it reads, and one that is `hasty` answers two octets without reading.
    """

    def __init__(self, *, takes_s: float = 0.0, rests_s: float = 0.0, is_hasty: bool = False) -> None:
        self._takes_s = takes_s
        self._rests_s = rests_s
        self._is_hasty = is_hasty
        self.left = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await asyncio.sleep(self._rests_s)
        body, more = (b"hi", False) if self._is_hasty else (b"", True)
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
    monkeypatch.setattr(protocol, "HEADERS_S", SHORT_S)
    monkeypatch.setattr(protocol, "BODY_S", SHORT_S)


@pytest.mark.usefixtures("short")
def test_who_connects_and_says_nothing_is_hung_up_on() -> None:
    with serving(Echo()) as port, closing(connected(port)) as line:
        assert all_of(line) == b""


@pytest.mark.usefixtures("short")
def test_a_header_that_does_not_end_is_told_and_not_waited_for() -> None:
    with serving(Echo()) as port, closing(connected(port, HALF_A_HEADER)) as line:
        assert refusal(all_of(line)) == (408, "the request's headers did not come within 1 seconds")


@pytest.mark.usefixtures("short")
def test_a_body_that_does_not_end_is_told_and_its_request_comes_to_nothing() -> None:
    app = Echo()
    with serving(app) as port, closing(connected(port, HALF_A_BODY)) as line:
        assert refusal(all_of(line)) == (408, "the request's body did not come within 1 seconds")
        assert app.left.wait(PATIENCE_S)


@pytest.mark.usefixtures("short")
def test_who_waits_for_an_answer_is_not_hung_up_on_even_with_the_next_request_sent() -> None:
    with serving(Echo(takes_s=2 * SHORT_S)) as port, closing(connected(port, WHOLE + WHOLE + HALF_A_HEADER)) as line:
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


def test_whoever_is_too_many_costs_nobody_else_an_answer() -> None:
    stop = threading.Event()

    def crowd(port: int) -> None:
        while not stop.is_set():
            connected(port).close()

    with serving(Echo(), most=2) as port, closing(connected(port)) as line:
        crowding = threading.Thread(target=crowd, args=(port,))
        crowding.start()
        try:
            for _ in range(300):
                line.sendall(WHOLE)
                one_of(line)
        finally:
            stop.set()
            crowding.join()


@pytest.mark.parametrize("octets", [b"GET /\r\n\r\n", b"GET / HTTP/0.9\r\nHost: x\r\n\r\n"])
def test_http_of_before_there_were_headers_is_refused(octets: bytes) -> None:
    with serving(Echo()) as port, closing(connected(port, octets)) as line:
        assert all_of(line).startswith(b"HTTP/1.1 400 ")


@pytest.mark.usefixtures("short")
def test_empty_lines_after_an_answer_do_not_keep_the_connection() -> None:
    with serving(Echo()) as port, closing(connected(port, WHOLE)) as line:
        one_of(line)
        line.sendall(b"\r\n")
        assert all_of(line) == b""


@pytest.mark.usefixtures("short")
def test_a_body_that_comes_after_its_answer_does_not_keep_the_connection() -> None:
    with serving(Echo(is_hasty=True)) as port, closing(connected(port, HALF_A_BODY)) as line:
        one_of(line)
        line.sendall(b"67890")
        assert all_of(line) == b""


@pytest.mark.usefixtures("short")
def test_who_waits_to_be_asked_for_his_body_is_not_blamed_for_it() -> None:
    asks = WHOLE.replace(b"\r\n\r\nhi", b"\r\nExpect: 100-continue\r\n\r\n")
    with serving(Echo(rests_s=2 * SHORT_S)) as port, closing(connected(port, asks)) as line:
        assert line.recv(65_536).startswith(b"HTTP/1.1 100 Continue")
        line.sendall(b"hi")
        assert b"200 OK" in line.recv(65_536)


@pytest.mark.parametrize(
    ("now", "then", "most"),
    [
        ((256, 1000), (1000, 1000), 500),
        ((1024, 524_288), (20_000, 524_288), 10_000),
        ((256, resource.RLIM_INFINITY), (20_000, resource.RLIM_INFINITY), 10_000),
        ((50_000, 50_000), (50_000, 50_000), 10_000),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), (resource.RLIM_INFINITY, resource.RLIM_INFINITY), 10_000),
    ],
)
def test_half_of_the_files_that_a_process_may_open_are_left_for_its_work(
    monkeypatch: pytest.MonkeyPatch, now: tuple[int, int], then: tuple[int, int], most: int
) -> None:
    limits = [now]
    monkeypatch.setattr(resource, "getrlimit", lambda _which: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _which, to: limits.append(to))

    assert protocol.most_connections() == most
    assert limits[-1] == then


def test_a_system_that_does_not_let_the_limit_be_raised_is_lived_with(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_which: int, _to: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)

    assert protocol.most_connections() == 128
