"""`tocsin suppression`, `tocsin workspace limits` and `resume`: what they print, and what they do to the store."""

import json
import re
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.builders import NOON
from tests.faces.shell import Shell
from tocsin import bootstrap
from tocsin.domain.pause import Pause
from tocsin.services import workspaces
from tocsin.services.ports import Transaction
from tocsin.settings import Settings

ADA = "ada@example.org"


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """Give the command line on a fresh SQLite file with the workspace `acme`."""
    shell.done("workspace", "create", "acme")
    return shell


def change(work: Callable[[Transaction], object]) -> None:
    """Do something to the store of the shell that no command does."""
    with closing(bootstrap.open_app(Settings.from_environment({}))) as app:
        workspace = workspaces.every(app.store)[0]
        with app.store.transaction(workspace.id) as tx:
            work(tx)


def pause() -> None:
    """Pause the workspace as too many bounces do."""
    change(lambda tx: tx.usage.set_pause(Pause(since_at=NOON, because="20 of 500 messages bounced")))


# Zone and language of an address


def test_an_address_gets_a_zone_and_a_language_of_its_own(shell: Shell) -> None:
    assert shell.done("recipient", "list", "acme") == "none\n"

    said = shell.done("recipient", "set", "acme", "Ada@EXAMPLE.org", "--time-zone", "Asia/Tokyo")
    assert said == "Ada@example.org is written to in Asia/Tokyo and the usual language\n"

    said = shell.done("recipient", "set", "acme", "Ada@example.org", "--locale", "ar")
    assert said == "Ada@example.org is written to in Asia/Tokyo and ar\n", "what is left out stays"
    (one,) = shell.json("recipient", "list", "acme")
    assert (one["address"], one["time_zone"], one["locale"]) == ("Ada@example.org", "Asia/Tokyo", "ar")
    assert "Ada@example.org" in shell.done("recipient", "list", "acme")

    said = shell.done("recipient", "set", "acme", "Ada@example.org", "--time-zone", "")
    assert said == "Ada@example.org is written to in the usual time zone and ar\n"


def test_what_is_set_for_an_address_is_forgotten(shell: Shell) -> None:
    shell.done("recipient", "set", "acme", ADA, "--locale", "de")

    said = shell.done("recipient", "remove", "acme", ADA)

    assert said == "ada@example.org is written to in the usual time zone and language\n"
    assert shell.json("recipient", "list", "acme") == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("set", "acme", ADA), 2, "time_zone: give a time zone, a locale, or both"),
        (("set", "acme", ADA, "--time-zone", "Asia/Tokio"), 2, "did you mean Asia/Tokyo"),
        (("set", "acme", ADA, "--locale", "xx"), 2, "locale: is no language that dates can be written in"),
        (("set", "acme", "nobody", "--locale", "de"), 2, "address: is not a mail address"),
        (("set", "globex", ADA, "--locale", "de"), 1, "globex"),
        (("remove", "acme", ADA), 1, "nothing is set for this address"),
    ],
)
def test_what_cannot_be_set_for_an_address_is_told(
    shell: Shell, arguments: tuple[str, ...], code: int, words: str
) -> None:
    assert words in shell.refused(code, "recipient", *arguments)
    assert shell.json("recipient", "list", "acme") == []


# The suppression list


def test_an_address_is_listed_and_taken_off(shell: Shell) -> None:
    assert shell.done("suppression", "list", "acme") == "none\n"

    said = shell.done("suppression", "add", "acme", "Ada@EXAMPLE.org", "--note", "asked by telephone")

    assert said == "Ada@example.org gets no more messages of acme\n"
    (entry,) = shell.json("suppression", "list", "acme")
    assert (entry["recipient"], entry["rule_id"], entry["reason"]) == ("Ada@example.org", None, "by_hand")
    assert "asked by telephone" in shell.done("suppression", "list", "acme")
    assert shell.json("suppression", "list", "acme", "--recipient", "ADA@example.org") == [entry]
    assert shell.json("suppression", "list", "acme", "--recipient", "bob@example.org") == []
    assert shell.done("suppression", "remove", "acme", ADA) == f"{ADA} gets messages of acme again\n"
    assert shell.json("suppression", "list", "acme") == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["suppression", "add", "acme", "nobody"], 2, "recipient: is not a mail address"),
        (["suppression", "add", "acme", ADA, "--note", "a\x07"], 2, "note: holds the control character U+0007"),
        (["suppression", "add", "acme", ADA, "--note", "x" * 501], 2, "note: has 501 characters; at most 500"),
        (["suppression", "add", "acme", ADA, "--rule", "x"], 2, "rule_id: there is no automation rule with the id x"),
        (["suppression", "add", "nobody", ADA], 1, "there is no workspace called nobody"),
        (["suppression", "remove", "acme", ADA], 1, "this address is not on the list for the whole workspace"),
        (["suppression", "remove", "acme", ADA, "--rule", "x"], 1, "this address is not on the list for x"),
        (["suppression", "list", "nobody"], 1, "there is no workspace called nobody"),
        (["workspace", "limits", "nobody"], 1, "there is no workspace called nobody"),
        (["workspace", "limits", "acme", "--recipient", "many"], 2, "recipient: 'many' is no limit; write a number"),
        (["workspace", "limits", "acme", "--domain", "1/day,2/day"], 2, "domain: there are two limits for each day"),
        (["workspace", "resume", "acme"], 1, "acme: sending is not paused"),
        (["workspace", "resume", "nobody"], 1, "there is no workspace called nobody"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)
