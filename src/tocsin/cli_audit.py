"""The commands about the audit log: `tocsin audit`."""

import json
from typing import Annotated

import typer

from tocsin import bootstrap
from tocsin.domain.errors import ConflictError
from tocsin.terminal import Json, Subdomain, listing, say

audit = typer.Typer(help="Who did what in a workspace: the audit log.")


@audit.command("list")
def list_entries(  # noqa: PLR0917  typer makes options of them
    subdomain: Subdomain,
    who: Annotated[str, typer.Option(help="Only what these letters have done, such as an address or a key's id.")] = "",
    what: Annotated[str, typer.Option(help="Only a kind such as rule, or a verb such as rule.changed.")] = "",
    thing: Annotated[str, typer.Option("--id", help="Only what was done to the thing with this id.")] = "",
    day: Annotated[str, typer.Option(help="Only a day of the workspace, such as 2026-11-24.")] = "",
    as_json: Json = False,
) -> None:
    """List who did what, the newest thousand."""
    values = {"subdomain": subdomain, "who": who, "what": what, "thing": thing, "day": day}
    listing("audit list", values, ("number", "at", "who", "through", "verb", "name"), as_json=as_json)


@audit.command("verify")
def verify(
    subdomain: Subdomain,
    anchor: Annotated[str, typer.Option(help="An anchor that was shown before: the log must still lead over it.")] = "",
    as_json: Json = False,
) -> None:
    """Look whether the log is as it was written; exit 0 only if it is. Keep the anchor elsewhere, for the next time."""
    found = bootstrap.administer(bootstrap.settings(), "audit verify", {"subdomain": subdomain, "anchor": anchor})
    if as_json:
        say(json.dumps(found, indent=2))
    elif found["whole"]:
        say(f"{found['entries']} entries, as they were written; anchor {found['anchor'] or 'none yet'}")
    if not found["whole"]:
        raise ConflictError(f"the audit log of {subdomain} is not as it was written: {found['fault']}")


@audit.command("export")
def export(subdomain: Subdomain) -> None:
    """Print all entries, the oldest first, each as a line of JSON with its seal."""
    last = 0
    while found := bootstrap.administer(bootstrap.settings(), "audit export", {"subdomain": subdomain, "after": last}):
        for entry in found:
            say(json.dumps(entry, ensure_ascii=False))
        last = found[-1]["number"]
