"""From the wire to a handler and back: host, key, scope, body, query; and every error as an answer of the contract."""

from collections.abc import Awaitable, Callable

from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tocsin.api.call import Call, Reply, Route, Version, idempotency_key_of
from tocsin.bootstrap import App
from tocsin.domain.errors import (
    AuthenticationError,
    MalformedRequestError,
    TocsinError,
    UnsupportedMediaError,
)
from tocsin.logs import refusals
from tocsin.logs.about import note
from tocsin.observation import workspace_at
from tocsin.schemas import problems, strict_json
from tocsin.schemas.body import body_of
from tocsin.schemas.reading import read
from tocsin.schemas.strict_json import Room
from tocsin.services.access import authenticate


def endpoint(app: App, route: Route, version: Version) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers requests to `route` in `version`. All but reading the body runs in a thread."""

    async def answer(request: Request) -> Response:
        try:
            raw = await body_of(request, route.room)
            reply = await run_in_threadpool(_replied, app, route, version, request, raw)
        except ClientDisconnect:
            reply = Reply(status=400, body={"error": "the body ended too early"})  # nobody is there to read it
        except Exception as error:  # noqa: BLE001  the top of a request: each error has its answer
            reply = failed(error)
        return respond(reply)

    return answer


def respond(reply: Reply) -> Response:
    """Return `reply` as Starlette sends it."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **reply.headers}
    media_type = None if reply.status == 204 else reply.media_type
    return Response(reply.content, status_code=reply.status, media_type=media_type, headers=headers)


def failed(error: Exception) -> Reply:
    """Return the answer to an error; one that nobody foresaw is logged under an id that the answer names."""
    refusals.because(error)
    if isinstance(error, TocsinError):
        return Reply(status=problems.status_of(error), body=problems.body_of(error), headers=problems.headers_of(error))
    return Reply(status=500, body=problems.unforeseen(error))


def _replied(app: App, route: Route, version: Version, request: Request, raw: bytes) -> Reply:
    hosts = request.headers.getlist("host")
    workspace = workspace_at(app, hosts)
    texts = request.headers.getlist("x-api-key")
    if len(texts) != 1:
        raise AuthenticationError
    key = authenticate(app.store, texts[0], workspace_id=workspace.id, pepper=app.pepper, now=app.clock())
    note(key=key.id)
    key.must_allow(route.scope)
    is_post = route.method == "POST"
    call = Call(
        app=app,
        version=version,
        workspace=workspace,
        key=key,
        # No id holds what cannot be printed, and PostgreSQL refuses a NUL even in a question.
        path={name: value if value.isprintable() else "" for name, value in request.path_params.items()},
        request=f"{route.method} {request.scope['path']}?".encode() + request.scope["query_string"] + b"\n" + raw,
        idempotency_key=idempotency_key_of(request.headers.getlist("idempotency-key")) if is_post else None,
    )
    return route.handler(call, *_inputs(route, request, raw))


def _inputs(route: Route, request: Request, raw: bytes) -> list[BaseModel | dict[str, object]]:
    """Return what the route's handler takes after the call: its query if it has one, its body if it has one."""
    inputs: list[BaseModel | dict[str, object]] = []
    if route.query is not None:
        inputs.append(read(route.query, dict(request.query_params)))
    if route.body is not None:
        inputs.append(_json(request, raw, route.room))
    return inputs


def _json(request: Request, raw: bytes, room: Room) -> dict[str, object]:
    if not raw.strip():
        raise MalformedRequestError("the body is missing; send a JSON object")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {"", "application/json"}:
        raise UnsupportedMediaError(f"{media_type} is not read here; send Content-Type: application/json")
    return strict_json.parse(raw, room)