def test_what_cannot_be_is_told_in_one_line(shell: Shell, arguments: list[str], code: int, words: str) -> None:
    assert words in shell.refused(code, *arguments)


# Limits


def limits(shell: Shell, *arguments: str) -> dict[str, tuple[str, str]]:
    """Return each limit and who has set it, by scope."""
    found = shell.json("workspace", "limits", "acme", *arguments)
    return {one["scope"]: (one["limit"], one["set_by"]) for one in found}


DEFAULTS = {"workspace": ("10000/day", "default"), "recipient": ("100/day", "default"), "domain": ("none", "default")}


def test_limits_are_shown_set_and_reset(shell: Shell) -> None:
    assert limits(shell) == DEFAULTS

    changed = limits(shell, "--workspace", "200/day", "--domain", "5/hour,1/minute")

    assert changed == {
        "workspace": ("200/day", "operator"),
        "recipient": ("100/day", "default"),
        "domain": ("1/minute,5/hour", "operator"),
    }
    assert limits(shell) == changed
    assert limits(shell, "--recipient", "")["recipient"] == ("none", "operator")
    assert limits(shell, "--reset", "--recipient", "1/day") == DEFAULTS | {"recipient": ("1/day", "operator")}
    assert limits(shell, "--reset") == DEFAULTS


def test_limits_are_a_table_for_people(shell: Shell) -> None:
    said = shell.done("workspace", "limits", "acme")

    assert re.search(r"^workspace +10000/day +default +0\s*$", said, re.MULTILINE)
    assert re.search(r"^domain +none +default\s*$", said, re.MULTILINE)


def test_the_installations_limits_come_from_the_environment(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_LIMIT_WORKSPACE", "")
    monkeypatch.setenv("TOCSIN_LIMIT_DOMAIN", "7/week")

    assert limits(shell) == DEFAULTS | {"workspace": ("none", "default"), "domain": ("7/week", "default")}


# The pause


def test_a_paused_workspace_is_shown_found_by_doctor_and_resumed(shell: Shell) -> None:
    shown = shell.json("workspace", "show", "acme")
    assert (shown["sending_paused_at"], shown["sending_paused_because"]) == (None, None)
    assert ("sending", "ok", "no workspace is paused") in found_by_doctor(shell)

    pause()

    shown = shell.json("workspace", "show", "acme")
    assert shown["sending_paused_at"] == "2026-11-24T12:00:00+00:00"
    assert shown["sending_paused_because"] == "20 of 500 messages bounced"
    assert "20 of 500 messages bounced" in shell.done("workspace", "show", "acme")
    (finding,) = [one for one in found_by_doctor(shell) if one[0] == "sending"]
    assert finding[1] == "failed"
    assert finding[2].startswith("acme sends nothing since 2026-11-24 12:00 UTC: 20 of 500 messages bounced; mend what")
    assert finding[2].endswith("`tocsin workspace resume acme`")
    assert shell.done("workspace", "resume", "acme") == "acme sends again; 0 deliveries have waited\n"
    assert shell.json("workspace", "show", "acme") == shown | {
        "sending_paused_at": None,
        "sending_paused_because": None,
    }


def test_resuming_answers_in_json_when_asked(shell: Shell) -> None:
    pause()

    assert shell.json("workspace", "resume", "acme") == {"resumed": "acme", "freed": 0}


def found_by_doctor(shell: Shell) -> list[tuple[str, str, str]]:
    _, out, _ = shell("doctor", "--json")
    return [(one["name"], one["grade"], one["sentence"]) for one in json.loads(out)]
