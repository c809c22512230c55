"""The tools that a Tocsin offers to assistants, called from a program: what `tocsin mcp` hands on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.client.errors import UnreachableError
from tocsin.client.session import Session

_PATH = "/mcp"
# A version without sessions to keep; a server answers in the one that it is asked in.
_HEADERS = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswer:
    """What a tool has answered. `is_error`: it was refused, and `body` says why under `error`."""

    body: dict[str, Any]
    is_error: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The tools of one workspace, as far as the key may use them."""

    session: Session

    def list(self) -> list[dict[str, Any]]:
        """Return the tools: `name`, `description`, `inputSchema`, `annotations`."""
        found = self._result("tools/list", {})
        return [dict(one) for one in found["tools"]]

    def call(self, name: str, arguments: Mapping[str, object]) -> ToolAnswer:
        """Call a tool, once."""
        found = self._result("tools/call", {"name": name, "arguments": dict(arguments)})
        return ToolAnswer(body=found["structuredContent"], is_error=bool(found.get("isError")))

    def _result(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self.session.beside_the_api(_PATH, body, _HEADERS)
        if not isinstance(answer, dict) or not isinstance(answer.get("result"), dict):
            raise UnreachableError(f"{self.session.url} answers without a result; is it the address of a Tocsin?")
        found: dict[str, Any] = answer["result"]
        return found
