"""`tocsin audit`, and what `tocsin doctor` says of the logs."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.faces.shell import Shell


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """Give the command line on a fresh SQLite file with two workspaces, in one of which three things were done."""
    shell.done("workspace", "create", "acme")
    shell.done("workspace", "create", "globex")
    shell.done("key", "create", "acme", "--name", "Zoë")
    shell.done("suppression", "add", "acme", "ann@example.org")
    return shell


def tamper(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def doctor(shell: Shell) -> dict[str, list[tuple[str, str]]]:
    _, out, _ = shell("doctor", "--json")
    found: dict[str, list[tuple[str, str]]] = {}
    for one in json.loads(out):
        found.setdefault(one["name"], []).append((one["grade"], one["sentence"]))
    return found


def test_the_log_is_listed_the_newest_first_and_filtered(shell: Shell) -> None:
    verbs = ["suppression.added", "key.created", "workspace.created"]

    assert [one["verb"] for one in shell.json("audit", "list", "acme")] == verbs
    assert [one["name"] for one in shell.json("audit", "list", "acme", "--what", "key")] == ["Zoë"]
    assert shell.done("audit", "list", "acme", "--who", "nobody") == "none\n"
    assert shell.done("audit", "list", "acme", "--day", "1999-01-01") == "none\n"
    assert "suppression.added" in shell.done("audit", "list", "acme", "--id", "ann@example.org")
    assert [one["verb"] for one in shell.json("audit", "list", "globex")] == ["workspace.created"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["list", "nobody"], 1, "there is no workspace called nobody"),
        (["list", "acme", "--what", "eaten"], 2, "what: use one of account, "),
        (["list", "acme", "--day", "soon"], 2, "day: write a day such as 2026-11-24"),
        (["list", "acme", "--day", "0001-01-01"], 2, "day: write a day such as 2026-11-24"),
        (["list", "acme", "--day", "9999-12-31"], 2, "day: write a day such as 2026-11-24"),
        (["verify", "acme", "--anchor", "3"], 2, "anchor: write it as `tocsin audit verify` has shown it"),
        (["export", "nobody"], 1, "there is no workspace called nobody"),
    ],
)
def test_what_cannot_be_is_told(shell: Shell, arguments: list[str], code: int, words: str) -> None:
    assert words in shell.refused(code, "audit", *arguments)


def test_an_export_has_every_entry_with_its_seal_the_oldest_first(shell: Shell) -> None:
    lines = [json.loads(line) for line in shell.done("audit", "export", "acme").splitlines()]

    assert [line["number"] for line in lines] == [1, 2, 3]
    assert all(len(line["seal"]) == 64 for line in lines)
    assert lines[1]["after"]["scopes"] == ["admin"]


def test_a_whole_log_is_called_so_with_an_anchor_for_the_next_time(shell: Shell) -> None:
    anchor = shell.json("audit", "verify", "acme")["anchor"]
    shell.done("key", "create", "acme")

    assert shell.done("audit", "verify", "acme", "--anchor", anchor).startswith("4 entries, as they were written")
    assert "entry 3 is not the one with that seal" in shell.refused(
        1, "audit", "verify", "acme", "--anchor", f"3:{'0' * 64}"
    )
    assert doctor(shell)["audit"] == [("ok", "every audit log is as it was written")]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE audit SET who = 'eve' WHERE name = 'Zoë'", "entry 2 is not as it was written, or with another secret"),
        ("DELETE FROM audit WHERE name = 'Zoë'", "entry 2 is missing"),
        ("DELETE FROM audit WHERE number = 3", "entry 3 is missing, and all behind it"),
        (
            "UPDATE audit_heads SET torn_at = 0, number = 2 WHERE number = 3",
            "what came behind entry 3 may have been cut",
        ),
    ],
)
def test_verify_and_doctor_name_the_first_entry_that_is_not_as_it_was(
    shell: Shell, sqlite_path: Path, statement: str, words: str
) -> None:
    tamper(sqlite_path, statement)

    assert words in shell.refused(1, "audit", "verify", "acme")
    ((grade, sentence),) = doctor(shell)["audit"]
    assert (grade, sentence.startswith(f"acme: {words}")) == ("failed", True)
    assert shell.done("audit", "verify", "globex").startswith("1 entries")


def test_another_secret_is_told_of(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SECRET_KEY", "another secret that is long enough for it")

    assert "entry 1 is not as it was written, or with another secret" in shell.refused(1, "audit", "verify", "acme")
