"""An address of its own for the metrics, which need not be reachable from where the pages are."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.exposition import ThreadingWSGIServer

from tocsin.domain.errors import ConfigurationError
from tocsin.telemetry.metrics import Metrics

MOST = 8  # connections at once: a scraper needs one
PATIENCE_S = 10.0  # for a request to come whole, and for its answer to be taken

Admits = Callable[[str, Mapping[str, str]], bool]  # by the address of who asks, and the headers of the request
_Answer = Iterable[bytes]


class _FewAtOnce(ThreadingWSGIServer):
    """Gives each connection a thread, up to MOST; one more is closed unheard, so that nobody can fill the process."""

    daemon_threads = True

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._places = threading.BoundedSemaphore(MOST)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, if one is free."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and give the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that go away in the middle, or keep silent until their time is up."""


class _OldServer(_FewAtOnce):
    address_family = socket.AF_INET


class _NewServer(_FewAtOnce):
    address_family = socket.AF_INET6


class _Quiet(WSGIRequestHandler):
    timeout = PATIENCE_S

    def log_message(self, *_: Any) -> None:
        """Say nothing of each reading."""


@contextmanager
def listening(metrics: Metrics, address: tuple[str, int] | None, *, admits: Admits) -> Iterator[int]:
    """Serve the metrics at `address` until the end of the block, if there is one; yield the port.

    Raises ConfigurationError if the address is not free.
    """
    if address is None:
        yield 0
        return
    host, port = address
    sort = _NewServer if ":" in host else _OldServer
    try:
        server = make_server(host, port, _page(metrics, admits), sort, _Quiet)
    except OSError as error:
        raise ConfigurationError(f"TOCSIN_METRICS_LISTEN: cannot listen at {host}:{port}: {error}") from error
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _page(metrics: Metrics, admits: Admits) -> Callable[[dict[str, Any], Callable[..., Any]], _Answer]:
    def page(environ: dict[str, Any], start: Callable[..., Any]) -> _Answer:
        status, body = _answered(metrics, admits, environ)
        start(status, [("Content-Type", CONTENT_TYPE_PLAIN_0_0_4 if status == "200 OK" else "text/plain")])
        return [body]

    return page


def _answered(metrics: Metrics, admits: Admits, environ: Mapping[str, Any]) -> tuple[str, bytes]:
    if environ["PATH_INFO"] != "/metrics" or environ["REQUEST_METHOD"] != "GET":
        return "404 Not Found", b"there is only GET /metrics here\n"
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if not admits(environ["REMOTE_ADDR"], headers):
        return "403 Forbidden", b"the metrics need the token of TOCSIN_METRICS_TOKEN: Authorization: Bearer ...\n"
    return "200 OK", metrics.text()
