"""A21: a crowd of clients connects and does not go on, while another asks."""

import resource
import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import cycle, islice
from pathlib import Path
from time import monotonic

import httpx

from bench.figures import percentile
from tests.faces.client import opened_in
from tests.faces.running import Program
from tests.ports import free_port
from tests.torture.rig import Rig
from tocsin.protocol import BODY_S, HEADERS_S

ANSWERED_S = 0.3
ASKED = 200
SLACK_S = 10.0  # for the machine
# Nothing at all, half a header, and half a body: after how many seconds the server hangs up.
SORTS = (
    (b"", HEADERS_S),
    (b"GET /api/external/v2/bookings HTTP/1.1\r\nHost: acme.tocsin.te", HEADERS_S),
    (b"POST /api/external/v2/bookings HTTP/1.1\r\nHost: acme.tocsin.test\r\nContent-Length: 50\r\n\r\n{", BODY_S),
)


@contextmanager
def crowd(port: int, number: int, *, sorts: int) -> Iterator[dict[socket.socket, float]]:
    """Give so many connections that say no more, each with when it is to be closed at the latest."""
    with ExitStack() as stack:
        lines = {}
        for octets, patience in islice(cycle(SORTS[:sorts]), number):
            line = stack.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=30)))
            line.sendall(octets)
            lines[line] = monotonic() + patience + SLACK_S
        yield lines


def kept(lines: dict[socket.socket, float]) -> int:
    """Wait until every line is closed by the other side, or should be; return how many are not."""
    late = 0
    with selectors.PollSelector() as waiting:
        for line in lines:
            line.setblocking(False)
            waiting.register(line, selectors.EVENT_READ, data=line)
        while left := [key.data for key in waiting.get_map().values()]:
            over = [line for line in left if lines[line] < monotonic()]
            late += len(over)
            closed = [key.data for key, _ in waiting.select(timeout=1.0) if _is_over(key.data)]
            for line in {*over, *closed}:
                waiting.unregister(line)
    return late


def _is_over(line: socket.socket) -> bool:
    try:
        return line.recv(65_536) == b""
    except ConnectionResetError:
        return True


def test_a_crowd_that_says_nothing_keeps_nobody_waiting(tmp_path: Path, rig: Rig) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    number = min(rig.size(quick=300, nightly=9_900), soft - 200, hard // 2 - 100)
    port = free_port()
    environment = {"TOCSIN_LISTEN": f"127.0.0.1:{port}", "TOCSIN_BASE_URL": "http://tocsin.test"}
    sorts = rig.size(quick=2, nightly=len(SORTS))  # a body is waited for longest
    key, program = opened_in(tmp_path, environment), Program(folder=tmp_path, environment=environment)
    headers = {"Host": "acme.tocsin.test", "X-Api-Key": key}

    with program.started("serve", says="Tocsin") as server, crowd(port, number, sorts=sorts) as lines:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/external/v2", headers=headers) as http:
            answers = [http.get("/bookings") for _ in range(ASKED)]
        late = kept(lines)
        assert server.stop() == 0
        told = server.errors()

    assert {answer.status_code for answer in answers} == {200}
    assert not [words for words in ("Traceback", "unforeseen", "Exception") if words in told]
    p99 = percentile([answer.elapsed.total_seconds() for answer in answers], 0.99)
    found = f"{late} of {number:,} clients that do not go on are waited for; others' p99 {p99 * 1000:.0f} ms meanwhile"
    rig.found("A21", found, is_met=not late and (p99 <= ANSWERED_S or not rig.is_nightly))
