"""Tools on standard input and output: each call is handed on to a server, which alone decides what the key may do."""

from collections.abc import Mapping

from tocsin.client import ClientError
from tocsin.client.tools import Tools
from tocsin.mcp import sdk
from tocsin.mcp.table import Answer


def serve(tools: Tools) -> None:
    """Serve the tools of a server elsewhere on standard input and output until the other side closes it."""
    tools.list()  # so that a wrong address or key is told at once, to whoever starts this

    def call(name: str, arguments: Mapping[str, object]) -> Answer:
        try:
            found = tools.call(name, arguments)
        except ClientError as error:
            return Answer(body={"error": str(error)}, is_error=True)
        return Answer(body=found.body, is_error=found.is_error)

    sdk.over_stdio(sdk.Desk(tools=tools.list, call=call))
