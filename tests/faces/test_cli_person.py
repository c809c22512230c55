"""`tocsin person`: what is kept of an address is printed, and erased."""

import json
import re
from pathlib import Path

import pytest

from tests.faces.client import Client, an_action
from tests.faces.shell import Shell
from tocsin.bootstrap import _run

ADDRESS = "ann@example.org"


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """Give the command line on a fresh SQLite file with a workspace that knows of somebody."""
    shell.done("workspace", "create", "acme")
    shell.done("recipient", "set", "acme", ADDRESS, "--time-zone", "Asia/Tokyo")
    shell.done("suppression", "add", "acme", ADDRESS, "--note", "has called")
    return shell


def test_an_export_is_json_with_all_tables(shell: Shell) -> None:
    found = json.loads(shell.done("person", "export", "acme", "Ann@example.org"))

    assert set(found["tables"]) == {"audit", "recipients", "suppressions"}
    assert json.loads(shell.done("person", "export", "acme", "bob@example.org"))["tables"] == {}


def test_a_persons_name_in_logs_is_the_same_however_the_address_is_written(shell: Shell) -> None:
    name = shell.done("person", "log-name", ADDRESS).strip()

    assert re.fullmatch(r"person-[0-9a-f]{16}", name)
    assert shell.done("person", "log-name", ADDRESS.upper()).strip() == name
    assert shell.done("person", "log-name", "bob@example.org").strip() != name
    assert "address: " in shell.refused(2, "person", "log-name", "nobody")


def test_an_erased_person_is_gone_from_lists_and_log_and_the_log_is_whole(shell: Shell, tmp_path: Path) -> None:
    assert "rows name erased-" in shell.done("person", "erase", "acme", ADDRESS, "--yes")

    assert json.loads(shell.done("person", "export", "acme", ADDRESS))["tables"] == {}
    assert shell.done("recipient", "list", "acme") == "none\n"
    assert "@erased.invalid" in shell.done("suppression", "list", "acme")
    assert shell.done("audit", "verify", "acme").startswith("4 entries, as they were written")
    assert [one["verb"] for one in shell.json("audit", "list", "acme", "--what", "person")] == ["person.erased"]
    assert ADDRESS.encode() not in b"".join(one.read_bytes() for one in tmp_path.glob("tocsin.db*"))


def test_how_long_words_and_bookings_are_kept_is_shown_and_set(shell: Shell) -> None:
    default = {"messages_days": 30, "bookings_days": None, "set_by": "default"}
    assert shell.json("workspace", "retention", "acme") == default
    assert shell.json("workspace", "retention", "acme", "--messages", "7")["messages_days"] == 7
    assert shell.json("workspace", "retention", "acme", "--bookings", "400") == {
        "messages_days": 7,
        "bookings_days": 400,
        "set_by": "operator",
    }
    assert "400" in shell.done("workspace", "retention", "acme")
    assert shell.json("workspace", "retention", "acme", "--reset", "--bookings", "9")["messages_days"] == 30
    assert shell.json("workspace", "retention", "acme", "--reset") == default
    assert "greater than or equal to 1" in shell.refused(2, "workspace", "retention", "acme", "--messages", "0")


def test_what_cannot_be_is_told(shell: Shell) -> None:
    shell.done("account", "create", "acme", ADDRESS, "--no-password")

    told = shell.refused(1, "person", "erase", "acme", ADDRESS, "--yes")
    assert "an account signs in with it (`tocsin account delete`)" in told
    assert "address: " in shell.refused(2, "person", "erase", "acme", "nobody", "--yes")
    assert "there is no workspace" in shell.refused(1, "person", "export", "nobody", ADDRESS)


def test_pages_go_on_when_words_are_forgotten(client: Client) -> None:
    link = client.a_link()
    client.a_rule(link, name="Invite", actions=[an_action(emails=["{{client.email}}"])])
    booked = client.book()
    client.drain()
    (sent,) = client.v2.get("/deliveries").json()["deliveries"]
    assert sent["id"] in client.root.get("/mailbox").text

    _run(client.app, "person erase", {"subdomain": "acme", "address": sent["recipient"]})

    assert "No message yet" in client.root.get("/mailbox").text
    assert client.v2.get(f"/deliveries/{sent['id']}/message").status_code == 409
    shown = client.v2.get(f"/bookings/{booked['id']}").text
    assert sent["recipient"] not in shown
    assert "@erased.invalid" in shown
