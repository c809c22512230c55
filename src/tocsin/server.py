"""One ASGI application of all faces, and the process that serves it."""

import logging
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin import observation
from tocsin.api import app as api
from tocsin.api.call import Reply
from tocsin.api.endpoint import failed, respond
from tocsin.bootstrap import App, hinting, listening
from tocsin.mcp import endpoint as mcp
from tocsin.protocol import Protocol, most_connections
from tocsin.web import views
from tocsin.workers.loop import Crew

MOST_HEADERS = 64
LARGEST_HEADERS = 16_384  # octets
TLS_S = 365 * 24 * 60 * 60  # for how long a browser comes by TLS only, after each visit

log = logging.getLogger("tocsin.server")


def create(app: App, *, crew: Crew | None = None) -> ASGIApp:
    """Return the application; a crew starts and stops with it."""
    trouble = crew.trouble if crew is not None else lambda: None
    faces = Starlette(
        routes=[*api.routes(app, trouble), *mcp.routes(app), *views.routes(app, api.document(app))],
        exception_handlers={HTTPException: _http_error, Exception: _unforeseen},
        lifespan=_lifespan(crew),
    )
    # A redirect to the same path without its slash would be built from the Host header, which anybody can write.
    faces.router.redirect_slashes = False
    inner: ASGIApp = _LimitedHeaders(faces)
    if app.settings.base_url.startswith("https:"):
        inner = _OverTlsOnly(inner)
    return observation.Observed(inner, app.telemetry, faces.routes, app.traces)


def crew_of(app: App) -> Crew:
    """Return the workers of a process, not started."""
    lease = app.settings.lease
    return Crew(app.sender, app.mailer, app.bell, lease=lease, caller=app.caller, receipts=app.receipts)


def serve(app: App, *, with_worker: bool, ready: Callable[[], None]) -> None:
    """Serve until told to stop by SIGTERM or SIGINT; then take no more work, finish what is in hand, and return."""
    config = uvicorn.Config(
        create(app, crew=crew_of(app) if with_worker else None),
        host=app.settings.host,
        port=app.settings.port,
        http=Protocol,
        limit_concurrency=most_connections(),
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=list(app.settings.proxies),  # and not what uvicorn's own variable says
        timeout_keep_alive=30,
        timeout_graceful_shutdown=30,
        lifespan="on",
    )
    inbound = listening(app) if with_worker else nullcontext()
    with inbound, hinting(app, hears=with_worker), observation.listening(app):
        _Server(config, ready).run()


class _Server(uvicorn.Server):
    """Tells when it listens, because a person who reads "ready" types the next line at once; and lets the program end.

    uvicorn raises the signal that stopped it once more, which would end the process before the store is closed.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT, and leave it at that."""
        # Only the main thread can; a server in another one is stopped by who started it.
        is_main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGTERM, signal.SIGINT) if is_main else ()
        former = [signal.signal(number, self.handle_exit) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, former, strict=True):
                signal.signal(number, handler)


class _LimitedHeaders:
    """Refuses requests with more headers than anybody needs, before anything is made of them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope.get("headers", ())
        if len(headers) > MOST_HEADERS or sum(len(name) + len(value) for name, value in headers) > LARGEST_HEADERS:
            await respond(Reply(status=431, body={"error": "the request has too many or too large headers"}))(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)


class _OverTlsOnly:
    """Tells browsers to come by TLS alone from now on, to all workspaces (RFC 6797). Over plain HTTP it means nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Strict-Transport-Security"] = f"max-age={TLS_S}; includeSubDomains"
            await send(message)

        await self._app(scope, receive, sent)


def _lifespan(crew: Crew | None) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if crew is not None:
            crew.start()
        yield
        if crew is not None:
            crew.stop()

    return lifespan


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentences = {404: "there is nothing at this path; /docs lists what there is", 405: "this path has no such method"}
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return respond(Reply(status=status, body={"error": sentences.get(status, "the request failed")}, headers=headers))


async def _unforeseen(_request: Request, error: Exception) -> Response:
    return respond(failed(error))
