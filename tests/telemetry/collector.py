"""A collector of OpenTelemetry on loopback: takes spans over HTTP as protobuf and keeps them, or answers as it is told."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of callers that go away while they wait."""


class Collector:
    """Takes spans until the end of the block. `before` is called before each answer, and may wait; `status` is answered."""

    def __init__(self, *, before: Callable[[], object] = lambda: None, status: int = 200) -> None:
        self.bodies: list[bytes] = []
        self.status = status
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                before()
                if self.path == "/v1/traces" and collector.status == 200:
                    collector.bodies.append(body)
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def spans(self) -> list[Span]:
        found = [ExportTraceServiceRequest.FromString(body) for body in list(self.bodies)]
        return [span for one in found for of in one.resource_spans for scope in of.scope_spans for span in scope.spans]

    @property
    def services(self) -> set[str]:
        found = [ExportTraceServiceRequest.FromString(body) for body in list(self.bodies)]
        return {
            each.value.string_value
            for one in found
            for of in one.resource_spans
            for each in of.resource.attributes
            if each.key == "service.name"
        }

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
