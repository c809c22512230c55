import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.host import BARE, subdomain_of

BASE = "tocsin.example.com"


@pytest.mark.parametrize(
    "host",
    [
        "acme.tocsin.example.com",
        "acme.tocsin.example.com:8000",
        "acme.tocsin.example.com.",
        "acme.tocsin.example.com.:443",
        "ACME.Tocsin.Example.COM",
    ],
)
def test_the_subdomain_names_the_workspace(host: str) -> None:
    assert subdomain_of([host], base=BASE) == "acme"


@pytest.mark.parametrize(
    "host",
    [
        "tocsin.example.com",
        "TOCSIN.example.com:80",
        "localhost",
        "localhost:8000",
        "127.0.0.1:8000",
        "[::1]:80",
        "[::1]",
    ],
)
def test_the_bare_address_and_the_own_machine_name_no_workspace(host: str) -> None:
    assert subdomain_of([host], base=BASE) == BARE


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        ":80",
        "example.com",
        "acme.example.com",
        ".tocsin.example.com",
        "a.b.tocsin.example.com",
        "acme.tocsin.example.com.evil.org",
        "acmetocsin.example.com",
        "acme..tocsin.example.com",
        "acme.tocsin.example.com, evil",
        "evil@acme.tocsin.example.com",
        "acme.tocsin.example.com:80:80",
        "acme.tocsin.example.com:",
        "acme.tocsin.example.com:123456",
        "acme.tocsin.example.com/path",
        "ac_me.tocsin.example.com",
        "ac me.tocsin.example.com",
        "äcme.tocsin.example.com",
        "127.0.0.2",
        "localhost.evil.org",
        "acme.localhost",
        "a" * 64 + ".tocsin.example.com",
    ],
)
def test_nothing_is_guessed_from(host: str) -> None:
    assert subdomain_of([host], base=BASE) is None


def test_a_request_has_exactly_one_host() -> None:
    assert subdomain_of([], base=BASE) is None
    assert subdomain_of(["acme.tocsin.example.com"] * 2, base=BASE) is None


@given(st.text(), st.text())
def test_a_subdomain_is_one_plain_label_right_before_the_base(left: str, right: str) -> None:
    found = subdomain_of([f"{left}.{BASE}{right}"], base=BASE)

    assert not found or f"{found}.{BASE}" == f"{left}.{BASE}{right}".lower().partition(":")[0].removesuffix(".")
