"""`tocsin source`: what to paste where, the secret that is shown once, and secrets that are never arguments."""

import io
import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.faces.shell import Shell
from tests.sources.senders import SECRETS, SIGNERS, first, octets
from tocsin import bootstrap
from tocsin.api.sources import inlet_of
from tocsin.domain.model import WorkspaceId
from tocsin.formats.sources.shape import Incoming
from tocsin.services import source_calls, source_looks
from tocsin.services.ports_sources import Fetched


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """Give the command line on a fresh SQLite file with the workspace `acme`."""
    shell.done("workspace", "create", "acme")
    return shell


def take(shell: Shell, url: str, body: bytes) -> None:
    """Let a call of Cal.com come to an address, as the server takes it."""
    workspace_id = WorkspaceId(shell.json("workspace", "show", "acme")["id"])
    with closing(bootstrap.open_app(bootstrap.settings())) as app:
        headers = {
            name.lower(): value for name, value in SIGNERS["cal_com"](SECRETS["cal_com"], body, app.clock()).items()
        }
        incoming = Incoming(headers=headers, body=body)
        source_calls.receive(inlet_of(app), workspace_id, url.rpartition("/")[2], incoming)


def test_a_source_is_made_listed_shown_and_deleted(shell: Shell) -> None:
    said = shell.done("source", "create", "acme", "cal_com", "--name", "Our Cal.com")
    (listed,) = shell.json("source", "list", "acme")

    assert "(shown only now)" in said
    assert f"Subscriber URL: {listed['url']}" in said
    assert "Our Cal.com" in shell.done("source", "list", "acme")
    shown = shell.done("source", "show", "acme", listed["id"])
    assert "shown only now" not in shown
    assert listed["url"] in shown
    assert shell.json("source", "show", "acme", listed["id"])["source"] == "cal_com"
    assert shell.done("source", "delete", "acme", listed["id"]) == f"deleted {listed['id']}\n"
    assert shell.done("source", "list", "acme") == "none\n"
    assert "no source" in shell.refused(1, "source", "show", "acme", listed["id"])


def test_a_secret_comes_from_a_file_or_from_standard_input(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key.txt").write_text("an API key of Acuity\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("a token of the API\n"))

    acuity = shell.json("source", "create", "acme", "acuity", "--user-id", "4711", "--secret-file", "key.txt")
    easy = shell.json(
        "source",
        "create",
        "acme",
        "easy_appointments",
        "--api-url",
        "https://book.example.org",
        "--api-token-file",
        "-",
    )

    assert (acuity["secret"], acuity["user_id"]) == (None, "4711")
    assert (len(easy["secret"]), easy["api_url"]) == (64, "https://book.example.org")
    assert "an API key" not in json.dumps([acuity, easy])


def test_calls_are_listed_shown_and_read_again(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(SECRETS["cal_com"])
    made = shell.json("source", "create", "acme", "cal_com", "--secret-file", "secret.txt")
    assert shell.done("source", "calls", "acme", made["id"]) == "none\n"
    body = first("cal_com")
    take(shell, made["url"], octets("cal_com", body | {"payload": body["payload"] | {"organizer": None}}))

    (call,) = shell.json("source", "calls", "acme", made["id"], "--state", "not_understood")

    assert "names no host" in shell.done("source", "calls", "acme", made["id"])
    assert "calUid1" in json.loads(shell.done("source", "call", "acme", made["id"], call["id"]))["body"]
    assert shell.done("source", "replay", "acme", made["id"], call["id"]).startswith(
        "not_understood: the call names no host"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["acme", "outlook"], 2, "source: must be one of"),
        (["acme", "acuity"], 2, "user_id: is required for acuity"),
        (["acme", "cal_com", "--secret-file", "nowhere.txt"], 2, "nowhere.txt cannot be read"),
        (["nobody", "cal_com"], 1, "nobody"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(shell: Shell, arguments: list[str], code: int, words: str) -> None:
    assert words in shell.refused(code, "source", "create", *arguments)


def test_a_source_with_a_token_tells_how_its_looks_go_and_looks_when_it_is_told_to(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a token of the API\n"))
    made = shell.json("source", "create", "acme", "cal_com", "--api-token-file", "-")
    assert made["look"]["last_looked_at"] is None
    with closing(bootstrap.open_app(bootstrap.settings())) as app:
        source_looks.tend(inlet_of(app), lambda *_: Fetched(status=503))

    said = shell.done("source", "show", "acme", made["id"])
    assert "looked  never, next " in said
    assert "the other product could not be asked: it answered 503" in said
    assert "a token of the API" not in said
    assert "as soon as a worker can" in shell.done("source", "look", "acme", made["id"])
    with closing(bootstrap.open_app(bootstrap.settings())) as app:
        for _ in range(2):  # what was booked, and what was changed
            source_looks.tend(inlet_of(app), lambda *_: Fetched(status=200, body=b'{"data": []}'))

    assert "looked  2" in shell.done("source", "show", "acme", made["id"])
    assert "no token to look with" in shell.refused(
        1, "source", "look", "acme", shell.json("source", "create", "acme", "generic")["id"]
    )


def test_a_source_that_cannot_look_says_nothing_of_looks(shell: Shell) -> None:
    assert "looked" not in shell.done("source", "create", "acme", "cal_com")
