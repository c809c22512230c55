"""Which workspace a request is for is told by its Host header alone, read strictly (reliability, T6).

Over a real socket, because no client library sends what an attacker would.
"""

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faces.client import Client
from tests.faces.running import Program
from tests.ports import free_port
from tests.torture.rig import Rig


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A server with the workspaces `acme` and, from some moment on, `globex`."""

    port: int
    program: Program
    key: str

    def status(self, *heads: bytes, version: bytes = b"1.1", path: bytes = b"/api/external/v2/bookings") -> int:
        """Send a request with these header lines, and return the status of the answer; 0 if there is none."""
        head = b"\r\n".join([b"GET " + path + b" HTTP/" + version, *heads, b"X-Api-Key: " + self.key.encode()])
        return self.answer(head + b"\r\nConnection: close\r\n\r\n")[0]

    def answer(self, octets: bytes) -> tuple[int, bytes]:
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=30)) as line:
            line.sendall(octets)
            found = bytearray()
            while piece := line.recv(65_536):
                found += piece
        return (int(found.split(b" ", 2)[1]) if found else 0), bytes(found)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a running server; `globex` is there as well."""
    yield from _site(tmp_path_factory.mktemp("host"), "acme", "globex")


@pytest.fixture
def lonely(tmp_path: Path) -> Iterator[Site]:
    """Give a running server with one workspace."""
    yield from _site(tmp_path, "acme")


def _site(folder: Path, *subdomains: str) -> Iterator[Site]:
    port = free_port()
    environment = {"TOCSIN_LISTEN": f"127.0.0.1:{port}", "TOCSIN_BASE_URL": f"http://tocsin.test:{port}"}
    program = Program(folder=folder, environment=environment)
    for subdomain in subdomains:
        program.done("workspace", "create", subdomain)
    key = program.done("key", "create", subdomains[0]).strip()
    with program.started("serve", says="Tocsin"):
        yield Site(port=port, program=program, key=key)


@pytest.mark.parametrize(
    "host",
    [
        b"acme.tocsin.test",
        b"ACME.Tocsin.TEST",
        b"acme.tocsin.test.",
        b"acme.tocsin.test:8000",
        b"acme.tocsin.test.:1",
        b"   acme.tocsin.test",
    ],
)
def test_the_workspace_is_found(site: Site, host: bytes) -> None:
    assert site.status(b"Host: " + host) == 200


@pytest.mark.parametrize(
    "host",
    [
        b"tocsin.test",
        b"localhost",
        b"127.0.0.1",
        b"[::1]",
        b"acme.tocsin.test, globex.tocsin.test",
        b"evil@acme.tocsin.test",
        b"acme.tocsin.test/path?",
        b"a.acme.tocsin.test",
        b"acme.tocsin.test.evil.example",
        b"acme.evil.example",
        b"\xd0\xb0cme.tocsin.test",
        b"\xe1cme.tocsin.test",
        b"xn--cme-5cd.tocsin.test",
        b"acme.tocsin.test..",
        b"acme..tocsin.test",
        b".tocsin.test",
        b"acme.tocsin.test:",
        b"acme.tocsin.test:port",
        b"acme.tocsin.test:80:80",
        b"acme_.tocsin.test",
        b"acme%2etocsin.test",
        b"http://acme.tocsin.test",
        b"*.tocsin.test",
        b"..",
        b"nobody.tocsin.test",
        b"a" * 64 + b".tocsin.test",
        b"a" * 9000,
        b"",
    ],
)
def test_nothing_is_guessed_from_another_host(site: Site, host: bytes) -> None:
    assert site.status(b"Host: " + host) in (400, 404)


ODD = b"\x00\t\x0b\x7f\xa0 .,:;/\\?#@%&=[]{}<>\"'|*-_~^!0aZ\xe1\xff"


def made_up_hosts() -> list[bytes]:
    """Return hosts that are one or two octets from the right one: something put in, taken out, twice, or in its place."""
    right = b"acme.tocsin.test"
    one = [right[:at] + bytes([odd]) + right[at:] for at in range(len(right) + 1) for odd in ODD]
    one += [right[:at] + bytes([odd]) + right[at + 1 :] for at in range(len(right)) for odd in ODD]
    one += [right[:at] + right[at + 1 :] for at in range(len(right))]
    one += [b"globex" + bytes([odd]) + right for odd in ODD] + [right + bytes([odd]) + b"globex" for odd in ODD]
    return one + [host + bytes([odd]) for host in one[::7] for odd in ODD[::3]]


def is_right(host: bytes) -> bool:
    """Tell whether a header with this host names `acme` (RFC 9110, 7.2); white space behind it is not forgiven."""
    name, _, port = host.lstrip(b" \t").lower().partition(b":")
    return name.removesuffix(b".") == b"acme.tocsin.test" and (port.isdigit() or b":" not in host)


