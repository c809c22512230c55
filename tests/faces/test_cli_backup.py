"""`tocsin backup`, `restore` and `held`: what they print, and what they refuse."""

import json
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import NOON
from tests.faces.running import Program
from tests.faces.shell import Shell
from tests.ports import free_port
from tocsin.storage import copies
from tocsin.storage.migrate import migrations


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """Give the command line on a fresh SQLite file with a workspace, of which there is a backup in the same folder."""
    shell.done("workspace", "create", "acme")
    shell.done("backup", "monday.backup")
    return shell


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give an empty place for a store, which the settings name once `move` was called."""
    (tmp_path / "new").mkdir()
    return tmp_path / "new" / "tocsin.db"


def move(monkeypatch: pytest.MonkeyPatch, place: Path, *, key: bool = True) -> None:
    """Let the settings name another place; `key`: with the old one's key file."""
    monkeypatch.setenv("TOCSIN_DATABASE_URL", f"sqlite:///{place}")
    if key:
        shutil.copy("tocsin.db.key", f"{place}.key")


def change(path: str | Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_a_backup_is_for_its_owner_only_and_says_where_the_key_is(shell: Shell) -> None:
    told = shell.done("backup", "tuesday.backup")

    assert "looked through and whole" in told
    assert "The secret key is not in it" in told
    assert Path("tuesday.backup").stat().st_mode & 0o777 == 0o600
    assert shell.json("backup", "wednesday.backup")["workspaces"] == 1
    assert list(Path().glob("*.part")) == []


def test_a_backup_is_not_written_over_anything(shell: Shell) -> None:
    before = Path("monday.backup").read_bytes()

    assert "name another, nothing is written over" in shell.refused(1, "backup", "monday.backup")
    assert "could not be written" in shell.refused(1, "backup", "nowhere/monday.backup")
    assert Path("monday.backup").read_bytes() == before


def test_no_server_works_on_a_backup(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "sqlite:///monday.backup")

    assert "is a backup of 20" in shell.refused(78, "workspace", "list")


def test_a_restore_brings_back_all_and_says_what_is_held(
    shell: Shell, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(monkeypatch, place)

    assert "acme: nothing held" in shell.done("restore", "monday.backup")

    assert [one["subdomain"] for one in shell.json("workspace", "list")] == ["acme"]
    assert shell.done("held", "list", "acme") == "none\n"
    assert [one["verb"] for one in shell.json("audit", "list", "acme")] == ["workspace.restored", "workspace.created"]
    assert shell.done("audit", "verify", "acme").startswith("2 entries")
    assert {one.name for one in place.parent.iterdir()} == {"tocsin.db", "tocsin.db.key", "tocsin.db.lock"}
    assert place.stat().st_mode & 0o777 == 0o600


def test_a_restore_needs_an_empty_place_the_key_and_a_finished_file(
    shell: Shell, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "there is a store at" in shell.refused(1, "restore", "monday.backup")

    move(monkeypatch, place, key=False)
    assert "the secret key is not in a backup" in shell.refused(78, "restore", "monday.backup")
    move(monkeypatch, place)
    assert "there is no file" in shell.refused(1, "restore", "friday.backup")
    Path("old.db-wal").write_bytes(b"x")
    shutil.copy("monday.backup", "old.db")
    assert "is a server's own file and no backup" in shell.refused(1, "restore", "old.db")
    assert not place.exists()

    shell.done("restore", "monday.backup")
    assert "there is a store at" in shell.refused(1, "restore", "monday.backup")


def test_what_is_no_store_of_this_version_is_not_brought_back(
    shell: Shell, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(monkeypatch, place)
    Path("words.txt").write_text("not a database, but long enough to be taken for one" * 100)
    change("other.db", "CREATE TABLE things (id TEXT)")
    shutil.copy("monday.backup", "newer.backup")
    newest = migrations()[-1].version
    change("newer.backup", f"INSERT INTO migrations VALUES ({newest + 1}, '9_x.sql', 'x')")

    assert "cannot be read as a SQLite file" in shell.refused(1, "restore", "words.txt")
    assert "holds no store of Tocsin" in shell.refused(1, "restore", "other.db")
    assert f"was made by a newer version of Tocsin (migration {newest + 1}" in shell.refused(
        1, "restore", "newer.backup"
    )
    assert not place.exists()


def test_a_damaged_backup_is_not_brought_back(shell: Shell, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    move(monkeypatch, place)
    octets = bytearray(Path("monday.backup").read_bytes())
    for at in range(4096 * 8, len(octets), 4096):
        octets[at : at + 16] = b"\xff" * 16
    Path("monday.backup").write_bytes(octets)

    told = shell.refused(1, "restore", "monday.backup")

    assert "take another backup" in told
    assert not place.exists()


def test_another_key_is_told_before_anything_is_brought_back(
    shell: Shell, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(monkeypatch, place, key=False)
    monkeypatch.setenv("TOCSIN_SECRET_KEY", "another-secret-of-32-characters-or-more")

    assert "the secret key is not the one" in shell.refused(78, "restore", "monday.backup")
    assert not place.exists()


def test_a_log_that_was_changed_is_brought_back_and_told(
    shell: Shell, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.done("workspace", "create", "globex")
    shell.done("backup", "tuesday.backup")
    change("tuesday.backup", "UPDATE audit SET who = 'nobody' WHERE number = 1")
    change(
        "tuesday.backup", "UPDATE audit_heads SET number = 9 WHERE workspace_id = (SELECT min(workspace_id) FROM audit)"
    )
    move(monkeypatch, place)

    code, out, err = shell("restore", "tuesday.backup")

    assert code == 1
    assert "brought back" in out
    assert "it is there, and not whole: " in err
    assert place.exists()


def test_without_a_file_what_is_there_is_held_back(shell: Shell, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell.done("restore").startswith("brought back\nacme: nothing held")

    Path("tocsin.db.key").rename("elsewhere.key")
    assert "the secret key is not in a backup" in shell.refused(78, "restore")
    assert not Path("tocsin.db.key").exists()
    move(monkeypatch, place, key=False)
    assert "there is no store at" in shell.refused(1, "restore")
    assert not place.exists()


@pytest.mark.parametrize("arguments", [["done", "acme"], ["send", "acme", "x", "--all"]])
def test_what_is_to_be_decided_about_must_be_named(shell: Shell, arguments: list[str]) -> None:
    assert "name deliveries by their ids, or all of them with --all" in shell.refused(2, "held", *arguments)


def test_a_delivery_that_is_not_there_is_told(shell: Shell) -> None:
    assert "there is no delivery" in shell.refused(1, "held", "send", "acme", "x")
    assert shell.done("held", "done", "acme", "--all") == ""


def test_on_postgresql_its_own_tools_are_named_without_the_password(
    shell: Shell, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", f"{postgres_url}{'&' if '?' in postgres_url else '?'}password=geheim")
    monkeypatch.setenv("TOCSIN_SECRET_KEY", "a-secret-of-32-characters-or-more-x")

    told = shell.refused(1, "backup", "x.dump")

    assert "pg_dump --format=custom --file=" in told
    assert "geheim" not in told
    assert "pg_restore" in shell.refused(1, "restore", "monday.backup")


def test_a_running_server_writes_the_backup_and_keeps_a_restore_out(tmp_path: Path) -> None:
    port = free_port()
    environment = {"TOCSIN_LISTEN": f"127.0.0.1:{port}", "TOCSIN_BASE_URL": f"http://localhost:{port}"}
    program = Program(folder=tmp_path, environment=environment)
    program.done("workspace", "create", "acme")
    with program.started("serve", says="Tocsin") as server:
        made = json.loads(program.done("backup", "live.backup", "--json"))
        assert "another process works on" in program.refused(1, "restore")
        assert server.stop(signal.SIGTERM) == 0

    assert made["file"] == str(tmp_path / "live.backup")
    assert copies.look_through(tmp_path / "live.backup").taken_at is not None
    assert (tmp_path / "live.backup").stat().st_size == made["octets"]


def test_a_mark_is_put_on_and_taken_off(tmp_path: Path) -> None:
    change(tmp_path / "x.db", "CREATE TABLE migrations (version INTEGER)")

    copies.mark(tmp_path / "x.db", NOON)
    assert copies.look_through(tmp_path / "x.db").taken_at == NOON
    copies.mark(tmp_path / "x.db", None)
    assert copies.look_through(tmp_path / "x.db").taken_at is None
