"""Tools over the official SDK. It takes half a second to load, so nothing but the first call of a tool imports this."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from starlette.types import Receive, Scope, Send

from tocsin import __version__
from tocsin.mcp.table import INSTRUCTIONS, Answer
from tocsin.mcp.tool import Wire

# A manager lives for one request here, and tells of its birth and death each time.
logging.getLogger("mcp").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a server of tools needs: the tools as JSON values, and how one is called. Both may take their time."""

    tools: Callable[[], list[Wire]]
    call: Callable[[str, Mapping[str, object]], Answer]


def server(desk: Desk) -> Server[Any]:
    """Return a server of the tools of a desk."""

    async def list_tools(_: ServerRequestContext[Any], _params: PaginatedRequestParams | None) -> ListToolsResult:
        found = await anyio.to_thread.run_sync(desk.tools)
        return ListToolsResult(tools=[_tool(one) for one in found])

    async def call_tool(_: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        return _result(await anyio.to_thread.run_sync(desk.call, params.name, params.arguments or {}))

    return Server(
        "tocsin",
        version=__version__,
        title="Tocsin",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def over_http(desk: Desk) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return what answers one POST. Nothing is kept from one to the next, so any process can answer the next."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        manager = StreamableHTTPSessionManager(server(desk), json_response=True, stateless=True)
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    return answer


def over_stdio(desk: Desk) -> None:
    """Serve the tools of a desk on standard input and output until the other side closes it."""

    async def run() -> None:
        ours = server(desk)
        async with stdio_server() as (read, write):
            await ours.run(read, write, ours.create_initialization_options())

    anyio.run(run)


def _tool(one: Wire) -> Tool:
    return Tool(
        name=one["name"],
        description=one["description"],
        input_schema=one["inputSchema"],
        annotations=ToolAnnotations.model_validate(one["annotations"]),
    )


def _result(answer: Answer) -> CallToolResult:
    text = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=answer.body, is_error=answer.is_error
    )
