"""A21: whatever octets come, no answer is a 5xx, no error escapes, nothing hangs, nothing is stored."""

import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from tests.faces.client import TABLES, opened_in
from tests.faces.running import Program
from tests.ports import free_port
from tests.torture.requests_raw import Case, cases
from tests.torture.rig import Rig
from tests.torture.tenants import some

PATIENCE_S = 30.0  # until a line counts as one that hangs
LONGEST_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer on a line."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A running server with the workspace `acme`."""

    port: int
    program: Program
    key: str

    def said(self, case: Case) -> list[Answer]:
        """Send what a case has; return all that is answered until the line is closed."""
        octets = case.octets.replace(b"\xabhost\xbb", b"acme.tocsin.test").replace(b"\xabkey\xbb", self.key.encode())
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for piece in _pieces(octets) if case.is_slow else [octets]:
                    line.sendall(piece)
                if case.is_cut:
                    line.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it was refused before all of it was sent
            return list(_answers(_read(line)))

    def counts(self) -> dict[str, int]:
        with closing(sqlite3.connect(f"file:{self.program.folder / 'tocsin.db'}?mode=ro", uri=True)) as database:
            return {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}

    def log(self) -> str:
        return (self.program.folder / "stderr.txt").read_text()


def _pieces(octets: bytes) -> Iterator[bytes]:
    # Small at first, so that headers and sizes are cut too; a large body would take too many.
    at, size = 0, 1
    while at < len(octets):
        size = 1 if at < 600 else 4096
        yield octets[at : at + size]
        at += size


def _read(line: socket.socket) -> bytes:
    found = bytearray()
    try:
        while piece := line.recv(65_536):
            found += piece
    except ConnectionResetError:
        pass  # the server had not read all of it when it closed
    return bytes(found)


def _answers(octets: bytes) -> Iterator[Answer]:
    while octets:
        head, _, rest = octets.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", len(rest)))
        yield Answer(status=int(first.split(" ")[1]), headers=headers, body=rest[:length])
        octets = rest[length:] if not first.startswith("HTTP/1.1 100") else rest


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, port = tmp_path_factory.mktemp("http"), free_port()
    environment = {"TOCSIN_LISTEN": f"127.0.0.1:{port}", "TOCSIN_BASE_URL": "http://tocsin.test"}
    key, program = opened_in(folder, environment), Program(folder=folder, environment=environment)
    with program.started("serve", says="Tocsin"):
        program.done("workspace", "create", "globex")  # so that no bare host leads to the only workspace
        yield Place(port=port, program=program, key=key)


def test_whatever_octets_come_nothing_breaks_hangs_or_is_stored(place: Place, rig: Rig) -> None:
    every, before = list(cases()), place.counts()
    wrong, slowest, asked = list[str](), 0.0, 0

    for _ in range(rig.size(quick=1, nightly=10)):
        for case in every:
            asked += 1
            begun = time.monotonic()
            wrong += [f"{case.id}: {one}" for one in complaints(place, case)]
            slowest = max(slowest, time.monotonic() - begun)

    assert len({case.id for case in every}) == len(every) > 220
    assert place.counts() == before
    assert not [words for words in ("Traceback", "unforeseen", "Exception") if words in place.log()]
    is_quick = slowest < LONGEST_S or not rig.is_nightly  # times are held against their targets by night
    found = f"{len(wrong)} of {asked:,} raw requests answered wrongly, the slowest in {slowest:.2f} s{some(wrong)}"
    rig.found("A21", found, is_met=not wrong and is_quick)


def complaints(place: Place, case: Case) -> Iterator[str]:
    """Yield what is wrong with what a case is answered."""
    try:
        answers = [one for one in place.said(case) if one.status != 100]
    except TimeoutError:
        yield f"no end after {PATIENCE_S:.0f} s"
        return
    if len(answers) > case.most or (0 not in case.right and not answers):
        yield f"{len(answers)} answers and not {case.most} ({[one.status for one in answers]})"
    for one in answers:
        if one.status not in case.right:
            yield f"{one.status} {one.body[:80]!r} and not {sorted(case.right)}"
        if one.status >= 400 and not _says_why(one):
            yield f"{one.status} without a reason: {one.body[:80]!r}"
        if b"evil.example" in one.body or "evil.example" in one.headers.get("location", ""):
            yield "it repeats the host"


def _says_why(answer: Answer) -> bool:
    """Tell whether an answer says what is wrong, in the form of the contract if it came as far as a route."""
    if answer.status == 400 and answer.headers.get("content-type", "").startswith("text/plain"):
        return answer.body == b"Invalid HTTP request received."
    return bool(json.loads(answer.body)["error"])
