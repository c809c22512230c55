"""`tocsin dkim` on the command line: what it prints, and what it says when it cannot."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faces.running import Program
from tests.faces.shell import Shell
from tests.mail.dns_server import DnsServer
from tests.ports import free_port
from tocsin.services import administration_mail


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    with DnsServer() as server:
        yield server


@pytest.fixture
def shell(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sqlite_path: Path,
    dns: DnsServer,
) -> Shell:
    """Give the command line on a fresh SQLite file with a workspace, and a DNS of its own."""
    assert sqlite_path.parent == tmp_path
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setenv("TOCSIN_RESOLVER", f"127.0.0.1:{dns.port}")
    shell = Shell(capsys)
    shell.done("workspace", "create", "acme", "--mail-from", "invites@acme.example")
    return shell


def test_a_new_key_is_printed_with_its_record_ready_to_copy(shell: Shell) -> None:
    said = shell.done("dkim", "create", "acme", "--selector", "one").split("\n")

    name = "one._domainkey.acme.example"
    assert said[:2] == [f"name   {name}", "type   TXT"]
    assert said[2].startswith("value  v=DKIM1; k=rsa; p=MIIB")
    assert said[4].startswith(f'{name}. IN TXT "v=DKIM1; k=rsa; p=MIIB')
    assert said[4].replace('" "', "").split('"')[1] == said[2].removeprefix("value  ")
    assert said[6] == "Add this record, then run: tocsin dkim activate acme one"
    assert "PRIVATE" not in "".join(said)


def test_a_key_goes_through_its_life_on_the_command_line(shell: Shell, dns: DnsServer) -> None:
    made = shell.json("dkim", "create", "acme", "--algorithm", "ed25519", "--domain", "acme.example")
    assert (made["algorithm"], made["state"], made["domain"]) == ("ed25519", "waiting", "acme.example")

    assert "there is no record" in shell.refused(1, "dkim", "activate", "acme", made["selector"])
    dns.publish(made["name"], made["type"], made["value"])
    assert shell.done("dkim", "activate", "acme", made["selector"]) == f"{made['selector']} signs for acme.example\n"

    listed = shell.done("dkim", "list", "acme")
    for words in ("active", made["selector"], made["record"]):
        assert words in listed
    assert shell.done("dkim", "retire", "acme", made["selector"]) == f"retired {made['selector']} of acme.example\n"
    assert [key["state"] for key in shell.json("dkim", "list", "acme")] == ["retired"]


def test_the_next_line_to_type_names_the_domain_if_one_was_given(shell: Shell, dns: DnsServer) -> None:
    said = shell.done("dkim", "create", "acme", "--domain", "other.example", "--selector", "two")

    (line,) = (line for line in said.split("\n") if "dkim activate" in line)
    assert line.endswith("tocsin dkim activate acme two --domain other.example")
    assert shell.done(*line.partition("tocsin ")[2].split(), "--force") == "two signs for other.example\n"
    assert dns.asked == []
    retired = shell.done("dkim", "retire", "acme", "two", "--domain", "other.example")
    assert retired == "retired two of other.example\n"


def test_a_workspace_without_keys_has_none(shell: Shell) -> None:
    assert shell.done("dkim", "list", "acme") == "none\n"
    assert shell.json("dkim", "list", "acme") == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["create", "nobody"], 1, "there is no workspace called nobody; `tocsin workspace list` names them"),
        (["create", "acme", "--selector", "A"], 2, "selector: A cannot be a selector; use up to 63 of a-z"),
        (["create", "acme", "--domain", "localhost"], 2, "domain: localhost is no domain that mail can be signed for"),
        (["create", "acme", "--algorithm", "dsa"], 2, "algorithm: use one of rsa, ed25519"),
        (["list", "nobody"], 1, "there is no workspace called nobody"),
        (["activate", "acme", "one"], 1, "there is no DKIM key one for acme.example; `tocsin dkim list` names them"),
        (["retire", "acme", "one"], 1, "there is no DKIM key one for acme.example"),
        (["retire", "acme"], 2, "Missing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_is_told_in_one_line(shell: Shell, arguments: list[str], code: int, words: str) -> None:
    assert words in shell.refused(code, "dkim", *arguments)


def test_every_command_about_mail_can_be_called(shell: Shell) -> None:
    for command in administration_mail.COMMANDS:
        assert shell.done(*command.split(), "--help").startswith(f"Usage: tocsin {command} ")


def test_the_doctor_names_the_records_that_are_missing(
    shell: Shell, dns: DnsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_SMTP_URL", f"smtp://127.0.0.1:{free_port()}")

    code, out, _ = shell("doctor")

    assert code == 1
    assert "acme: Gmail will likely refuse the invite" in out
    assert 'acme.example. IN TXT "v=spf1 a mx ~all"' in out
    assert "acme: MX: acme.example has neither MX nor address records" in out


def test_while_a_server_runs_keys_are_made_through_it(tmp_path: Path, dns: DnsServer) -> None:
    port = free_port()
    environment = {
        "TOCSIN_LISTEN": f"127.0.0.1:{port}",
        "TOCSIN_BASE_URL": f"http://localhost:{port}",
        "TOCSIN_MAIL_FROM": "invites@acme.example",
        "TOCSIN_RESOLVER": f"127.0.0.1:{dns.port}",
    }
    program = Program(folder=tmp_path, environment=environment)
    with program.started("serve", says="Tocsin"):
        program.done("workspace", "create", "acme")
        made = json.loads(program.done("dkim", "create", "acme", "--json"))
        assert "there is no record" in program.refused(1, "dkim", "activate", "acme", made["selector"])
        dns.publish(made["name"], "TXT", made["value"])
        program.done("dkim", "activate", "acme", made["selector"])
        (listed,) = json.loads(program.done("dkim", "list", "acme", "--json"))

    assert (listed["state"], listed["value"]) == ("active", made["value"])
