"""docs/client.md: what it shows works."""

import re
from pathlib import Path
from typing import Any

import pytest

import tocsin.client
from tests.client.on_the_line import OnTheLine
from tests.faces.client import Client as Application

PAGE = Path(__file__).parents[2] / "docs" / "client.md"


def test_the_examples_of_the_page_run(
    sqlite_client: Application, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sqlite_client.a_link()
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    client = tocsin.client.Client

    def to_the_application(_url: str, key: str) -> Any:
        return client(f"http://{sqlite_client.host}", key, transport=OnTheLine(sqlite_client.line))

    monkeypatch.setattr(tocsin.client, "Client", to_the_application)
    names: dict[str, Any] = {"key": sqlite_client.key}
    exec(examples[0], names)
    names["tocsin"] = to_the_application("", sqlite_client.key)
    exec(examples[1], names)

    said = capsys.readouterr().out
    assert "Ada Lovelace has booked" in said or "has booked" in said
    assert "True" in said
    assert "422 {'event': 'must be one of" in said
    assert len(examples) == 2
