"""A21: whatever an assistant sends, its tools refuse it in a sentence, alike on both stores, and nothing is stored."""

import json
import logging
import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from random import Random
from typing import Any

import pytest

from tests.faces.assistant import Place, served
from tests.faces.client import Client, an_action, rule_body
from tests.faces.test_bad_input import LONG, NOBODY
from tests.torture.hostile import a_text
from tests.torture.rig import Rig
from tests.torture.tenants import some
from tests.torture.test_bad_bodies import ODD
from tocsin.mcp.table import TOOLS
from tocsin.storage.store import SqlStore

INTERNAL = -32603  # JSON-RPC's word for an error of the server's own
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_rules", "arguments": {}}}
IDS: tuple[Any, ...] = (None, True, 1.5, -1, 10**30, "", "x" * 9000, "a\0b", [], {}, [1], "\ud800")
METHODS: tuple[Any, ...] = (
    None, 5, [], {}, "", " ", "tools/call ", "TOOLS/CALL", "tools", "tools/", "tools/delete", "rpc.discover",
        "__init__", "x" * 9000,
    "resources/list", "resources/read", "prompts/list", "prompts/get", "sampling/createMessage",
    "completion/complete", "roots/list",
    "logging/setLevel", "elicitation/create", "initialize", "ping", "tasks/list", "notifications/cancelled",
    "notifications/x",
    "../tools/list", "tools/list\0", "\u202e", "null",
)  # fmt: skip
PARAMS: tuple[Any, ...] = (
    None, 5, "x", [], ["list_rules"], {"name": None}, {"name": 5}, {"name": []}, {"name": {}}, {"arguments": {}},
        {"Name": "list_rules"},
    {"name": "list_rules", "arguments": []}, {"name": "list_rules", "arguments": "x"}, {"name": "list_rules",
    "arguments": 5},
    {"name": "list_rules", "arguments": {"": 1}}, {"name": "list_rules", "arguments": {"__class__": 1}}, {"_meta": 5},
    {"name": "list_rules", "_meta": {"progressToken": {}}}, {"name": "list_rules", "arguments": {},
    "task": {"ttl": -1}},
    {"protocolVersion": "9999-99-99", "capabilities": {}, "clientInfo": {}}, {"protocolVersion": 5},
    {"cursor": "x" * 9000}, {"cursor": 5},
    {"requestId": 1, "reason": "x"}, {"uri": "file:///etc/passwd"}, {"level": "x"},
)  # fmt: skip
NAMES: tuple[Any, ...] = (
    "", " ", "x", "list_rules ", "LIST_RULES", "list-rules", "list_rules\0", "../list_rules", "list_rules()",
    "__import__", "delete_all",
    "x" * 9000, "\u202e", "\ud800", "create_rule;delete_rule", "{{x}}", "null", "0", "tools/list", "list_rules\n",
)  # fmt: skip
WHOLE: tuple[Any, ...] = (
    [], [CALL], [CALL, CALL], {}, {"jsonrpc": "2.0"}, {"jsonrpc": "1.0", "id": 1, "method": "ping"}, {"id": 1,
    "method": "ping"},
    {"jsonrpc": 2.0, "id": 1, "method": "ping"}, {"jsonrpc": "2.0", "id": 1, "result": {}}, {"jsonrpc": "2.0",
    "id": 1, "error": {}},
    {"jsonrpc": "2.0", "id": 1, "error": {"code": "x", "message": 5}}, {"jsonrpc": "2.0", "id": 1, "method": "ping",
    "result": {}},
    {"jsonrpc": "2.0", "method": "tools/call", "params": CALL["params"]}, {**CALL, "extra": "x" * 9000},
    {"x" * 200_000: 1},
    {**CALL, "params": {"name": "list_rules", "arguments": {"page_size": LONG}}}, 5, None, "text", True,
)  # fmt: skip


def messages() -> Iterator[Any]:
    """Yield what is no call of a tool that there is, and what calls one in a way that cannot be."""
    yield from WHOLE
    yield from ({**CALL, "id": one} for one in IDS)
    yield from ({**CALL, "method": one} for one in METHODS)
    yield from ({**CALL, "params": one} for one in PARAMS)
    yield from ({**CALL, "method": "initialize", "params": one} for one in PARAMS)
    yield from ({**CALL, "method": "tools/list", "params": one} for one in PARAMS)
    for name in NAMES:
        yield {**CALL, "params": {"name": name, "arguments": {"id": NOBODY}}}
    for tool in TOOLS:
        known = tool.schema()["properties"]
        for arguments in (
            {},
            {"id": NOBODY},
            {"": ""},
            dict.fromkeys(known),
            dict.fromkeys(known, LONG),
            {"x" * 300: 1},
        ):
            yield {**CALL, "params": {"name": tool.name, "arguments": arguments}}


