"""`tocsin mcp`: the tools on standard input and output, of a server that runs; as the official SDK's client starts it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client as Model
from mcp import StdioServerParameters

from tests.faces.assistant import Place, served
from tests.faces.client import an_action, rule_body
from tests.faces.running import Program
from tocsin.storage.store import SqlStore


@pytest.fixture
def place(store: SqlStore) -> Iterator[Place]:
    with served(store) as place:
        yield place


def started(place: Place, key: str, folder: Path) -> StdioServerParameters:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251
    environment |= {"TOCSIN_API_URL": f"http://{place.client.host}:{place.port}", "TOCSIN_API_KEY": key}
    return StdioServerParameters(command=sys.executable, args=["-m", "tocsin", "mcp"], env=environment, cwd=str(folder))


def test_a_rule_is_previewed_and_created_over_standard_input_and_output(place: Place, tmp_path: Path) -> None:
    link = place.client.a_link()
    rule = rule_body(link["id"], actions=[an_action(emails=["mallory@evil.example"])])
    writer, reader = place.client.with_key("rules:write", "bookings:read"), place.client.with_key("rules:read")

    async def work(key: str) -> tuple[set[str], Any, Any]:
        async with Model(started(place, key, tmp_path)) as model:
            names = {one.name for one in (await model.list_tools()).tools}
            previewed = await model.call_tool("preview_rule", rule)
            return names, previewed.structured_content, await model.call_tool("create_rule", rule)

    names, previewed, created = anyio.run(work, writer.key)
    fewer, _, refused = anyio.run(work, reader.key)

    assert previewed["preview"]["fires"] is True
    assert created.structured_content["rule"]["enabled"] is False
    assert "draft" in created.structured_content["note"]
    assert json.loads(created.content[0].text) == created.structured_content
    assert "create_rule" in names - fewer
    assert refused.is_error
    assert "lacks the scope rules:write" in refused.structured_content["error"]


def test_a_server_that_no_assistant_asks_does_not_load_the_sdk() -> None:
    code = (
        "import sys; from tocsin import server; sys.exit('mcp' in sys.modules or 'tocsin.mcp.table' not in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_wrong_address_or_key_is_told_in_one_line_to_whoever_starts_it(place: Place, tmp_path: Path) -> None:
    program = Program(folder=tmp_path)
    url = f"http://{place.client.host}:{place.port}"

    assert "give the address of the workspace" in program.refused(2, "mcp")
    assert "TOCSIN_API_KEY is not set" in program.refused(78, "mcp", "--url", url)
    assert "invalid API Key" in program.refused(1, "mcp", "--url", url, TOCSIN_API_KEY="tocsin_x_y")
