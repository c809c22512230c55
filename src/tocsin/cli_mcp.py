"""The command for assistants: `tocsin mcp`."""

from typing import Annotated

import typer

from tocsin import bootstrap
from tocsin.client import Session
from tocsin.client.tools import Tools
from tocsin.domain.errors import InvalidInputError
from tocsin.rules_as_code.targets import in_our_words


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("mcp")(serve_tools)


def serve_tools(
    url: Annotated[
        str, typer.Option(envvar="TOCSIN_API_URL", help="The workspace, such as https://acme.example.com.")
    ] = "",
    key_file: Annotated[
        str, typer.Option(help="A file with the API key; TOCSIN_API_KEY or TOCSIN_API_KEY_FILE if left out.")
    ] = "",
) -> None:
    """Serve tools for an assistant on standard input and output (MCP), of a workspace on a server that runs."""
    if not url:
        raise InvalidInputError.of("--url", "is required; give the address of the workspace, or set TOCSIN_API_URL")
    key = bootstrap.api_key(key_file)
    # Nothing but this command needs the SDK, which takes half a second to load.
    from tocsin.mcp import bridge  # noqa: PLC0415

    with in_our_words(), Session(url=url, key=key) as session:
        bridge.serve(Tools(session=session))
