"""Webhooks: which URLs may be called, and what they are signed with as secrets are replaced."""

from datetime import timedelta

import pytest

from tests.builders import NOON, SECOND
from tocsin.domain.webhook import (
    LONGEST_URL,
    OVERLAP,
    WebhookSecret,
    parts,
    secret_text,
    signing_secrets,
    url_complaint,
)

URL = "https://hooks.example.org/x"


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://hooks.example.org",
        "https://hooks.example.org?key=1&x=%20",
        "HTTPS://Hooks.Example.ORG:443/x",
        "https://xn--bcher-kva.example/x",
        "https://a_b.example.org/x'(y)!~",
    ],
)
def test_a_public_name_may_be_called(url: str) -> None:
    assert url_complaint(url) is None


def test_a_url_has_an_end() -> None:
    longest = f"https://hooks.example.org/{'x' * LONGEST_URL}"[:LONGEST_URL]

    assert url_complaint(longest) is None
    assert url_complaint(f"{longest}x") == f"is longer than {LONGEST_URL} characters"


def test_an_origin_that_an_operator_opened_may_be_called_and_none_beside_it() -> None:
    allowed = {"http://n8n.internal:5678"}

    assert url_complaint("http://N8N.internal:5678/hook?x", allowed=allowed) is None
    for other in (
        "http://n8n.internal:5679/",
        "https://n8n.internal:5678/",
        "http://n8n.internal/",
        "http://x@n8n.internal:5678/",
    ):
        assert url_complaint(other, allowed=allowed) is not None


def test_each_secret_is_of_one_workspace_url_and_number() -> None:
    made = {
        secret_text(workspace, url, number, secret=secret)
        for workspace in ("a", "b")
        for url in (URL, URL + "/")
        for number in (1, 2)
        for secret in (b"one", b"two")
    }

    assert len(made) == 16
    assert all(one.startswith("whsec_") and len(one) == 50 for one in made)


@pytest.mark.parametrize(
    ("ages", "numbers"),
    [
        ([], [0]),
        ([timedelta(0)], [1]),
        ([timedelta(days=9)], [1]),
        ([timedelta(0), timedelta(days=9)], [2, 1]),
        ([OVERLAP - SECOND, timedelta(days=9)], [2, 1]),
        ([OVERLAP, timedelta(days=9)], [2]),
        ([timedelta(0), SECOND, OVERLAP], [3, 2, 1]),
        ([timedelta(0), OVERLAP, timedelta(days=9)], [3, 2]),
        ([timedelta(0)] * 9, [9, 8, 7, 6, 5]),
    ],
)
def test_a_secret_signs_for_a_day_after_it_was_replaced(ages: list[timedelta], numbers: list[int]) -> None:
    made = [WebhookSecret(generation=len(ages) - place, made_at=NOON - age) for place, age in enumerate(ages)]

    found = signing_secrets(made, workspace_id="w", url=URL, secret=b"s", now=NOON)

    assert found == tuple(secret_text("w", URL, number, secret=b"s") for number in numbers)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Hooks.example.org", ("https", "hooks.example.org", 443, "/")),
        ("HTTPS://hooks.example.org:443/A;v=1?b=C", ("https", "hooks.example.org", 443, "/A;v=1?b=C")),
        ("http://n8n.internal:5678?x", ("http", "n8n.internal", 5678, "/?x")),
    ],
)
def test_a_url_is_taken_apart_as_it_was_looked_at(url: str, expected: tuple[str, str, int, str]) -> None:
    assert parts(url) == expected


def test_what_is_no_url_has_no_parts() -> None:
    with pytest.raises(ValueError, match="is no URL"):
        parts("https://ada@hooks.example.org/")
