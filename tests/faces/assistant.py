"""Tocsin on a port of this machine, and an assistant in front of its tools: the official SDK's client."""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
import httpx2
import uvicorn
from mcp import Client as Model
from mcp.client.streamable_http import streamable_http_client

from tests.builders import SettableClock
from tests.faces.client import Client, Json, Letterbox, an_app, on_the_line, opened
from tests.ports import free_port
from tests.storage.shelf import until
from tocsin import server
from tocsin.storage.store import SqlStore

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A server with the workspace `acme`, whose API a test uses beside the tools."""

    client: Client
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def as_model(self, client: Client, work: "Callable[[Model], Awaitable[T]]", mode: Any = "auto") -> T:
        """Do something as an assistant with the key of a client."""

        async def run() -> T:
            async with self._model(client, mode) as model:
                return await work(model)

        return anyio.run(run)

    def tools(self, client: Client) -> list[Any]:
        """Return the tools that a key is offered."""

        async def work(model: Model) -> list[Any]:
            return list((await model.list_tools()).tools)

        return self.as_model(client, work)

    def call(self, client: Client, tool: str, /, **arguments: object) -> Json:
        """Call a tool that must answer."""
        found = self.asked(client, tool, **arguments)
        assert not found.is_error, found
        body: Json = found.structured_content
        return body

    def refused(self, client: Client, tool: str, /, **arguments: object) -> str:
        """Call a tool that must refuse; return its sentence."""
        found = self.asked(client, tool, **arguments)
        assert found.is_error, found
        return str(found.structured_content["error"])

    def asked(self, client: Client, tool: str, /, **arguments: object) -> Any:
        """Call a tool."""

        async def work(model: Model) -> Any:
            return await model.call_tool(tool, dict(arguments))

        return self.as_model(client, work)

    @asynccontextmanager
    async def _model(self, client: Client, mode: Any) -> AsyncIterator[Model]:
        headers = {"X-Api-Key": client.key, "Host": f"{client.host}:{self.port}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Model(streamable_http_client(self.url, http_client=http), mode=mode) as model,
        ):
            yield model


@contextmanager
def served(store: SqlStore) -> Iterator[Place]:
    """Serve an application over `store` until the end of the block."""
    port = free_port()
    app = an_app(store, SettableClock(), TOCSIN_BASE_URL=f"http://localhost:{port}")
    http = uvicorn.Server(uvicorn.Config(server.create(app), port=port, log_config=None, lifespan="on"))
    thread = threading.Thread(target=http.run)
    thread.start()
    try:
        until(lambda: http.started)
        with on_the_line(app) as line:
            client = Client(app=app, clock=SettableClock(), letterbox=Letterbox(), line=line, key=opened(app, "acme"))
            yield Place(client=client, port=port)
    finally:
        http.should_exit = True
        thread.join()