def test_no_host_that_is_made_up_leads_to_a_workspace(site: Site, rig: Rig) -> None:
    hosts = made_up_hosts()
    hosts = hosts[:: rig.size(quick=len(hosts) // 200, nightly=1)]

    statuses = {host: site.status(b"Host: " + host) for host in hosts}

    opened = {host for host, status in statuses.items() if status == 200}
    assert opened == {host for host in hosts if is_right(host)}
    assert set(statuses.values()) <= {200, 400, 401, 404}
    rig.found("A18", f"0 of {len(hosts):,} made up hosts lead to a workspace", is_met=True)


def test_a_key_is_no_use_at_the_host_of_another_workspace(site: Site) -> None:
    assert site.status(b"Host: globex.tocsin.test") == 401


def test_there_is_exactly_one_host(site: Site) -> None:
    one, other = b"Host: acme.tocsin.test", b"Host: globex.tocsin.test"

    assert site.status(one, other) in (400, 404)
    assert site.status(other, one) in (400, 404)
    assert site.status(one, one) in (400, 404)
    assert site.status(b"X-Nothing: x") in (400, 404)
    assert site.status(b"X-Nothing: x", version=b"1.0") == 404
    assert site.status(one, version=b"1.0") == 200


@pytest.mark.parametrize(
    "head",
    [
        b"X-Forwarded-Host: acme.tocsin.test",
        b"Forwarded: host=acme.tocsin.test",
        b"X-Host: acme.tocsin.test",
        b"X-Original-Host: acme.tocsin.test",
        b"X-HTTP-Host-Override: acme.tocsin.test",
    ],
)
def test_no_forwarded_header_takes_part(site: Site, head: bytes) -> None:
    assert site.status(b"Host: nobody.tocsin.test", head) == 404
    evil = head.replace(b"acme.tocsin.test", b"globex.tocsin.test")
    assert site.status(b"Host: acme.tocsin.test", evil) == 200


def test_the_host_in_an_absolute_target_does_not_count_against_the_header(site: Site) -> None:
    target = b"http://globex.tocsin.test/api/external/v2/bookings"

    assert site.status(b"Host: nobody.tocsin.test", path=target) in (400, 404)
    assert site.status(b"Host: acme.tocsin.test", path=target) in (200, 400, 404)


def test_no_answer_repeats_a_foreign_host(site: Site) -> None:
    for path in (b"/api/external/v2/bookings/", b"/docs/", b"//evil.example/..", b"/mailbox/"):
        _, octets = site.answer(b"GET " + path + b" HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        assert b"evil.example" not in octets
        assert b"\r\nlocation:" not in octets.lower()


def test_the_bare_host_serves_the_only_workspace_until_there_is_a_second(lonely: Site) -> None:
    bare = (b"Host: tocsin.test", b"Host: localhost:1", b"Host: 127.0.0.1", b"Host: [::1]:80")
    alone = [lonely.status(host) for host in bare]

    lonely.program.done("workspace", "create", "globex")
    crowded = [lonely.status(host) for host in bare]

    assert alone == [200] * 4
    assert crowded == [404] * 4
    assert lonely.status(b"Host: acme.tocsin.test") == 200


def test_a_caller_who_hangs_up_amid_his_body_leaves_no_error_in_the_log(lonely: Site) -> None:
    head = b"POST /api/external/v2/bookings HTTP/1.1\r\nHost: acme.tocsin.test\r\nContent-Length: 100\r\n\r\n{"
    for _ in range(3):
        with closing(socket.create_connection(("127.0.0.1", lonely.port), timeout=30)) as line:
            line.sendall(head)
    assert lonely.status(b"Host: acme.tocsin.test") == 200

    log = (lonely.program.folder / "stderr.txt").read_text()

    assert "unforeseen" not in log
    assert "Traceback" not in log


def test_a_body_that_grows_too_large_is_stopped_whatever_length_was_announced(site: Site) -> None:
    head = b"POST /api/external/v2/bookings HTTP/1.1\r\nHost: acme.tocsin.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"

    with closing(socket.create_connection(("127.0.0.1", site.port), timeout=30)) as line:
        line.sendall(head + chunk * 4 + b"1\r\n \r\n")
        octets = line.recv(65_536)

    assert octets.split(b" ", 2)[1] == b"413"


def test_what_stands_behind_a_body_in_pieces_is_no_header(site: Site) -> None:
    first = b"POST /api/external/v2/meeting-outcomes HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
    host, key = b"Host: acme.tocsin.test\r\n", b"X-Api-Key: " + site.key.encode() + b"\r\n"
    body = b"\r\n2\r\n{}\r\n0\r\n"

    assert site.answer(first + host + key + body + b"\r\n")[0] == 422
    assert site.answer(first + host + body + key + b"\r\n")[0] == 401
    assert site.answer(first + key + body + host + b"\r\n")[0] == 404
    assert site.answer(first + host + key + body + b"Host: globex.tocsin.test\r\n" + key + b"\r\n")[0] == 422


def test_ids_in_urls_are_not_paths(client: Client) -> None:
    assert client.v2.get("/bookings/%2e%2e%2fbookings").status_code == 404
    assert client.v2.get("/bookings/..%2F..%2Freadyz").status_code == 404
