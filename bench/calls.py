"""Requests to the API at a steady rate or as fast as it answers, and how long each took.

At a steady rate a request counts from the moment at which it was meant to leave: a slow answer does not put off the next
ones, and what waits for it is counted (no coordinated omission).
"""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import uvloop

MOST_CONNECTIONS = 64
FRESH_S = 15.0  # how long a connection may lie idle and be used again; the server lets go of it after 30 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request to the API."""

    method: str
    path: str
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How a request went: `at` is when it was meant to leave, in seconds since 1970; status 0 is no answer at all."""

    at: float
    seconds: float
    status: int


class _Line:
    """Connections to the API that are kept and used in turn."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._port = port
        self._head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._free: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._places = asyncio.Semaphore(MOST_CONNECTIONS)

    async def ask(self, request: Request, *, at: float) -> Answered:
        """Send a request and read its answer."""
        try:
            async with self._places:
                status = await self._asked(request)
        except (OSError, asyncio.IncompleteReadError):
            status = 0
        return Answered(at=at, seconds=time.time() - at, status=status)

    async def _asked(self, request: Request) -> int:
        reader, writer = await self._connection()
        body = b"" if request.body is None else json.dumps(request.body).encode()
        line = f"{request.method} /api/external/v2{request.path} HTTP/1.1\r\n"
        writer.write(f"{line}{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length or 0))
        self._free.append((time.monotonic(), reader, writer))
        return int(head.split(b" ", 2)[1])

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._free:
            since, reader, writer = self._free.pop()
            if time.monotonic() - since < FRESH_S:
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)

    def close(self) -> None:
        for _, _, writer in self._free:
            writer.close()


def steady(
    port: int, headers: Mapping[str, str], requests: Iterator[Request], *, rate: float, stop: Callable[[], bool]
) -> list[Answered]:
    """Send `rate` requests a second until `stop` holds or there are no more; return how they went."""

    async def play(line: _Line) -> list[Answered]:
        begun, asked = time.time(), []
        for number, request in enumerate(requests):
            at = begun + number / rate
            await asyncio.sleep(max(0.0, at - time.time()))
            if stop():
                break
            asked.append(asyncio.ensure_future(line.ask(request, at=at)))
        return list(await asyncio.gather(*asked))

    return uvloop.run(_with_line(port, headers, play))


def flat_out(port: int, headers: Mapping[str, str], requests: Iterator[Request], *, connections: int) -> list[Answered]:
    """Send all requests over so many connections, on each the next one as soon as the last is answered."""

    async def play(line: _Line) -> list[Answered]:
        async def one_after_the_other() -> list[Answered]:
            return [await line.ask(request, at=time.time()) for request in requests]

        done = await asyncio.gather(*(one_after_the_other() for _ in range(connections)))
        return list(chain.from_iterable(done))

    return uvloop.run(_with_line(port, headers, play))


class Background:
    """Requests at a steady rate from a thread of its own, until stopped."""

    def __init__(self, port: int, headers: Mapping[str, str], requests: Iterator[Request], *, rate: float) -> None:
        self._stop = threading.Event()
        self._answers: list[Answered] = []
        self._thread = threading.Thread(target=self._run, args=(port, headers, requests, rate), daemon=True)
        self._thread.start()

    def close(self) -> list[Answered]:
        """Stop; return how the requests went."""
        self._stop.set()
        self._thread.join()
        return self._answers

    def _run(self, port: int, headers: Mapping[str, str], requests: Iterator[Request], rate: float) -> None:
        self._answers = steady(port, headers, requests, rate=rate, stop=self._stop.is_set)


async def _with_line(
    port: int, headers: Mapping[str, str], play: Callable[[_Line], Awaitable[list[Answered]]]
) -> list[Answered]:
    line = _Line(port, headers)
    try:
        return await play(line)
    finally:
        line.close()
