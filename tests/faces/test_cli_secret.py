"""`tocsin secret replace` as an operator types it, on each store: with the server stopped, and again if it was interrupted."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.docs.blocks import Block, blocks
from tests.faces.running import Program
from tests.faces.shell import Shell
from tests.ports import free_port
from tocsin import cli
from tocsin.storage import sqlite

FORMER = "the secret that there was before, at first"
PRESENT = "the secret that there is now, after a while"
REPLACE = ("secret", "replace", "--former", "former.key")
HOOK = "https://hooks.example.com/a?b=c&d=e"
FILLED = [
    ("workspace", "create", "acme", "--mail-from", "invites@acme.example"),
    ("dkim", "create", "acme", "--selector", "one", "--algorithm", "ed25519"),
    ("webhook", "secret", "acme", HOOK),
    ("workspace", "create", "globex", "--mail-from", "invites@globex.example"),
    ("dkim", "create", "globex", "--selector", "one", "--algorithm", "ed25519"),
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """Give a SQLite file with two workspaces that was made with the former secret, to be copied and never used."""
    path = Path(shutil.copy(sqlite_template, tmp_path_factory.mktemp("filled") / "tocsin.db"))
    with pytest.MonkeyPatch.context() as patch:
        fill(patch, f"sqlite:///{path}")
    return path


def fill(patch: pytest.MonkeyPatch, url: str) -> None:
    patch.setenv("TOCSIN_DATABASE_URL", url)
    patch.setenv("TOCSIN_SECRET_KEY", FORMER)
    assert [cli.run(arguments) for arguments in FILLED] == [0] * len(FILLED)


@pytest.fixture
def shell(shell: Shell, sqlite_path: Path, filled: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Give the command line on such a file, after another secret was set; `former.key` holds the former one."""
    shutil.copy(filled, sqlite_path)
    Path("former.key").write_text(f"{FORMER}\n")
    monkeypatch.setenv("TOCSIN_SECRET_KEY", PRESENT)
    return shell


