"""What an operator's programs ask: whether the process lives, whether it can work, and its metrics."""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.api.call import Reply
from tocsin.api.endpoint import respond
from tocsin.bootstrap import App
from tocsin.domain.errors import TocsinError
from tocsin.observation import may_read, observe

Trouble = Callable[[], str | None]


def routes(app: App, trouble: Trouble) -> list[Route]:
    """Return the routes; `trouble` says what is wrong with the workers of this process, if anything."""
    metrics = observe(app)

    async def healthz(_request: Request) -> Response:
        return respond(Reply(body={"status": "alive"}))

    async def readyz(_request: Request) -> Response:
        return respond(await run_in_threadpool(_readiness, app, trouble))

    async def show_metrics(request: Request) -> Response:
        client = "" if request.client is None else request.client.host
        if not may_read(app.settings.metrics_token, client, request.headers):
            return respond(_refused(is_there=bool(app.settings.metrics_token)))
        text = await run_in_threadpool(metrics.text)
        return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", show_metrics)]


def _refused(*, is_there: bool) -> Reply:
    if is_there:
        sentence = "the metrics need the token of TOCSIN_METRICS_TOKEN: Authorization: Bearer ..."
        return Reply(status=401, body={"error": sentence}, headers={"WWW-Authenticate": "Bearer"})
    sentence = "the metrics are told to this machine only; with TOCSIN_METRICS_TOKEN also to whoever has the token"
    return Reply(status=403, body={"error": sentence})


def _readiness(app: App, trouble: Trouble) -> Reply:
    try:
        with app.store.directory() as directory:
            directory.only()
        wrong = app.store.misfit() or trouble()
    except TocsinError as error:
        wrong = str(error)
    if wrong is not None:
        return Reply(status=503, body={"status": "not ready", "error": wrong}, headers={"Retry-After": "1"})
    return Reply(body={"status": "ready"})
