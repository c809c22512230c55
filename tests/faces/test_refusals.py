"""Whoever was refused leaves one line in the log: what, why and from where, and nothing that opens anything."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faces.assistant import served
from tests.faces.canaries import SECRET, name_of
from tests.faces.client import Client, connected
from tests.faces.test_logs import for_machines, former_logging
from tests.faces.visitor import Visitor, an_account, signed_in
from tocsin.domain.accounts import MOST_TRIES_OF_ACCOUNT
from tocsin.storage.store import SqlStore

__all__ = ["former_logging"]
WRONG_KEY = "tocsin_0123456789ab_" + "0" * 72
SIGN_IN = "signing in was refused: the address or the password is wrong"


@pytest.fixture
def heard(
    sqlite_store: SqlStore, capsys: pytest.CaptureFixture[str], former_logging: None
) -> Iterator[tuple[Client, "Heard"]]:
    """Give an application, and what it has written to standard error since it was asked last."""
    with connected(sqlite_store) as client:
        yield client, Heard(capsys)


class Heard:
    """The lines of refusals in what was written."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines that were written since the last time."""
        return [json.loads(line) for line in self._capsys.readouterr().err.splitlines()]

    def the_only(self) -> dict[str, Any]:
        (line,) = self.lines()
        assert (line["logger"], line["level"]) == ("tocsin.refusals", "warning")
        assert line["request"]
        return line


def test_a_key_that_is_none_or_may_not_is_written_down_with_its_reason(heard: tuple[Client, Heard]) -> None:
    client, log = heard
    for_machines()
    reader = client.with_key("rules:read")
    log.lines()

    for key in (WRONG_KEY, ""):
        client.line.call("GET", "/api/external/v2/bookings", None, [("Host", client.host), ("X-Api-Key", key)])
        line = log.the_only()
        assert (line["event"], line["status"], line["method"]) == ("a request was refused", 401, "GET")
        assert line["route"] == "/api/external/v2/bookings"
        assert line["reason"] == "Could not authenticate, invalid API Key"
        assert "0" * 20 not in json.dumps(line)

    assert reader.v2.delete("/automation-rules/nothing").status_code == 403
    line = log.the_only()
    assert (line["reason"], line["status"]) == ("this API key lacks the scope rules:write", 403)
    assert reader.key.split("_")[1] == line["key"]
    assert reader.key.split("_")[2] not in json.dumps(line)

    assert client.v2.get("/bookings").status_code == 200
    assert log.lines() == []


def test_a_call_of_a_source_that_is_forged_and_numbers_that_are_not_told_are_written_down(
    heard: tuple[Client, Heard],
) -> None:
    client, log = heard
    for_machines()
    made = client.v2.post("/sources", {"source": "cal_com", "secret": "a secret of a source"}).json()["source"]
    log.lines()

    client.root.post("/in/" + made["url"].partition("/in/")[2], {"forged": True})
    assert log.the_only()["reason"].startswith("the signature is missing")
    client.root.get("/metrics")
    line = log.the_only()
    assert (line["route"], line["status"]) == ("/metrics", 403)


def test_a_password_that_is_wrong_is_written_down_with_the_persons_name_and_never_the_password(
    heard: tuple[Client, Heard],
) -> None:
    client, log = heard
    for_machines()
    an_account(client)
    visitor = Visitor(client=client)

    visitor.sign_in(password="correct horse CANARY")
    line = log.the_only()
    assert (line["event"], line["person"]) == (SIGN_IN, name_of("ann@example.com"))
    assert line["client"] == "127.0.0.1"
    visitor.sign_in("CANARY@example.com", password="correct horse CANARY")
    line = log.the_only()
    assert line["event"] == SIGN_IN
    assert "person" not in line

    for _ in range(MOST_TRIES_OF_ACCOUNT):
        visitor.sign_in(password="correct horse CANARY")
    found = log.lines()
    assert found[-1]["reason"].startswith("signing in was tried too often")
    assert "CANARY" not in json.dumps(found)
    assert SECRET not in json.dumps(found)


def test_a_role_that_may_not_and_a_form_of_somebody_else_are_written_down(heard: tuple[Client, Heard]) -> None:
    client, log = heard
    for_machines()
    vic = signed_in(client, "vic@example.com", "viewer")
    assert log.lines() == []

    assert vic.post("/settings/outcomes/create", {"name": "x"}).status_code == 403
    line = log.the_only()
    assert line["reason"] == "your account may look and not change; ask somebody with the role admin"
    assert line["account"]
    assert vic.post("/settings/me/reading", {"time_zone": ""}, Origin="https://evil.example").status_code == 403
    assert log.the_only()["reason"].startswith("the form was not sent by a page of Tocsin")


@pytest.mark.usefixtures("former_logging")
def test_a_tool_that_a_key_may_not_use_is_written_down(
    sqlite_store: SqlStore, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(sqlite_store) as place:
        reader = place.client.with_key("rules:read")
        for_machines()
        capsys.readouterr()
        place.refused(reader, "create_rule", event="booking_confirmed")

    found = [line for line in Heard(capsys).lines() if line["logger"] == "tocsin.refusals"]
    assert [(line["route"], line["status"], line["key"]) for line in found] == [("/mcp", 200, reader.key.split("_")[1])]
    assert "rules:write" in found[0]["reason"]
