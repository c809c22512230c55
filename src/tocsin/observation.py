"""What an operator's programs read of a process: logs, traces, metrics and who may read them; what requests leave in these."""

import hmac
import importlib.metadata
import logging
import re
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin import __version__
from tocsin.bootstrap import App
from tocsin.domain.errors import ConfigurationError
from tocsin.domain.model import Workspace
from tocsin.logs import lines, refusals
from tocsin.logs.about import about, current, note
from tocsin.services import workspaces
from tocsin.services.ports_telemetry import TracedRequest, Traces
from tocsin.settings import Settings
from tocsin.settings.values import is_here
from tocsin.telemetry import listener
from tocsin.telemetry.metrics import Metrics

_PROBE = "/readyz"  # asked every few seconds, and 503 is what it is there for
REQUEST_ID = "X-Request-ID"
# What a proxy or a client calls its request: short, and of characters that mean nothing to whoever reads a log.
_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}", re.ASCII)
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def observe(app: App) -> Metrics:
    """Return the metrics of this process, which ask its store for the state of the queue when they are read."""
    metrics = app.telemetry
    metrics.look_by(lambda: app.store.queue.state(now=app.clock()), app.store.pool)
    metrics.describe(
        version=__version__,
        zone_rules=importlib.metadata.version("tzdata"),
        python=".".join(map(str, sys.version_info[:3])),
        store="postgresql" if app.settings.sqlite_path is None else "sqlite",
    )
    return metrics


def listening(app: App) -> AbstractContextManager[int]:
    """Serve the metrics where TOCSIN_METRICS_LISTEN says, until the end of the block. Raises ConfigurationError."""
    settings = app.settings
    return listener.listening(observe(app), settings.metrics_listen, admits=partial(may_read, settings.metrics_token))


def log_to_stderr(settings: Settings) -> None:
    """Write log lines to standard error, in the form that TOCSIN_LOG names."""
    lines.to_stderr(as_json=settings.log == "json", secrets=settings.secrets)


@contextmanager
def exporting_lines(settings: Settings) -> Iterator[None]:
    """Hand log lines to a collector too until the end of the block, if TOCSIN_LOG_EXPORT says so. Raises ConfigurationError."""
    if not settings.log_export:
        yield
        return
    with _extra_of("TOCSIN_LOG_EXPORT"):
        from tocsin.telemetry.log_lines import LogLines  # noqa: PLC0415  as below

        export = LogLines(version=__version__)
    with closing(export), lines.handing_to(export.take):
        yield


def traces(settings: Settings) -> Traces | None:
    """Begin to trace, if TOCSIN_TRACES says so. Raises ConfigurationError if what that needs is not installed."""
    if not settings.traces:
        return None
    with _extra_of("TOCSIN_TRACES"):
        # Most servers are not traced, and need not have it.
        from tocsin.telemetry import traces as spans  # noqa: PLC0415

        return spans.Traces(version=__version__)


@contextmanager
def _extra_of(setting: str) -> Iterator[None]:
    """Say what to install, or what is wrong, if OpenTelemetry cannot begin."""
    try:
        yield
    except ImportError as error:
        missing = f"{setting}: {error.name} is not there; install the extra: pip install 'tocsin[otel]'"
        raise ConfigurationError(missing) from error
    except AttributeError as error:  # parts of it may move in any release (docs/decisions/0063)
        unknown = (
            f"{setting}: this OpenTelemetry is not the one that Tocsin knows ({error}); install requirements-otel.txt"
        )
        raise ConfigurationError(unknown) from error
    except ValueError as error:
        raise ConfigurationError(f"{setting}: OpenTelemetry's own variables (OTEL_...) do not fit: {error}") from error


def may_read(token: str, client: str, headers: Mapping[str, str]) -> bool:
    """Tell whether a request may see numbers of all tenants: by the operator's token, or from this very machine.

    A proxy on this machine connects from it too, so such a request must also name this machine and come through nobody.
    """
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()):
        return True
    is_direct = not any(name in headers for name in _FORWARDED)
    return is_direct and is_here(client) and is_here(_host(headers.get("host", "")))


def workspace_at(app: App, hosts: Sequence[str]) -> Workspace:
    """Return the workspace that a request's Host headers name, and name it in the request's log lines. Raises NotFoundError."""
    workspace = workspaces.at_host(app.store, hosts, base_host=app.settings.base_host)
    note(workspace=workspace.id)
    return workspace


def _host(value: str) -> str:
    host = value.partition("]")[0].removeprefix("[") if value.startswith("[") else value.partition(":")[0]
    return host.lower()


log = logging.getLogger("tocsin.requests")


class Observed:
    """Gives each request a name, counts it by the pattern of the route that took it, and takes its time.

    The name is the one in X-Request-ID if that is sane; the answer bears it, and each log line about the request.
    """

    def __init__(
        self, app: ASGIApp, metrics: Metrics, routes: Iterable[BaseRoute], traces: Traces | None = None
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._traces = traces
        self._patterns = {getattr(one, "endpoint", None): str(getattr(one, "path", "")) for one in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count it when its answer is complete."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began, name = 500, time.perf_counter(), _request_id(scope)

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = name
            await send(message)

        with about(request=name), self._traced(scope) as span:
            try:
                await self._app(scope, receive, heard)
            finally:
                route = self._count(scope, status, seconds=time.perf_counter() - began)
                if span is not None:
                    span.answered(scope["method"], route, status, about=current())

    @contextmanager
    def _traced(self, scope: Scope) -> Iterator[TracedRequest | None]:
        if self._traces is None:
            yield None
            return
        with self._traces.request(scope["method"], Headers(scope=scope)) as span:
            note(trace=span.trace)
            yield span

    def _count(self, scope: Scope, status: int, *, seconds: float) -> str:
        endpoint = scope.get("endpoint")
        route = "none" if endpoint is None else self._patterns.get(endpoint, "other")
        self._metrics.request(route, scope["method"], status, seconds=seconds)
        refusals.write(method=scope["method"], route=route, status=status, client=(scope.get("client") or ("",))[0])
        if status >= 500 and route != _PROBE:
            log.warning("a request was answered %d", status, extra={"method": scope["method"], "route": route})
        return route


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).getlist(REQUEST_ID)
    return given[0] if len(given) == 1 and _SANE_ID.fullmatch(given[0]) else uuid.uuid4().hex
