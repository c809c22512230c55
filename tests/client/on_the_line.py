"""The way from our client to an application of ours, without a network; and one that answers as it is told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import httpx

from tests.faces.client import Client, Line
from tocsin.client import Session

Fails = Callable[[httpx.Request], httpx.Response | None]


def never(_request: httpx.Request) -> None:
    """Let every request through."""


@dataclass(slots=True)
class OnTheLine(httpx.BaseTransport):
    """Hands each request to an application, unless `fails` answers it."""

    line: Line
    fails: Fails = never
    sent: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if (failure := self.fails(request)) is not None:
            return failure
        headers = [(name, value) for name, value in request.headers.items() if name != "accept-encoding"]
        answer = self.line.call(request.method, request.url.raw_path.decode(), request.read(), headers)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@dataclass(slots=True)
class Scripted(httpx.BaseTransport):
    """Answers each request with the next of a list, and keeps it."""

    answers: list[httpx.Response | Exception]
    sent: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def scripted(*answers: httpx.Response | Exception, repeats_posts: bool = True) -> tuple[Session, Scripted, list[float]]:
    """Return a session whose requests are answered so, what was sent, and how long it waited in between."""
    transport, waits = Scripted(list(answers)), list[float]()
    url = "https://acme.example.com"
    session = Session(url=url, key="secret", transport=transport, sleep=waits.append, repeats_posts=repeats_posts)
    return session, transport, waits


def connected_to(client: Client, *, repeats_posts: bool = True, transport: OnTheLine | None = None) -> Session:
    """Return a session with the workspace of `client`."""
    way = transport or OnTheLine(client.line)
    return Session(
        url=f"http://{client.host}", key=client.key, transport=way, repeats_posts=repeats_posts, sleep=lambda _: None
    )


def calls(sent: Iterable[httpx.Request]) -> list[str]:
    """Return method and path of each request."""
    return [f"{one.method} {one.url.path}" for one in sent]
