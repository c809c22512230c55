"""`tocsin webhook`: the secret that is printed alone, and URLs that nobody may call."""

import pytest
from standardwebhooks.webhooks import Webhook

from tests.faces.shell import Shell

URL = "https://hooks.example.org/bookings"


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """Give the command line on a fresh SQLite file with the workspace `acme`."""
    shell.done("workspace", "create", "acme")
    return shell


def test_a_secret_is_printed_alone_and_the_next_is_another(shell: Shell) -> None:
    first, second = (shell.done("webhook", "secret", "acme", URL).strip() for _ in range(2))

    assert Webhook(first)
    assert first != second
    assert shell.json("webhook", "secret", "acme", URL)["url"] == URL


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["acme", "http://hooks.example.org/x"], 2, "url: must begin with https://"),
        (["acme", "https://127.0.0.1/x"], 2, "url: must name a public host"),
        (["nobody", URL], 1, "nobody"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(shell: Shell, arguments: list[str], code: int, words: str) -> None:
    assert words in shell.refused(code, "webhook", "secret", *arguments)


def test_an_origin_that_is_opened_may_have_a_secret(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_WEBHOOK_ALLOW", "http://n8n.internal:5678")

    assert shell.done("webhook", "secret", "acme", "http://n8n.internal:5678/x").startswith("whsec_")
