"""`tocsin secret replace` as an operator types it, on each store: with the server stopped, and again if it was interrupted."""

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import blocks
from tests.faces.running import Program
from tests.faces.shell import Shell
from tests.ports import free_port

FORMER = "the secret that there was before, at first"
PRESENT = "the secret that there is now, after a while"


@pytest.fixture(params=["sqlite", "postgresql"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Program:
    """Give the program on a store with two workspaces that was made with the former secret, which `former.key` holds."""
    url = (
        request.getfixturevalue("postgres_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/tocsin.db"
    )
    (tmp_path / "former.key").write_text(f"{FORMER}\n")
    program = Program(folder=tmp_path, environment={"TOCSIN_DATABASE_URL": url, "TOCSIN_SECRET_KEY": FORMER})
    for name in ("acme", "globex"):
        program.done("workspace", "create", name, "--mail-from", f"invites@{name}.example")
        program.done("dkim", "create", name, "--selector", "one", "--algorithm", "ed25519")
    program.done("webhook", "secret", "acme", "https://hooks.example.com/a?b=c&d=e")
    return Program(folder=tmp_path, environment={"TOCSIN_DATABASE_URL": url, "TOCSIN_SECRET_KEY": PRESENT})


def ran(program: Program, *arguments: str, code: int = 0, **more: str) -> dict[str, Any]:
    """Run the command; return by workspace what it tells in JSON."""
    ended = program.run("secret", "replace", "--former", "former.key", "--json", *arguments, **more)
    assert ended.returncode == code, ended.stderr
    return {one["subdomain"]: one for one in json.loads(ended.stdout)["workspaces"]}


def sealed(report: dict[str, Any]) -> list[tuple[int, int, int]]:
    return [(box["sealed_anew"], box["as_before"], box["not_opened"]) for box in report["boxes"][:1]]


def test_everything_is_sealed_anew_and_an_operator_reads_what_is_to_be_done(program: Program) -> None:
    program.done("account", "create", "acme", "ann@example.com", "--no-password", TOCSIN_SECRET_KEY=FORMER)
    program.done("key", "create", "acme", TOCSIN_SECRET_KEY=FORMER)

    said = program.done("secret", "replace", "--former", "former.key")

    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert lines[:5] == [
        "workspace what sealed anew as before not opened",
        "acme DKIM keys 1 0 0",
        "acme entries of the audit log 5 0 0",
        "globex DKIM keys 1 0 0",
        "globex entries of the audit log 2 0 0",
    ]
    assert "API keys 1 revoked; make new ones: tocsin key create SUBDOMAIN" in lines
    assert "links to choose a password all make new ones: Settings, People" in lines
    assert "tocsin webhook secret acme 'https://hooks.example.com/a?b=c&d=e'" in lines
    (anchor,) = (line.rpartition(" ")[2] for line in lines if line.startswith("acme: new anchor"))
    assert program.done("audit", "verify", "acme", "--anchor", anchor).startswith("6 entries, as they were written")
    found = json.loads(program.run("doctor", "--json").stdout)
    assert {one["name"]: one["grade"] for one in found if one["name"] in {"secret key", "audit"}} == {
        "secret key": "ok",
        "audit": "ok",
    }
    assert FORMER not in said
    assert PRESENT not in said


def test_a_run_that_was_killed_in_the_second_workspace_goes_on_when_it_is_started_again(program: Program) -> None:
    ended = program.run(
        "secret", "replace", "--former", "former.key", TOCSIN_FAULTS="before_commit:kill@3"
    )  # the first is of the start
    assert ended.returncode == -signal.SIGKILL
    assert program.done("audit", "verify", "acme").startswith("4 entries, as they were written")
    program.refused(1, "audit", "verify", "globex")

    reports = ran(program)

    assert (sealed(reports["acme"]), sealed(reports["globex"])) == ([(0, 1, 0)], [(1, 0, 0)])
    assert program.done("audit", "verify", "acme").startswith("4 entries")
    assert program.done("audit", "verify", "globex").startswith("3 entries")


def test_a_wrong_former_secret_is_told_and_all_goes_on_with_the_right_one(program: Program) -> None:
    wrong = "another secret that was never one of these"
    (program.folder / "wrong.key").write_text(wrong)

    told = program.refused(1, "secret", "replace", "--former", "wrong.key")

    assert "nothing here was sealed with the secret in --former, and nothing was changed" in told
    assert wrong not in told
    same = program.refused(1, "secret", "replace", "--former", "former.key", TOCSIN_SECRET_KEY=FORMER)
    assert "is the one in use, and nothing was changed: set the new one first" in same
    assert program.done("audit", "verify", "acme", TOCSIN_SECRET_KEY=FORMER).startswith("3 entries")
    assert program.run("secret", "replace", "--former", "-", stdin=f"{FORMER}\n").returncode == 0


def test_while_a_server_works_on_the_file_it_is_refused(tmp_path: Path) -> None:
    port = free_port()
    environment = {"TOCSIN_LISTEN": f"127.0.0.1:{port}", "TOCSIN_BASE_URL": f"http://localhost:{port}"}
    program = Program(folder=tmp_path, environment=environment)
    with program.started("serve", says="Tocsin"):
        program.done("workspace", "create", "acme")
        (tmp_path / "tocsin.db.key").rename(tmp_path / "former.key")
        told = program.refused(1, "secret", "replace", "--former", "former.key")

    assert "another process works on tocsin.db, with the secret that it has read at its start; stop it" in told


def test_the_way_on_the_page_is_typed(tmp_path: Path) -> None:
    program = Program(folder=tmp_path)
    program.done("workspace", "create", "acme")
    (block,) = blocks("docs/cryptography.md")

    ended = subprocess.run(
        ["bash", "-euc", f'export PATH="{Path(sys.executable).parent}:$PATH"\n{block.text}'],
        cwd=tmp_path,
        env=program._environment({}),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert program.done("audit", "verify", "acme").startswith("2 entries, as they were written")
    assert (tmp_path / "tocsin.db.key").read_text() != (tmp_path / "former.key").read_text()


@pytest.fixture
def shell(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Give the command line on a fresh SQLite file with a workspace and a key that signs, after the secret was replaced."""
    monkeypatch.setenv("TOCSIN_SECRET_KEY", FORMER)
    shell.done("workspace", "create", "acme", "--mail-from", "invites@acme.example")
    shell.done("dkim", "create", "acme", "--selector", "one", "--algorithm", "ed25519")
    Path("former.key").write_text(FORMER)
    monkeypatch.setenv("TOCSIN_SECRET_KEY", PRESENT)
    return shell


def tamper(statement: str) -> None:
    with closing(sqlite3.connect("tocsin.db")) as connection, connection:
        connection.execute(statement)


def test_what_neither_secret_opens_is_named_and_the_exit_code_says_so(shell: Shell) -> None:
    tamper("UPDATE dkim_keys SET private_key = x'01020304'")

    code, out, err = shell("secret", "replace", "--former", "former.key")

    assert code == 1
    assert "Opened by neither secret, and left as they are:" in out
    assert "acme DKIM key one._domainkey.acme.example" in [" ".join(line.split()) for line in out.splitlines()]
    assert err == "tocsin: the rest is sealed anew, and not all: 1 of the boxes open with neither secret\n"


def test_a_changed_log_is_named_with_its_place(shell: Shell) -> None:
    tamper("UPDATE audit SET who = 'eve' WHERE number = 2")

    code, _, err = shell("secret", "replace", "--former", "former.key")

    assert code == 1
    assert "the audit log of acme was left as it is, because it is not as it was written: entry 2 is not" in err


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("nowhere.key", "former: cannot read nowhere.key: "),
        ("short.key", "former: short.key holds no secret: those have at least 32 characters"),
        ("octets.key", "former: cannot read octets.key: "),
        ("/dev/zero", "it has more than 65536 octets"),
        ("a\nb", "former: cannot read a b: "),
    ],
)
def test_what_is_no_file_with_a_secret_is_told(shell: Shell, file: str, words: str) -> None:
    Path("short.key").write_text("short")
    Path("octets.key").write_bytes(b"\xff" * 40)

    assert words in shell.refused(2, "secret", "replace", "--former", file)


def test_where_there_is_no_store_none_is_made(shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", f"sqlite:///{tmp_path}/other.db")

    assert "there is no store at" in shell.refused(1, "secret", "replace", "--former", "former.key")
    assert list(tmp_path.glob("other*")) == []