@pytest.fixture(params=["sqlite", "postgresql"])
def either(
    request: pytest.FixtureRequest, shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Give the command line on such a store of each sort."""
    if request.param == "postgresql":
        fill(monkeypatch, request.getfixturevalue("postgres_url"))
        monkeypatch.setenv("TOCSIN_SECRET_KEY", PRESENT)
        capsys.readouterr()
    return shell


def program() -> Program:
    """Return the program as a process of its own, in the same folder and environment."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("TOCSIN_")}  # noqa: TID251  a shell's
    return Program(folder=Path.cwd(), environment=kept)


def lines(said: str) -> list[str]:
    return [" ".join(line.split()) for line in said.splitlines()]


def test_everything_is_sealed_anew_and_an_operator_reads_what_is_to_be_done(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setenv("TOCSIN_SECRET_KEY", FORMER)
        shell.done("account", "create", "acme", "ann@example.com", "--no-password")
        shell.done("key", "create", "acme")

    said = shell.done(*REPLACE)

    told = lines(said)
    assert told[:3] == [
        "workspace what sealed anew as before not opened",
        "acme DKIM keys 1 0 0",
        "acme entries of the audit log 5 0 0",
    ]
    assert "API keys 1 revoked; make new ones: tocsin key create SUBDOMAIN" in told
    assert "links to choose a password all make new ones: Settings, Accounts" in told
    (anchor,) = (line.rpartition(" ")[2] for line in told if line.startswith("acme: new anchor"))
    of_acme = told[: told.index(f"acme: new anchor of its audit log {anchor}")]
    assert f"tocsin webhook secret acme '{HOOK}'" in of_acme
    of_globex = told[len(of_acme) :]
    assert {"globex DKIM keys 1 0 0", "globex entries of the audit log 2 0 0"} <= set(of_globex)
    assert shell.done("audit", "verify", "acme", "--anchor", anchor).startswith("6 entries, as they were written")
    found = json.loads(shell("doctor", "--json")[1])
    assert {one["name"]: one["grade"] for one in found if one["name"] in {"secret key", "audit"}} == {
        "secret key": "ok",
        "audit": "ok",
    }
    assert FORMER not in said
    assert PRESENT not in said


def test_where_all_is_done_it_says_so(shell: Shell) -> None:
    first = shell.done(*REPLACE)

    told = lines(shell.done(*REPLACE))

    assert "all is sealed with the present secret" not in first
    assert told[1] == "acme DKIM keys 0 1 0"
    assert told[-1] == "all is sealed with the present secret, and was before; nothing was changed"
    assert not any("revoked" in line or line.startswith("tocsin ") for line in told)


def test_a_run_that_was_killed_in_the_second_workspace_goes_on_when_it_is_started_again(either: Shell) -> None:
    ended = program().run(*REPLACE, TOCSIN_FAULTS="before_commit:kill@3")  # the first is of the start

    assert ended.returncode == -signal.SIGKILL
    # What is to be done in the first is told already: nobody could tell it later.
    assert f"tocsin webhook secret acme '{HOOK}'" in lines(ended.stdout)
    assert "globex" not in ended.stdout
    assert either.done("audit", "verify", "acme").startswith("4 entries, as they were written")
    either.refused(1, "audit", "verify", "globex")

    reports = {one["subdomain"]: one for one in json.loads(either.done(*REPLACE, "--json"))["workspaces"]}

    boxes = {name: one["boxes"][0] for name, one in reports.items()}
    assert [(boxes[name]["sealed_anew"], boxes[name]["as_before"]) for name in ("acme", "globex")] == [(0, 1), (1, 0)]
    assert [reports[name]["was_done"] for name in ("acme", "globex")] == [True, False]
    assert either.done("audit", "verify", "acme").startswith("4 entries")
    assert either.done("audit", "verify", "globex").startswith("3 entries")


def test_what_is_to_be_done_is_told_also_where_the_file_cannot_be_written_anew(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 0.0)
    with reader() as box:
        code, told, err = shell(*REPLACE)
        assert any(box in path.read_bytes() for path in Path().glob("tocsin.db*"))
        code_in_json, told_in_json, _ = shell(*REPLACE, "--json")

    assert (code, code_in_json) == (1, 1)
    assert f"tocsin webhook secret acme '{HOOK}'" in lines(told)
    assert "somebody reads the database" in err
    assert [one["was_done"] for one in json.loads(told_in_json)["workspaces"]] == [True, True]
    assert shell.done(*REPLACE).endswith("nothing was changed\n")
    assert not any(box in path.read_bytes() for path in Path().glob("tocsin.db*"))


@contextmanager
def reader() -> Iterator[bytes]:
    """Read the file as another program does that has begun a long time ago; give a box in it."""
    with closing(sqlite3.connect("tocsin.db", isolation_level=None)) as connection:
        connection.execute("BEGIN")
        (box,) = connection.execute("SELECT private_key FROM dkim_keys").fetchone()
        yield box


def test_a_wrong_former_secret_is_told_and_all_goes_on_with_the_right_one(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = "another secret that was never one of these"
    Path("wrong.key").write_text(wrong)

    told = shell.refused(1, "secret", "replace", "--former", "wrong.key")

    assert "nothing here was sealed with the secret in --former, and nothing was changed" in told
    assert wrong not in told
    with monkeypatch.context() as before:
        before.setenv("TOCSIN_SECRET_KEY", FORMER)
        assert "is the one in use, and nothing was changed: set the new one first" in shell.refused(1, *REPLACE)
        assert shell.done("audit", "verify", "acme").startswith("3 entries")
    with Path("former.key").open() as former:
        monkeypatch.setattr(sys, "stdin", former)
        shell.done("secret", "replace", "--former", "-")


def test_while_a_server_works_on_the_file_it_is_refused(shell: Shell) -> None:
    port = free_port()
    listening = {"TOCSIN_LISTEN": f"127.0.0.1:{port}", "TOCSIN_BASE_URL": f"http://localhost:{port}"}
    with program().started("serve", says="Tocsin", TOCSIN_SECRET_KEY=FORMER, **listening):
        told = shell.refused(1, *REPLACE)

    assert "another process works on tocsin.db, with the secret that it has read at its start; stop it" in told


def test_the_way_on_the_page_is_typed(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_SECRET_KEY")
    Path("former.key").rename("tocsin.db.key")
    replaced, _ = blocks("docs/cryptography.md")

    typed(replaced)

    assert shell.done("audit", "verify", "acme").startswith("4 entries, as they were written")
    assert Path("tocsin.db.key").read_text() != Path("former.key").read_text()


def test_the_way_on_the_page_without_the_former_secret_is_typed(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_SECRET_KEY")
    _, lost = blocks("docs/cryptography.md")

    typed(lost)

    shell.done("key", "create", "acme")
    assert Path("tocsin.db.key").read_text() != Path("former.key").read_text()


def typed(block: Block) -> None:
    """Type a block of a page, as somebody in the folder of the database."""
    ended = subprocess.run(
        ["bash", "-euc", f'export PATH="{Path(sys.executable).parent}:$PATH"\n{block.text}'],
        env=program()._environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def tamper(statement: str) -> None:
    with closing(sqlite3.connect("tocsin.db")) as connection, connection:
        connection.execute(statement)


def test_what_neither_secret_opens_is_named_and_the_exit_code_says_so(shell: Shell) -> None:
    tamper("UPDATE dkim_keys SET private_key = x'01020304' WHERE domain = 'acme.example'")

    code, out, err = shell(*REPLACE)

    assert code == 1
    assert "Opened by no secret that was given, and left as they are:" in out
    assert any(line.startswith("acme DKIM key one._domainkey.acme.example make a new one: ") for line in lines(out))
    assert err == "tocsin: the rest is sealed anew, and not all: 1 of the boxes open with neither secret\n"


def test_a_changed_log_is_named_with_its_place(shell: Shell) -> None:
    tamper("UPDATE audit SET who = 'eve' WHERE number = 3")

    code, out, err = shell(*REPLACE)

    assert code == 1
    assert "acme: its audit log was left as it is: entry 3 is not as it was written, or with another secret" in lines(
        out
    )
    assert "the audit log of acme was left as it is, because it is not as it was written: entry 3 is not" in err


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


# Where somebody brings another secret, or none, and nothing was replaced

LOST = ("secret", "replace", "--former-is-lost")


@pytest.mark.parametrize("words", [("serve",), ("key", "create", "acme"), ("held", "list", "acme")])
def test_nothing_works_on_a_store_with_another_secret_than_its_own(
    either: Shell, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    ended = program().run(*words)

    assert ended.returncode == 78
    assert "the secret key is not the one that this store was written with" in ended.stderr
    assert "bring the right one back, in TOCSIN_SECRET_KEY" in ended.stderr
    monkeypatch.setenv("TOCSIN_SECRET_KEY", FORMER)
    assert either.done("audit", "verify", "acme").startswith("3 entries, as they were written")


def test_a_worker_refuses_too(either: Shell, request: pytest.FixtureRequest) -> None:
    if "postgresql" not in request.node.name:
        assert "a worker of its own needs PostgreSQL" in program().run("worker").stderr
        return
    assert "the secret key is not the one that this store was written with" in program().run("worker").stderr


def test_a_store_without_its_key_file_is_refused_and_no_other_key_is_made(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOCSIN_SECRET_KEY")

    told = shell.refused(78, "key", "create", "acme")

    assert "the secret key of this store is missing, so no API key and no link would work" in told
    assert "secret key" in {one["name"] for one in json.loads(shell("doctor", "--json")[1]) if one["grade"] == "failed"}
    shell.refused(1, "audit", "verify", "acme")
    shell.done("backup", "a.backup")
    Path("wrong.key").write_text("another secret that was never one of these")
    shell.refused(1, "secret", "replace", "--former", "wrong.key")
    Path("wrong.key").unlink()
    assert list(Path().glob("*.key")) == [Path("former.key")]
    Path("former.key").rename("tocsin.db.key")
    assert shell.done("audit", "verify", "acme").startswith("3 entries, as they were written")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'eve' WHERE number = 1",
        "UPDATE audit SET seal = 'x' WHERE number = 1",
        *(f"UPDATE audit_heads SET {change}" for change in ("seal = 'x'", "seal = 'é'", "first = 'x'", "since = 1")),
        "DELETE FROM audit_heads",
    ],
)
def test_who_changes_one_row_of_a_log_keeps_nobody_from_working(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    monkeypatch.setenv("TOCSIN_SECRET_KEY", FORMER)
    tamper(statement)

    assert "nothing here tells of another secret" in shell.refused(1, *LOST)
    shell.done("key", "create", "acme")
    shell.refused(1, "audit", "verify", "acme")


def test_who_takes_the_head_of_a_log_whose_beginning_was_forgotten_keeps_nobody_from_working(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_SECRET_KEY", FORMER)
    tamper("DELETE FROM audit WHERE number = 1")
    tamper("DELETE FROM audit_heads")

    shell.done("key", "create", "acme")


@pytest.mark.parametrize("change", ["number = 'x'", "last = CAST(x'ff' AS TEXT)"])
def test_a_log_that_cannot_be_read_keeps_nobody_else_from_working_and_is_not_taken_for_another_secrets(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setenv("TOCSIN_SECRET_KEY", FORMER)
    tamper(
        f"UPDATE audit_heads SET {change} WHERE workspace_id = (SELECT workspace_id FROM workspaces WHERE subdomain = 'acme')"
    )
    shell.done("key", "create", "globex")

    tamper(f"UPDATE audit_heads SET {change}")

    code, _, told = shell("key", "create", "globex")
    assert code == 1
    assert "secret" not in told


def test_where_the_former_secret_is_lost_all_goes_on_without_what_only_it_could_open(either: Shell) -> None:
    told = lines(either.done(*LOST))

    assert any(
        line.startswith("acme DKIM key one._domainkey.acme.example make a new one: tocsin dkim create") for line in told
    )
    assert f"tocsin webhook secret acme '{HOOK}'" in told
    where = "acme: its audit log was left as it is: entry 1 is not as it was written, or with another secret"
    assert where in told
    either.done("key", "create", "acme")
    either.done("dkim", "create", "acme", "--selector", "two", "--algorithm", "ed25519")
    assert "entry 1 is not as it was written" in either.refused(1, "audit", "verify", "acme")
    (entry,) = (
        one for one in json.loads(either.done("audit", "list", "acme", "--json")) if one["verb"] == "secret.replaced"
    )
    assert entry["after"]["former secret"] == "lost"
    told_again = either.refused(1, *LOST)
    assert "nothing here tells of another secret than the present one, and nothing was changed" in told_again


def test_the_former_secret_is_another_one_once_it_was_lost(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.done(*LOST)
    shell.done("key", "create", "acme")

    monkeypatch.setenv("TOCSIN_SECRET_KEY", FORMER)

    assert "is not the one that this store was written with" in shell.refused(78, "key", "create", "acme")


def test_a_backup_without_its_key_is_brought_back_and_goes_on_once_it_was_said_what_is_lost(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.done("backup", "a.backup")
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "sqlite:///new.db")
    monkeypatch.delenv("TOCSIN_SECRET_KEY")
    assert "if nobody has it any more, say so with --key-is-lost" in shell.refused(78, "restore", "a.backup")

    told = shell.done("restore", "a.backup", "--key-is-lost")

    assert "Nothing starts before `tocsin secret replace --former-is-lost`, which tells what ends" in told
    shell.refused(78, "key", "create", "acme")
    assert not Path("new.db.key").exists()
    assert f"tocsin webhook secret acme '{HOOK}'" in lines(shell.done(*LOST))
    shell.done("key", "create", "acme")


def test_where_no_log_tells_a_box_does(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    tamper("DELETE FROM audit")
    tamper("DELETE FROM audit_heads")

    assert "is not the one that this store was written with" in shell.refused(78, "key", "create", "acme")
    monkeypatch.setenv("TOCSIN_SECRET_KEY", FORMER)
    shell.done("key", "create", "acme")


def test_a_secret_that_was_lost_and_is_found_opens_the_boxes_after_all(shell: Shell) -> None:
    shell.done(*LOST)

    code, out, err = shell(*REPLACE)

    assert code == 1
    assert "acme DKIM keys 1 0 0" in lines(out)
    assert "the audit log of acme was left as it is" in err
    assert "boxes open" not in err


@pytest.mark.parametrize("words", [("secret", "replace"), (*REPLACE, "--former-is-lost")])
def test_one_of_a_former_secret_and_its_loss_is_told(shell: Shell, words: tuple[str, ...]) -> None:
    assert "give --former FILE, or --former-is-lost if nobody has it any more" in shell.refused(2, *words)


def test_where_there_is_no_store_none_is_made(shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", f"sqlite:///{tmp_path}/other.db")

    assert "there is no store at" in shell.refused(1, *REPLACE)
    assert list(tmp_path.glob("other*")) == []
