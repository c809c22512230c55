"""/in/…: the addresses that sources call. No API key: each call proves by its signature that it comes from there."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.api.call import Reply
from tocsin.api.endpoint import failed, respond
from tocsin.api.sources import inlet_of
from tocsin.bootstrap import App
from tocsin.domain.sources.address import PATH
from tocsin.domain.sources.source import LARGEST_CALL
from tocsin.formats.sources.shape import Incoming
from tocsin.observation import workspace_at
from tocsin.schemas.body import body_of
from tocsin.schemas.sources import CallAnswer, CallOut
from tocsin.schemas.strict_json import Room
from tocsin.services import source_calls

_ROOM = Room(octets=LARGEST_CALL, keys=0)  # only octets are counted: what comes is read by whoever knows it


def routes(app: App) -> list[Route]:
    """Return the route of all sources' addresses."""

    async def take(request: Request) -> Response:
        try:
            body = await body_of(request, _ROOM)
            reply = await run_in_threadpool(_taken, app, request, body)
        except ClientDisconnect:
            reply = Reply(status=400, body={"error": "the body ended too early"})  # nobody is there to read it
        except Exception as error:  # noqa: BLE001  the top of a request: each error has its answer
            reply = failed(error)
        return respond(reply)

    return [Route(f"{PATH}{{token}}", take, methods=["POST"])]


def _taken(app: App, request: Request, body: bytes) -> Reply:
    hosts = request.headers.getlist("host")
    workspace = workspace_at(app, hosts)
    # One that comes twice is joined, and so never right where it matters.
    headers = {name: ", ".join(request.headers.getlist(name)) for name in request.headers}
    incoming = Incoming(headers=headers, body=body)
    call = source_calls.receive(inlet_of(app), workspace.id, request.path_params["token"], incoming)
    app.bell.set()
    return Reply(body=CallAnswer(call=CallOut.of(call)).wire())