def made_up(chance: Random) -> Any:
    """Return a call of a tool with arguments that are odd in one or two places."""
    tool = chance.choice(TOOLS)
    known = sorted(tool.schema()["properties"])
    around = {**rule_body(NOBODY), "id": NOBODY, "booking_id": NOBODY, "from": "2026-11-01", "until": "2026-12-01"}
    arguments = {name: around[name] for name in known if name in around}
    for name in chance.sample(known, min(len(known), chance.randint(1, 2))):
        arguments[name] = chance.choice((*ODD, a_text(chance)))
    return {**CALL, "params": {"name": tool.name, "arguments": arguments}}


def test_whatever_is_sent_to_the_tools_is_refused_in_a_sentence(
    both: tuple[Client, Client], rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    before = [client.counts() for client in both]
    writers = [client.with_key("rules:write", "deliveries:write", "bookings:read", "links:read") for client in both]
    before = [client.counts() for client in both]
    every = [
        *messages(),
        *(made_up(Random(f"A21 tools {number}")) for number in range(rig.size(quick=60, nightly=5000))),
    ]
    wrong = [f"{str(one)[:200]}: {words}" for one in every for words in complaints(writers, one)]

    assert len(every) > 250
    assert [client.counts() for client in both] == before
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    rig.found(
        "A21", f"{len(wrong)} of {len(every):,} messages to tools answered wrongly{some(wrong)}", is_met=not wrong
    )


def complaints(clients: list[Client], message: Any) -> Iterator[str]:
    """Yield what is wrong with the answers to a message."""
    answers = []
    for client in clients:
        headers = [("Host", client.host), ("X-Api-Key", client.key), ("Content-Type", "application/json")]
        headers += [("Accept", "application/json, text/event-stream")]
        answers.append(client.line.call("POST", "/mcp", json.dumps(message).encode(), headers))
    sqlite, postgresql = answers
    if (sqlite.status_code, sqlite.content) != (postgresql.status_code, postgresql.content):
        yield f"{sqlite.text[:100]} and {postgresql.text[:100]}"
    if sqlite.status_code >= 500 or (sqlite.status_code >= 400 and not sqlite.json()["error"]):
        yield f"{sqlite.status_code} {sqlite.text[:200]}"
    elif sqlite.content and sqlite.status_code == 200:
        said = sqlite.json()
        if said.get("error", {}).get("code") == INTERNAL:
            yield f"an error of the server's own: {sqlite.text[:200]}"
        result = said.get("result", {})
        if result.get("isError") and not result["structuredContent"]["error"]:
            yield f"refused without a reason: {sqlite.text[:200]}"


def test_an_assistant_that_hangs_up_amid_its_call_leaves_nothing_half_done(
    store: SqlStore, rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    with served(store) as place:
        client = place.client
        link = client.a_link()
        writer = client.with_key("rules:write", "links:read")
        calls = rig.size(quick=10, nightly=200)
        for number in range(calls):
            rule = rule_body(link["id"], name=f"Rule {number}", actions=[an_action(emails=["ada@example.com"])])
            call = {**CALL, "id": number, "params": {"name": "create_rule", "arguments": rule}}
            _hang_up(place, writer, json.dumps(call).encode(), Random(f"A21 hang up {number}"))

        tools = place.tools(writer)
        rules = client.v2.get("/automation-rules", page_size=100).json()["workflows"]
        whole = [client.v2.get(f"/automation-rules/{one['id']}").json()["workflow"]["actions"] for one in rules]

    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    kept = client.counts()
    assert tools
    assert kept["rule_revisions"] == kept["automation_rules"] <= calls
    is_met = all(whole) and not errors
    rig.found(
        "A21", f"0 half done of {calls} calls of tools that hung up, {len(errors)} errors{some(errors)}", is_met=is_met
    )


def _hang_up(place: Place, client: Client, body: bytes, chance: Random) -> None:
    """Send a call, or a part of it, and be gone."""
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: {client.host}:{place.port}\r\nX-Api-Key: {client.key}\r\n"
        f"Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    octets = head + body
    with closing(socket.create_connection(("127.0.0.1", place.port), timeout=30)) as line:
        line.sendall(octets if chance.random() < 0.7 else octets[: chance.randrange(len(octets))])
        if chance.random() < 0.5:  # at once, without a word of it
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
