"""/mcp: who calls, from where, and how much; then the tools."""

import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from tocsin.bootstrap import App
from tocsin.domain.errors import AuthenticationError, PermissionDeniedError, TocsinError
from tocsin.logs import refusals
from tocsin.logs.about import note
from tocsin.mcp.table import called, offered
from tocsin.mcp.tool import Caller, Tool, Wire
from tocsin.observation import workspace_at
from tocsin.schemas import strict_json
from tocsin.schemas.body import body_of
from tocsin.schemas.problems import body_of as told
from tocsin.schemas.problems import headers_of, status_of, unforeseen
from tocsin.services.access import authenticate

PATH = "/mcp"
_BEARER = "bearer "
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def routes(app: App) -> list[Route]:
    """Return the route of the tools. Nobody waits there for news, so it has no GET."""
    return [Route(PATH, _Endpoint(app), methods=["POST"])]


class _Endpoint:
    """Starlette gives a class that it can call the request as it came."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            caller = await run_in_threadpool(_caller, self._app, request)
            raw = await body_of(request)
            strict_json.parse(raw)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  the top of a request: each error has its answer
            await _failed(error)(scope, receive, send)
            return
        answer = await run_in_threadpool(_answering, caller)
        await answer(scope, _again(raw, receive), send)


def described(tool: Tool) -> Wire:
    """Return a tool as the protocol describes it."""
    return {
        "name": tool.name,
        "description": tool.does,
        "inputSchema": tool.schema(),
        "annotations": {
            "readOnlyHint": not tool.writes,
            "destructiveHint": tool.is_destructive,
            "idempotentHint": tool.is_idempotent or not tool.writes,
            "openWorldHint": False,
        },
    }


def _answering(caller: Caller) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    # The SDK takes half a second to load, and most servers have no assistant to wait for it.
    from tocsin.mcp import sdk  # noqa: PLC0415

    return sdk.over_http(
        sdk.Desk(
            tools=lambda: [described(tool) for tool in offered(caller)],
            call=lambda name, arguments: called(caller, name, arguments),
        )
    )


def _caller(app: App, request: Request) -> Caller:
    """Return who calls. Raises NotFoundError for a foreign Host, PermissionDeniedError for a foreign Origin."""
    hosts = request.headers.getlist("host")
    workspace = workspace_at(app, hosts)
    _must_be_no_other_page(request.headers.getlist("origin"), hosts[0])
    key = authenticate(app.store, _key(request), workspace_id=workspace.id, pepper=app.pepper, now=app.clock())
    note(key=key.id)
    return Caller(app=app, workspace=workspace, key=key)


def _must_be_no_other_page(origins: list[str], host: str) -> None:
    """Refuse what a browser sends for a page of somebody else; programs send no Origin."""
    if any(_place_of(origin) != host.lower() for origin in origins):
        raise PermissionDeniedError("a page of another origin may not call tools; an assistant sends no Origin at all")


def _place_of(origin: str) -> str:
    try:
        return urlsplit(origin.lower()).netloc
    except ValueError:
        return ""


def _key(request: Request) -> str:
    bearers = [one[len(_BEARER) :].strip() for one in request.headers.getlist("authorization") if _is_bearer(one)]
    keys = [*request.headers.getlist("x-api-key"), *bearers]
    if len(keys) != 1:
        raise AuthenticationError
    return keys[0]


def _is_bearer(value: str) -> bool:
    return value.lower().startswith(_BEARER)


def _again(raw: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read once more."""
    waiting: list[Message] = [{"type": "http.request", "body": raw, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _failed(error: Exception) -> Response:
    refusals.because(error)
    if not isinstance(error, TocsinError):
        return _answer(500, unforeseen(error), {})
    more = {"WWW-Authenticate": "Bearer"} if isinstance(error, AuthenticationError) else {}
    return _answer(status_of(error), told(error), headers_of(error) | more)


def _answer(status: int, body: dict[str, object], headers: dict[str, str]) -> Response:
    return Response(json.dumps(body), status_code=status, media_type="application/json", headers=_HEADERS | headers)
