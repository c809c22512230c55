"""A collector of OpenTelemetry on loopback: takes spans and log lines by HTTP as protobuf, or answers as it is told."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of callers that go away while they wait."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A log line as it came."""

    record: LogRecord
    logger: str

    @property
    def said(self) -> str:
        return str(_plain(self.record.body))

    @property
    def fields(self) -> dict[str, Any]:
        return {one.key: _plain(one.value) for one in self.record.attributes}


class Collector:
    """Takes spans and lines until the end of the block, by TLS if there is a `context`.

    `before` is called before each answer, and may wait; `status` is answered.
    """

    def __init__(
        self,
        *,
        before: Callable[[], object] = lambda: None,
        status: int = 200,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.bodies: list[bytes] = []  # of spans
        self.line_bodies: list[bytes] = []
        self.keys: set[str] = set()  # that callers showed
        self.status = status
        self._context = context
        collector, taken = self, {"/v1/traces": self.bodies, "/v1/logs": self.line_bodies}

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                before()
                collector.keys.add(self.headers["X-Key"] or "")
                if self.path in taken and collector.status == 200:
                    taken[self.path].append(body)
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        if context is not None:
            # Shaking hands in the thread of the caller, so that one that breaks off is nobody else's trouble.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def endpoint(self) -> str:
        return f"http{'s' if self._context else ''}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def spans(self) -> list[Span]:
        found = [ExportTraceServiceRequest.FromString(body) for body in list(self.bodies)]
        return [span for one in found for of in one.resource_spans for scope in of.scope_spans for span in scope.spans]

    @property
    def lines(self) -> list[Line]:
        found = [ExportLogsServiceRequest.FromString(body) for body in list(self.line_bodies)]
        return [
            Line(record=record, logger=scope.scope.name)
            for one in found
            for of in one.resource_logs
            for scope in of.scope_logs
            for record in scope.log_records
        ]

    @property
    def services(self) -> set[str]:
        """Return who the callers say they are."""
        spans = [ExportTraceServiceRequest.FromString(body) for body in list(self.bodies)]
        lines = [ExportLogsServiceRequest.FromString(body) for body in list(self.line_bodies)]
        resources = [of.resource for one in spans for of in one.resource_spans]
        resources += [of.resource for one in lines for of in one.resource_logs]
        return {each.value.string_value for one in resources for each in one.attributes if each.key == "service.name"}

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _plain(value: AnyValue) -> Any:
    return getattr(value, str(value.WhichOneof("value")))
