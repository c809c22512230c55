"""Webhooks: which URLs may be called, and what they are signed with as secrets are replaced."""

from datetime import timedelta

import pytest

from tests.builders import NOON, SECOND
from tocsin.domain.webhook import OVERLAP, WebhookSecret, secret_text, signing_secrets, url_complaint

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
    ("generation", "age", "numbers"),
    [
        (1, timedelta(0), [1]),
        (2, timedelta(0), [2, 1]),
        (2, OVERLAP - SECOND, [2, 1]),
        (2, OVERLAP, [2]),
        (5, timedelta(0), [5, 4]),
    ],
)
def test_the_former_secret_signs_for_a_day_after_it_was_replaced(
    generation: int, age: timedelta, numbers: list[int]
) -> None:
    known = WebhookSecret(url=URL, generation=generation, replaced_at=NOON - age)

    found = signing_secrets(known, workspace_id="w", url=URL, secret=b"s", now=NOON)

    assert found == tuple(secret_text("w", URL, number, secret=b"s") for number in numbers)


def test_before_anybody_made_a_secret_calls_are_signed_with_one_that_nobody_knows() -> None:
    (found,) = signing_secrets(None, workspace_id="w", url=URL, secret=b"s", now=NOON)

    assert found not in {secret_text("w", URL, number, secret=b"s") for number in (1, 2)}
