"""Requests to the API at a rate, and how long each took."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench import calls
from bench.calls import Request, flat_out, steady

_ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
_AWAY = 9  # a port of loopback on which nobody listens


class Server:
    """Answers every request, and counts what came."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.requests: list[bytes] = []
        self.ready = threading.Event()
        self.stop: asyncio.Event | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> None:
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await self.stop.wait()
        server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                writer.close()
                return
            length = int(head.rpartition(b"Content-Length: ")[2])
            self.requests.append(head.partition(b"\r\n")[0] + b" " + await reader.readexactly(length))
            writer.write(_ANSWER)


@contextmanager
def answering() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=lambda: asyncio.run(server.run()))
    thread.start()
    assert server.ready.wait(10)
    try:
        yield server
    finally:
        assert server.loop is not None
        assert server.stop is not None
        server.loop.call_soon_threadsafe(server.stop.set)
        thread.join(10)


def bookings(number: int) -> Iterator[Request]:
    return (Request(method="POST", path="/bookings", body=count) for count in range(number))


def test_each_request_is_sent_once_and_its_answer_read() -> None:
    with answering() as server:
        answers = steady(server.port, {"Host": "x"}, bookings(5), rate=1000, stop=lambda: False)

    assert [one.status for one in answers] == [201] * 5
    assert sorted(server.requests) == [b"POST /api/external/v2/bookings HTTP/1.1 %d" % number for number in range(5)]


def test_a_steady_rate_counts_from_the_moment_a_request_was_meant_to_leave() -> None:
    with answering() as server:
        answers = steady(server.port, {}, bookings(4), rate=100, stop=lambda: False)

    first = answers[0].at
    assert [round(one.at - first, 6) for one in answers] == [0.0, 0.01, 0.02, 0.03]


def test_flat_out_keeps_no_more_connections_than_it_is_told() -> None:
    with answering() as server:
        answers = flat_out(server.port, {}, bookings(30), connections=3)

    assert len(answers) == len(server.requests) == 30
    assert server.connections <= 3


def test_a_connection_that_lay_idle_too_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "FRESH_S", 0.0)

    with answering() as server:
        answers = flat_out(server.port, {}, bookings(4), connections=1)

    assert [one.status for one in answers] == [201] * 4
    assert server.connections == 4


def test_no_answer_at_all_is_told() -> None:
    answers = flat_out(_AWAY, {}, bookings(2), connections=1)

    assert [one.status for one in answers] == [0, 0]
