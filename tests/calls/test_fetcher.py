"""Asking other products: what comes back of what they answer, and that nothing inside is asked."""

import threading

import pytest

from tests.http_server import Receiver, Says, Trap
from tocsin.calls.fetcher import LARGEST_ANSWER, fetcher
from tocsin.services.ports_sources import Fetched


def test_an_answer_comes_back_as_it_is_and_the_key_goes_along() -> None:
    with Receiver(lambda _got: Says(body=b'{"id": 5}')) as other:
        found = fetcher(allowed=[other.origin])(f"{other.origin}/api/v1/customers/5?a=b", "Bearer token")

        (got,) = other.got
    assert found == Fetched(status=200, body=b'{"id": 5}')
    assert (got.path, got.headers["authorization"]) == ("/api/v1/customers/5?a=b", "Bearer token")


def test_a_redirect_is_not_followed() -> None:
    with Trap() as trap, Receiver() as other:
        other.says = lambda _got: Says(status=302, headers={"Location": f"http://127.0.0.1:{trap.port}/"})

        found = fetcher(allowed=[other.origin])(other.url, "x")

        assert (found.status, trap.connections, len(other.got)) == (302, 0, 1)


def test_an_answer_without_end_is_cut() -> None:
    with Receiver(lambda _got: Says(body=b"x" * (LARGEST_ANSWER + 1))) as other:
        found = fetcher(allowed=[other.origin])(other.url, "x")

    assert (found.status, found.body) == (0, b"")
    assert f"more than {LARGEST_ANSWER} octets" in found.trouble


def test_an_answer_that_drips_ends_in_time() -> None:
    stop = threading.Event()
    with Receiver(lambda _got: Says(body=b"x" * 10_000, drips=stop)) as other:
        found = fetcher(allowed=[other.origin], fetch_s=0.3)(other.url, "x")
        stop.set()

    assert (found.status, found.trouble.startswith("no answer")) == (0, True)


def test_who_hangs_up_is_told() -> None:
    with Receiver(lambda _got: Says(hangs_up=True)) as other:
        found = fetcher(allowed=[other.origin])(other.url, "x")

    assert (found.status, found.trouble.startswith("no answer")) == (0, True)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/x",
        "https://127.0.0.1:{port}/x",
        "https://2130706433/x",
        "https://[::1]:{port}/x",
        "https://localhost:{port}/x",
        "https://user@127.0.0.1:{port}/x",
        "https://book.example.org/x",
    ],
)
def test_nothing_inside_is_asked(url: str) -> None:
    with Trap() as trap:
        found = fetcher(allowed=[], resolve=lambda _host, _port: ["127.0.0.1"])(url.format(port=trap.port), "secret")

        assert (found.status, trap.connections) == (0, 0)
    assert found.trouble
    assert "secret" not in found.trouble
