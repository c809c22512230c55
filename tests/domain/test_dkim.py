from typing import Any

import pytest

from tests.builders import HOUR, NOON, a_dkim_key
from tocsin.domain.dkim import (
    Algorithm,
    KeyState,
    is_domain,
    record_complaint,
    selector_complaint,
    tags,
    zone_line,
)


def test_a_key_has_its_name_in_the_dns_and_a_line_for_the_zone() -> None:
    key = a_dkim_key()

    assert key.name == "acme-1._domainkey.example.com"
    assert key.zone_line == 'acme-1._domainkey.example.com. IN TXT "v=DKIM1; k=rsa; p=AAAA"'
    assert "sealed" not in repr(key)


def test_a_long_record_is_cut_into_strings_of_255() -> None:
    text = "x" * 255 + "y" * 255 + "z"

    assert zone_line("a.example", text) == f'a.example. IN TXT "{"x" * 255}" "{"y" * 255}" "z"'


def test_what_would_end_a_string_of_a_zone_file_is_escaped() -> None:
    assert zone_line("a.example", 'say "x" \\ y') == 'a.example. IN TXT "say \\"x\\" \\\\ y"'


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, KeyState.WAITING),
        ({"activated_at": NOON}, KeyState.ACTIVE),
        ({"activated_at": NOON, "retired_at": NOON + HOUR}, KeyState.RETIRED),
        ({"retired_at": NOON + HOUR}, KeyState.RETIRED),
    ],
)
def test_a_key_waits_then_signs_and_is_retired(changes: dict[str, Any], state: KeyState) -> None:
    assert a_dkim_key(**changes).state is state


@pytest.mark.parametrize("selector", ["a", "acme-20261124", "0", "a" * 63])
def test_a_selector_is_one_label(selector: str) -> None:
    assert selector_complaint(selector) is None


@pytest.mark.parametrize("selector", ["", "a.b", "A", "-a", "a-", "a_b", "a" * 64, "a b", "ä"])
def test_another_selector_is_told_what_would_be_right(selector: str) -> None:
    assert selector_complaint(selector) == "use up to 63 of a-z, 0-9 and hyphens, no hyphen at the ends"


def test_a_domain_has_two_labels_or_more_in_lower_case_and_ascii() -> None:
    long = ".".join(["a" * 60] * 4)

    for domain in ("example.com", "xn--bcher-kva.example", "1.2.3.example", long, f"{'b' * 9}.{long}"):
        assert is_domain(domain), domain
    for domain in (
        "",
        "localhost",
        "Example.com",
        "a..b",
        "a.b.",
        "-a.b",
        "bücher.example",
        "a_b.c",
        f"{'b' * 10}.{long}",
    ):
        assert not is_domain(domain), domain


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("v=DKIM1; k=rsa; p=AA==", {"v": "DKIM1", "k": "rsa", "p": "AA=="}),
        (" v = DKIM1 ;p= ; ", {"v": "DKIM1", "p": ""}),
        ("p=A B", {"p": "A B"}),
        ("v=DKIM1;;p=A", None),
        ("hello", None),
        ("=x", None),
        ("", None),
        ("p=A; p=B", None),
    ],
)
def test_a_tag_list_is_read_and_what_is_none_is_told(text: str, found: dict[str, str] | None) -> None:
    assert tags(text) == found


@pytest.mark.parametrize(
    "record",
    ["v=DKIM1; k=rsa; p=AAAA", "p=AA AA", "v=DKIM1; k=rsa; h=sha1:sha256; s=email; t=s; p=AAAA;", "k=rsa; s=*; p=AAAA"],
)
def test_a_record_that_does_for_the_key_is_fine(record: str) -> None:
    assert record_complaint([record], a_dkim_key()) is None


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "there is no record"),
        (["v=DKIM1; k=rsa; p=AAAA"] * 2, "there are 2 records"),
        (["hello"], "is no DKIM key"),
        (["v=DKIM2; k=rsa; p=AAAA"], "is no DKIM key"),
        (["k=rsa; v=DKIM1; p=AAAA"], "is no DKIM key"),
        (["v=DKIM1; k=rsa; p=BBBB"], "holds another key"),
        (["v=DKIM1; k=rsa; p="], "holds another key"),
        (["v=DKIM1; k=rsa"], "holds another key"),
        (["v=DKIM1; k=ed25519; p=AAAA"], "says k=ed25519"),
        (["v=DKIM1; h=sha1; p=AAAA"], "other hashes only"),
        (["v=DKIM1; s=other; p=AAAA"], "not for mail"),
        (["v=DKIM1; t=y:s; p=AAAA"], "only a trial"),
    ],
)
def test_what_is_wrong_with_a_record_is_told(records: list[str], words: str) -> None:
    assert words in str(record_complaint(records, a_dkim_key()))


def test_a_record_without_k_is_one_of_rsa() -> None:
    key = a_dkim_key(algorithm=Algorithm.ED25519, public_record="v=DKIM1; k=ed25519; p=AAAA")

    assert record_complaint(["v=DKIM1; p=AAAA"], key) == "the record says k=rsa"
    assert record_complaint(["v=DKIM1; k=ed25519; p=AAAA"], key) is None
