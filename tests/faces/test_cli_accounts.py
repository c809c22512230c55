"""`tocsin account`: passwords come from a file or standard input, and never from the command line."""

import io
from pathlib import Path

import pytest

from tests.faces.shell import Shell

PASSWORD = "correct horse battery"


@pytest.fixture
def shell(shell: Shell, tmp_path: Path) -> Shell:
    """Give the command line on a fresh SQLite file with the workspace `acme`, and a file with a password."""
    (tmp_path / "password").write_text(f"{PASSWORD}\r\nsecond line\n")
    shell.done("workspace", "create", "acme")
    return shell


def typed(monkeypatch: pytest.MonkeyPatch, text: str, *, at_a_terminal: bool = False) -> None:
    stdin = io.StringIO(text)
    monkeypatch.setattr(stdin, "isatty", lambda: at_a_terminal)
    monkeypatch.setattr("sys.stdin", stdin)


def test_an_account_is_made_listed_and_deleted(shell: Shell) -> None:
    said = shell.done("account", "create", "acme", "Ann@example.com", "--password-file", "password")
    shell.done("account", "create", "acme", "vic@example.com", "--role", "viewer", "--password-file", "password")

    assert said == "ann@example.com may sign in to acme as admin\n"
    assert [(one["email"], one["role"]) for one in shell.json("account", "list", "acme")] == [
        ("ann@example.com", "admin"),
        ("vic@example.com", "viewer"),
    ]
    assert PASSWORD not in shell.done("account", "list", "acme")
    assert shell.done("account", "delete", "acme", "vic@example.com") == "deleted vic@example.com\n"
    assert len(shell.json("account", "list", "acme")) == 1


@pytest.mark.parametrize("file", [[], ["--password-file", "-"]])
def test_a_password_is_read_from_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch, file: list[str]) -> None:
    typed(monkeypatch, f"{PASSWORD}\n")
    shell.done("account", "create", "acme", "ann@example.com", *file)

    typed(monkeypatch, "short\n")
    assert "password: must have 12" in shell.refused(2, "account", "password", "acme", "ann@example.com", *file)
    typed(monkeypatch, "another long password\n")
    said = shell.done("account", "password", "acme", "ann@example.com", *file)
    assert said == "ann@example.com has a new password, and is signed out everywhere\n"


def test_at_a_terminal_the_password_is_asked_for_twice_and_not_shown(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(prompt: str = "", **_: object) -> str:
        asked.append(prompt)
        return PASSWORD

    typed(monkeypatch, "", at_a_terminal=True)
    monkeypatch.setattr("getpass.getpass", ask)
    code, out, _ = shell("account", "create", "acme", "ann@example.com")

    assert (code, PASSWORD in out) == (0, False)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["create", "acme", "ann@example.com", "--password-file", "nowhere"], 2, "password-file: cannot read nowhere"),
        (["create", "acme", "no address", "--password-file", "password"], 2, "email: is not a mail address"),
        (["create", "acme", "a@b.example", "--role", "boss", "--password-file", "password"], 2, "roles are admin, vie"),
        (["create", "nobody", "ann@example.com", "--password-file", "password"], 1, "no workspace called nobody"),
        (["password", "acme", "bob@example.com", "--password-file", "password"], 1, "tocsin account list"),
        (["delete", "acme", "bob@example.com"], 1, "tocsin account list"),
        (["create", "acme", "ann@example.com", "--password", PASSWORD], 2, "No such option"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(shell: Shell, arguments: list[str], code: int, words: str) -> None:
    assert words in shell.refused(code, "account", *arguments)


def test_an_account_without_a_password_asks_for_none(shell: Shell) -> None:
    said = shell.done("account", "create", "acme", "ann@example.com", "--no-password")

    assert said == "ann@example.com may sign in to acme as admin\n"
    both = ("account", "create", "acme", "bob@example.com", "--no-password", "--password-file", "password")
    assert "no-password: give it, or --password-file, and not both" in shell.refused(2, *both)
