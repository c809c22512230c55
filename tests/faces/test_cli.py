"""The program `tocsin`: what it prints, how it ends, and what it says on one line when it cannot."""

import fcntl
import io
import json
import re
import signal
import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faces.client import Json, booking_body, rule_body
from tests.faces.running import Program, call
from tests.faces.shell import Shell
from tests.ports import free_port
from tests.smtp_server import Sink
from tocsin import cli
from tocsin.domain import errors
from tocsin.domain.errors import ConfigurationError, InvalidInputError, Problem, StoreInUseError, TocsinError
from tocsin.schemas import problems
from tocsin.services import administration

SECRET = "correct-horse-battery-staple-0123456789"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Give the program in a folder of its own, on a port that was free a moment ago."""
    port = free_port()
    environment = {"TOCSIN_LISTEN": f"127.0.0.1:{port}", "TOCSIN_BASE_URL": f"http://localhost:{port}"}
    return Program(folder=tmp_path, environment=environment)


def port_of(program: Program) -> int:
    return int(program.environment["TOCSIN_LISTEN"].rpartition(":")[2])


# Workspaces, keys, rules


def test_a_workspace_is_made_listed_shown_and_deleted(shell: Shell) -> None:
    assert shell.done("workspace", "list") == "none\n"
    said = shell.done(
        "workspace", "create", "acme", "--time-zone", "Europe/Berlin", "--mail-from", "invites@acme.example"
    )
    made = shell.json("workspace", "create", "big-corp", "--name", "Big")

    assert said == "Acme lives at http://acme.localhost:8000\n"
    assert (made["subdomain"], made["name"], made["url"]) == ("big-corp", "Big", "http://big-corp.localhost:8000")
    assert [one["subdomain"] for one in shell.json("workspace", "list")] == ["acme", "big-corp"]
    assert "invites@acme.example" in shell.done("workspace", "list")
    assert shell.json("workspace", "show", "acme")["time_zone"] == "Europe/Berlin"
    assert re.search(r"^subdomain +acme$", shell.done("workspace", "show", "acme"), re.MULTILINE)
    assert shell.done("workspace", "delete", "acme", "--yes") == "deleted acme\n"
    assert [one["subdomain"] for one in shell.json("workspace", "list")] == ["big-corp"]


def test_a_key_is_printed_alone_and_once(shell: Shell) -> None:
    shell.done("workspace", "create", "acme")

    key = shell.done("key", "create", "acme", "--name", "ci", "--scope", "rules:read", "--scope", "rules:write")

    assert re.fullmatch(r"tocsin_[0-9a-f]{12}_[0-9a-f]{72}\n", key)
    (shown,) = shell.json("key", "list", "acme")
    assert (shown["name"], shown["scopes"], shown["revoked_at"]) == ("ci", ["rules:read", "rules:write"], None)
    assert key.split("_")[2].strip() not in shell.done("key", "list", "acme")
    assert "key" not in shown
    assert shell.done("key", "revoke", "acme", shown["id"]) == f"revoked {shown['id']}\n"
    assert shell.json("key", "list", "acme")[0]["revoked_at"]
    assert "has no live key" in shell.refused(1, "key", "revoke", "acme", shown["id"])


def test_rules_are_listed_and_shown(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = {
        "id": "r1",
        "name": "Invite [bold]all[/bold]",
        "event": "booking_confirmed",
        "enabled": True,
        "recipients": ["ada@example.org", "bob@example.org"],
    }
    commands: list[tuple[str, Json]] = []

    def administer(_settings: object, command: str, values: Json) -> Any:
        commands.append((command, values))
        return [rule] if command == "rules list" else rule

    monkeypatch.setattr("tocsin.bootstrap.administer", administer)

    assert shell.json("rules", "list", "acme") == [rule]
    assert shell.json("rules", "show", "acme", "r1") == rule
    listing, shown = shell.done("rules", "list", "acme"), shell.done("rules", "show", "acme", "r1")
    for words in ("Invite [bold]all[/bold]", "yes", "ada@example.org, bob@example.org"):
        assert words in listing
        assert words in shown
    assert commands[1] == ("rules show", {"subdomain": "acme", "id": "r1"})


def test_every_listing_is_json_when_asked(shell: Shell) -> None:
    shell.done("workspace", "create", "acme")
    shell.done("key", "create", "acme")

    for arguments in (("workspace", "list"), ("key", "list", "acme"), ("rules", "list", "acme"), ("doctor",)):
        assert isinstance(shell.json(*arguments), list)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["eat"], 2, "No such command 'eat'"),
        (["workspace", "eat"], 2, "No such command 'eat'"),
        (["serve", "--fast"], 2, "No such option: --fast"),
        (["workspace", "create"], 2, "Missing"),
        (["workspace", "create", "Acme!"], 2, "subdomain: Acme! cannot be a subdomain; use up to 63 of a-z"),
        (["workspace", "create", "api"], 2, "subdomain: api cannot be a subdomain"),
        (["workspace", "create", "-a"], 2, "No such option"),
        (["workspace", "create", "a" * 64], 2, "cannot be a subdomain"),
        (["workspace", "create", "taken"], 2, "subdomain: there is a workspace called taken already"),
        (
            ["workspace", "create", "acme", "--time-zone", "Berlin"],
            2,
            "time_zone: unknown time zone Berlin; did you mean",
        ),
        (["workspace", "create", "acme", "--mail-from", "nobody"], 2, "mail_from: is not a mail address"),
        (["workspace", "create", "acme", "--name", "a\nb"], 2, "name: holds the control character U+000A"),
        (["workspace", "show", "nobody"], 1, "there is no workspace called nobody; `tocsin workspace list` names them"),
        (["workspace", "delete", "nobody", "--yes"], 1, "there is no workspace called nobody"),
        (["key", "create", "nobody"], 1, "there is no workspace called nobody"),
        (["key", "create", "taken", "--scope", "rules:eat"], 2, "scopes are rules:read, rules:write"),
        (["key", "create", "taken", "--name", "a\x1b[2J"], 2, "name: holds the control character U+001B"),
        (["key", "list", "nobody"], 1, "there is no workspace called nobody"),
        (["key", "revoke", "taken", "nothing"], 1, "taken has no live key nothing; `tocsin key list taken` names them"),
        (["rules", "list", "nobody"], 1, "there is no workspace called nobody"),
        (["rules", "show", "taken", "nothing"], 1, "there is no automation rule with this id"),
        (["worker"], 78, "a worker of its own needs PostgreSQL"),
        (["serve", "--no-worker"], 78, "--no-worker needs PostgreSQL"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_is_told_in_one_line(shell: Shell, arguments: list[str], code: int, words: str) -> None:
    shell.done("workspace", "create", "taken")

    assert words in shell.refused(code, *arguments)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOCSIN_DATABASE_URL", "mysql://x"),
        ("TOCSIN_LISTEN", "nowhere"),
        ("TOCSIN_BASE_URL", "http://[::1"),
        ("TOCSIN_SMTP_URL", "mail.example"),
        ("TOCSIN_MAIL_FROM", "nobody"),
        ("TOCSIN_SECRET_KEY", "short"),
        ("TOCSIN_LOG", "xml"),
        ("TOCSIN_FAULTS", "nowhere:kill"),
        ("TOCSIN_LEASE_S", "soon"),
    ],
)
def test_a_wrong_setting_is_named_and_ends_with_78(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    assert shell.refused(78, "workspace", "list").startswith(name)


@pytest.mark.parametrize("where", ["nowhere/tocsin.db", "folder", "text.db"])
def test_a_file_that_cannot_be_the_database_ends_with_78(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.db").write_text("no database at all, " * 100)
    monkeypatch.setenv("TOCSIN_DATABASE_URL", f"sqlite:///{where}")

    assert "cannot open the SQLite file" in shell.refused(78, "workspace", "list")


def test_without_a_command_it_tells_which_there_are(shell: Shell) -> None:
    code, out, err = shell()

    assert code == 2
    for command in ("serve", "worker", "migrate", "workspace", "key", "account", "rules", "doctor", "demo"):
        assert command in out + err
    assert shell.done("--help")
    assert shell.done("key", "create", "--help")
    assert re.fullmatch(r"tocsin \d\S+\n", shell.done("--version"))


def test_migrate_says_what_it_did(shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")

    assert "applied 0001" in shell.done("migrate")
    assert shell.done("migrate") == "the database is at this version\n"


def test_the_doctor_finds_nothing_that_fails_on_a_fresh_store(shell: Shell) -> None:
    findings = {one["name"]: one for one in shell.json("doctor")}

    assert {"Python", "database", "clock", "queue", "mail", "time zones"} <= set(findings)
    assert {one["grade"] for one in findings.values()} <= {"ok", "warning"}
    assert "set TOCSIN_SMTP_URL" in shell.done("doctor")


def test_the_doctor_fails_when_the_relay_cannot_be_reached(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SMTP_URL", f"smtp://127.0.0.1:{free_port()}")

    code, out, err = shell("doctor")

    assert (code, err) == (1, "")
    assert "failed" in out


def test_every_error_has_a_status_and_an_exit_code() -> None:
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, TocsinError)]
    concrete = [one for one in classes if one is not TocsinError]

    assert set(problems.STATUS) == set(concrete)
    for error in concrete:
        made = _made(error)
        assert 400 <= problems.status_of(made) <= 503
        assert problems.status_of(made) != 500
        assert problems.body_of(made)["error"]
        wanted = {StoreInUseError: 1, ConfigurationError: 78, InvalidInputError: 2}
        assert cli.exit_code(made) == next((code for kind, code in wanted.items() if isinstance(made, kind)), 1)
        retry = problems.headers_of(made)
        assert (retry == {"Retry-After": "7"}) is (problems.STATUS[error] in (429, 503))


def _made(error: type[TocsinError]) -> TocsinError:
    if error is InvalidInputError:
        return InvalidInputError([Problem(field="name", message="is wrong")])
    if problems.STATUS[error] in (429, 503):
        return error("wait", retry_after=7)  # type: ignore[call-arg]  # these two say how long
    says_itself = error in (errors.AuthenticationError, errors.SignatureError)
    return error() if says_itself else error("is wrong")


def test_every_command_of_the_office_can_be_called_from_the_command_line(shell: Shell) -> None:
    for command in administration._COMMANDS:
        assert shell.done(*command.split(), "--help").startswith(f"Usage: tocsin {command} ")


# The program as a process


def test_the_program_says_and_ends_as_the_contract_has_it(program: Program) -> None:
    assert program.done("workspace", "create", "acme") == f"Acme lives at http://acme.localhost:{port_of(program)}\n"
    assert program.refused(1, "workspace", "show", "nobody")
    assert program.refused(2, "workspace", "create", "Acme")
    assert program.refused(78, "workspace", "list", TOCSIN_LOG="xml").startswith("TOCSIN_LOG: ")


@pytest.mark.parametrize(("answer", "code", "left"), [("", 1, ["acme"]), ("n\n", 1, ["acme"]), ("y\n", 0, [])])
def test_deleting_asks_first_and_no_answer_is_no(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, left: list[str]
) -> None:
    shell.done("workspace", "create", "acme")
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    ended, _, asked = shell("workspace", "delete", "acme")

    assert ended == code
    assert "Delete acme with all its bookings, rules and messages?" in asked
    assert [one["subdomain"] for one in shell.json("workspace", "list")] == left


def test_a_setting_is_read_from_a_file(program: Program) -> None:
    (program.folder / "url").write_text("sqlite:///elsewhere.db\n")

    program.done("workspace", "create", "acme", TOCSIN_DATABASE_URL_FILE="url")

    assert (program.folder / "elsewhere.db").exists()
    assert not (program.folder / "tocsin.db").exists()


def test_a_file_that_another_program_holds_is_not_opened(program: Program) -> None:
    program.done("migrate")
    with closing(sqlite3.connect(program.folder / "tocsin.db")):
        lock = (program.folder / "tocsin.db.lock").open("r+")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Not 78: it may be free a moment later, and whoever starts services is to try again.
            assert "another process works on" in program.refused(1, "serve")
            assert "takes no commands; stop it first" in program.refused(1, "workspace", "list")


def test_a_port_in_use_is_told_before_anything_is_opened(program: Program) -> None:
    with closing(socket.create_server(("127.0.0.1", port_of(program)))):
        for command in (["serve"], ["demo"]):
            found = program.refused(78, *command)
            assert found.startswith(f"cannot listen on 127.0.0.1:{port_of(program)} (")
            assert found.endswith("set TOCSIN_LISTEN")
    assert not (program.folder / "tocsin.db").exists()


def test_while_a_server_runs_commands_go_through_it_and_sigterm_ends_it_in_order(program: Program) -> None:
    port = port_of(program)
    with program.started("serve", says="Tocsin") as running:
        program.done("workspace", "create", "acme")
        key = program.done("key", "create", "acme").strip()
        assert call(port, "GET", "/readyz", "").json() == {"status": "ready"}
        v2 = "/api/external/v2"
        link = {"slug": "intro", "name": "Introduction", "hosts": ["oliver@example.com"], "duration": 30}
        link_id = call(port, "POST", f"{v2}/meetings", key, link).json()["meeting"]["id"]
        rule = call(port, "POST", f"{v2}/automation-rules", key, rule_body(link_id, name="Invite")).json()["workflow"]
        (listed,) = json.loads(program.done("rules", "list", "acme", "--json"))
        assert (listed["id"], listed["name"], listed["recipients"]) == (rule["id"], "Invite", ["ada@example.org"])
        assert json.loads(program.done("doctor", "--json"))
        assert program.refused(1, "workspace", "show", "nobody")
        second = program.refused(1, "serve", TOCSIN_LISTEN=f"127.0.0.1:{free_port()}")
        assert "one process owns a SQLite file" in second
        program.done("key", "revoke", "acme", key.split("_")[1])
        assert call(port, "GET", f"{v2}/meetings", key).status_code == 401

        assert running.stop() == 0
        assert "Traceback" not in running.errors()


def test_ctrl_c_ends_a_server_in_order_too(program: Program) -> None:
    with program.started("serve", says="Tocsin") as running:
        assert running.stop(signal.SIGINT) == 0


def test_the_demonstration_tells_who_got_what(program: Program) -> None:
    told = program.done("demo", "--once")

    for who in ("team@example.com", "partner@example.org"):
        assert f"{who} gets " in told
    for what in ("Ada books", "Ada moves it", "Ada cancels", "the reminder falls due"):
        assert what in told
    invites = re.findall(r"^ +(REQUEST|CANCEL), SEQUENCE (\d+): ", told, re.MULTILINE)
    assert set(invites) == {("REQUEST", "0"), ("REQUEST", "1"), ("CANCEL", "2")}
    assert [*dict.fromkeys(invites)] == [("REQUEST", "0"), ("REQUEST", "1"), ("CANCEL", "2")]
    assert "Moved: Demo call with Ada Lovelace" in told
    assert "(Europe/Berlin" in told
    assert [path.name for path in program.folder.iterdir()] == []


def test_the_demonstration_serves_what_it_says(program: Program) -> None:
    port = port_of(program)
    with program.started("demo", says="a demonstration") as running:
        line = running.wait_for("sign-in")
        account = re.search(r"(http\S+)/sign-in as (\S+), password (\S+)$", line)
        assert account
        form = {"email": account[2], "password": account[3]}
        signed_in = httpx.post(
            f"http://127.0.0.1:{port}/sign-in", data=form, headers={"Origin": f"http://127.0.0.1:{port}"}
        )
        assert (account[1], signed_in.status_code) == (f"http://localhost:{port}", 303)
        for noun in ("workflow", "booking"):
            found = re.match(r"curl -sS (\S+) -H 'X-Api-Key: (\w+)' .* -d '(.*)'$", running.wait_for("curl"))
            assert found
            path = found[1].removeprefix(f"http://localhost:{port}")
            response = call(port, "POST", path, found[2], json.loads(found[3]))
            assert response.status_code == 201
            assert noun in response.json()
        assert "Captured mailbox" in call(port, "GET", "/mailbox", "").text
        assert running.stop() == 0


@pytest.fixture
def on_postgresql(program: Program, postgres_url: str) -> Program:
    """Give the program on a PostgreSQL that is at this version, with a relay to send to."""
    environment = {"TOCSIN_DATABASE_URL": postgres_url, "TOCSIN_SECRET_KEY": SECRET}
    return Program(folder=program.folder, environment=program.environment | environment)


def test_on_postgresql_faces_and_workers_are_processes_of_their_own(on_postgresql: Program) -> None:
    program, port = on_postgresql, port_of(on_postgresql)
    (program.folder / "worker").mkdir()
    with Sink() as relay:
        mail = {"TOCSIN_SMTP_URL": f"smtp://127.0.0.1:{relay.port}", "TOCSIN_MAIL_FROM": "invites@acme.example"}
        assert program.done("migrate") == "the database is at this version\n"
        program.done("workspace", "create", "acme")
        key = program.done("key", "create", "acme").strip()
        colleague = Program(folder=program.folder / "worker", environment=program.environment)
        with (
            program.started("serve", "--no-worker", says="Tocsin", **mail) as face,
            colleague.started("worker", says="delivers", **mail) as worker,
        ):
            v2 = "/api/external/v2"
            link = {"slug": "intro", "name": "Introduction", "hosts": ["oliver@example.com"], "duration": 30}
            link_id = call(port, "POST", f"{v2}/meetings", key, link).json()["meeting"]["id"]
            assert call(port, "POST", f"{v2}/automation-rules", key, rule_body(link_id)).status_code == 201
            booking = booking_body(slot_date="2099-12-01")
            assert call(port, "POST", f"{v2}/bookings", key, booking).status_code == 201
            (received,) = relay.wait_for(1, timeout_s=30)
            assert worker.stop() == 0
            assert face.stop() == 0

    assert received.recipient == "ada@example.org"
    assert received.sender == "invites@acme.example"
    assert b"BEGIN:VCALENDAR" in received.message or b"text/calendar" in received.message
    for running in (face, worker):
        assert "Traceback" not in running.errors()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyboardInterrupt(), "tocsin: stopped\n"),
        (BrokenPipeError(), ""),
        (RuntimeError("nobody foresaw this"), "tocsin: RuntimeError: nobody foresaw this\n"),
    ],
    ids=repr,
)
def test_whatever_stops_a_command_is_told_without_a_traceback(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, error: BaseException, said: str
) -> None:
    def administer(*_arguments: object) -> Any:
        raise error

    monkeypatch.setattr("tocsin.bootstrap.administer", administer)

    assert shell("workspace", "list") == (1, "", said)
