"""Request forgery: however a URL is written, and whatever its name resolves to, nothing inside is connected to.

A trap listens on all addresses of this machine. The control at the end shows that it would see a connection.
"""

from datetime import UTC, datetime

import httpcore
import pytest

from tests.http_server import Trap
from tests.mail.envelopes import a_claim
from tests.torture.rig import Rig
from tocsin.calls.caller import HttpCaller
from tocsin.calls.network import CheckedNetwork, ClosedAddressError, Deadline
from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.letter import Envelope
from tocsin.domain.webhook import is_public, secret_text

# Notations of this machine, and of what stands beside it.
HOSTS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "0",
    "0.0.0.0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "localhost.localdomain",
    "app.localhost",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1%25lo]",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "ｌｏｃａｌｈｏｓｔ",
    "%31%32%37%2e%30%2e%30%2e%31",
    "127.0.0.1%00.example.com",
    "user@127.0.0.1",
    "user:password@127.0.0.1",
    "hooks.example.com@127.0.0.1",
    "hooks.example.com%40127.0.0.1",
    "127.0.0.1%2f.example.com",
    "169.254.169.254",
    "10.0.0.1",
    "metadata.google.internal",
]
FORMS = [
    "https://{host}/x",
    "https://{host}:{port}/x",
    "http://{host}:{port}/x",
]
ODD = [
    "https://hooks.example.com#@127.0.0.1:{port}/",
    "https://hooks.example.com\\@127.0.0.1:{port}/",
    "https://hooks.example.com:443@127.0.0.1:{port}/",
    "https:127.0.0.1:{port}/x",
    "https:/127.0.0.1:{port}/x",
    "https:///127.0.0.1:{port}/x",
    "//127.0.0.1:{port}/x",
    "127.0.0.1:{port}/x",
    "ftp://127.0.0.1:{port}/x",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "dict://127.0.0.1:{port}/x",
    "unix:///run/docker.sock",
    "http+unix://%2Frun%2Fdocker.sock/x",
    "javascript:alert(1)",
    " https://127.0.0.1:{port}/x",
    "https://127.0.0.1:{port}/x\r\nHost: hooks.example.com",
    "https://127.0.0.1 :{port}/x",
    "https://127.0.0.1:{port}\t/x",
    "ht\ntps://127.0.0.1:{port}/x",
    "https://hooks.example.com:{port}/x",
    "https://hooks.example.com:0443/x",
    "https://hooks.example.com:/x",
    "https://" + "a" * 3000 + ".example.com/x",
]
URLS = [form.replace("{host}", host) for host in HOSTS for form in FORMS] + ODD
# What a name of somebody else can lead to.
CLOSED = [
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
    "not an address",
]
OPEN = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]


def call(url: str) -> Outcome:
    caller = HttpCaller(allowed=(), clock=lambda: datetime(2026, 11, 24, tzinfo=UTC), call_s=2)
    envelope = Envelope(
        sender="", recipient=url, message=b"{}", claim=a_claim(), secrets=(secret_text("w", url, 1, secret=b"s"),)
    )
    supply = iter([[envelope], []])
    ((number_and_outcome,),) = caller.send(lambda _wanted: next(supply))
    caller.close()
    assert number_and_outcome[1] is not None
    return number_and_outcome[1]


def test_no_notation_of_a_url_leads_inside(rig: Rig) -> None:
    assert len(URLS) >= 120
    with Trap() as trap:
        outcomes = {url: call(url.replace("{port}", str(trap.port))) for url in URLS}

        assert trap.connections == 0
        rig.found("A24", f"0 connections by {len(URLS)} URLs at a trap that listens", is_met=True)
    reachable = {url for url, outcome in outcomes.items() if outcome.result is not Result.PERMANENT}
    # What is well-formed is looked up, and leads nowhere, or nowhere public.
    assert reachable <= {
        "https://app.localhost/x",
        "https://localhost.localdomain/x",
        "https://metadata.google.internal/x",
    }


@pytest.mark.parametrize("host", [host.strip("[]") for host in HOSTS])
def test_no_host_that_gets_past_the_look_at_a_url_is_connected_to(host: str) -> None:
    with Trap() as trap:
        deadline = Deadline()
        deadline.start(5)

        with pytest.raises((ClosedAddressError, httpcore.ConnectError, httpcore.ConnectTimeout)):
            CheckedNetwork((), deadline).connect_tcp(host, trap.port, timeout=1)

        assert trap.connections == 0


@pytest.mark.parametrize("address", CLOSED)
def test_a_public_name_that_leads_inside_is_not_called(address: str) -> None:
    assert not is_public(address)
    with Trap() as trap:
        network = _network({"hooks.example.com": [address]})

        with pytest.raises(ClosedAddressError):
            network.connect_tcp("hooks.example.com", trap.port)

        assert trap.connections == 0


def test_a_name_of_which_one_address_leads_inside_is_not_called() -> None:
    with Trap() as trap:
        network = _network({"hooks.example.com": ["8.8.8.8", "127.0.0.1"]})

        with pytest.raises(ClosedAddressError):
            network.connect_tcp("hooks.example.com", trap.port)

        assert trap.connections == 0


def test_a_name_that_leads_elsewhere_at_the_second_look_is_looked_up_once() -> None:
    answers = iter([["192.0.2.1"], ["127.0.0.1"]])
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    with Trap() as trap:
        deadline = Deadline()
        deadline.start(5)

        with pytest.raises(ClosedAddressError):
            CheckedNetwork((), deadline, rebinding).connect_tcp("hooks.example.com", trap.port)

        assert (trap.connections, asked) == (0, ["hooks.example.com"])


@pytest.mark.parametrize("address", OPEN)
def test_what_is_public_is_public(address: str) -> None:
    assert is_public(address)


def test_what_an_operator_opened_is_connected_to_and_the_trap_sees_it() -> None:
    with Trap() as trap:
        deadline = Deadline()
        deadline.start(5)
        network = CheckedNetwork({("n8n.internal", trap.port)}, deadline, lambda _host, _port: ["127.0.0.1"])

        network.connect_tcp("n8n.internal", trap.port).close()

        while trap.connections == 0:
            pass


def _network(names: dict[str, list[str]]) -> CheckedNetwork:
    deadline = Deadline()
    deadline.start(5)
    return CheckedNetwork((), deadline, lambda host, _port: names[host])
