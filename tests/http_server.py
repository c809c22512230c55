"""A receiver of webhooks on loopback that answers as it is told and keeps what it got; and a trap that nobody may touch."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Got:
    """One call as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Says:
    """What the receiver answers. `before`: it is called first, and may wait; `drips`: one octet of the body at a time."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None
    drips: threading.Event | None = None
    hangs_up: bool = False


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of callers that go away in the middle: tests do."""


class Receiver:
    """Takes calls until the end of the block."""

    def __init__(self, says: Callable[[Got], Says] = lambda _got: Says()) -> None:
        self.says = says
        self.got: list[Got] = []
        self.connections = 0
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                receiver.connections += 1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver._answer(self, Got(path=self.path, headers=headers, body=body))

            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver._answer(self, Got(path=self.path, headers=headers, body=b""))

            def log_message(self, *_: object) -> None:
                pass

        self._server = _QuietServer(("127.0.0.1", 0), Handler)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.origin}/bookings"

    def wait_for(self, count: int, *, timeout_s: float = 10) -> list[Got]:
        """Return what came as soon as there are so many."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.got) >= count, timeout_s), self.got
            return list(self.got)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, got: Got) -> None:
        with self._arrived:
            self.got.append(got)
            self._arrived.notify_all()
        says = self.says(got)
        says.before()
        if says.hangs_up:
            handler.close_connection = True
            return
        handler.send_response(says.status)
        for name, value in {"Content-Length": str(len(says.body)), **says.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if says.drips is None:
            handler.wfile.write(says.body)
            return
        for octet in says.body:
            handler.wfile.write(bytes([octet]))
            handler.wfile.flush()
            if says.drips.wait(0.05):
                return


class Trap:
    """Listens on every address of this machine, and counts who connects."""

    def __init__(self) -> None:
        self.connections = 0
        self._listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()

    def _count(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            connection.close()
