"""The commands about a person: `tocsin person export`, `erase` and `log-name`."""

import json
from typing import Annotated, Any

import typer

from tocsin import bootstrap
from tocsin.terminal import Json, Subdomain, confirm, facts, say

person = typer.Typer(help="All that is kept of one address: given out, or erased.")

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The person's address.")]


@person.command("export")
def export(subdomain: Subdomain, address: Address) -> None:
    """Print all that a workspace keeps of an address, as JSON."""
    say(json.dumps(_asked("person export", subdomain, address), indent=2, ensure_ascii=False))


@person.command("erase")
def erase(
    subdomain: Subdomain,
    address: Address,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase an address, and what was written to it and about its bookings, for good; also from the audit log."""
    if not yes:
        confirm(f"Erase all that {subdomain} keeps of {address}?")
    found = _asked("person erase", subdomain, address)
    if as_json:
        say(json.dumps(found, indent=2))
        return
    for table, number in found["changed"].items():
        say(f"{table}: {number}")
    say(f"{sum(found['changed'].values())} rows name {found['erased_as']} now")
    say("Backups still name the person: let them age out. On PostgreSQL old rows go with the next VACUUM FULL.")


@person.command("log-name")
def log_name(address: Address) -> None:
    """Print what stands for an address in the logs of this installation, of all workspaces."""
    say(bootstrap.administer(bootstrap.settings(), "person log-name", {"address": address}))


def keep(
    subdomain: Subdomain,
    *,
    messages: Annotated[
        int | None, typer.Option(min=1, max=36500, help="For how many days the words of messages are kept.")
    ] = None,
    bookings: Annotated[
        int | None, typer.Option(min=1, max=36500, help="After how many days bookings are deleted with all of theirs.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Back to the default.")] = False,
    as_json: Json = False,
) -> None:
    """Show for how long a workspace keeps the words of messages, and bookings with all of theirs; or set it."""
    values = {"subdomain": subdomain, "messages": messages, "bookings": bookings, "reset": reset}
    facts("workspace retention", values, as_json=as_json)


def register(workspace: typer.Typer) -> None:
    """Add the command that stands with the workspaces."""
    workspace.command("retention")(keep)


def _asked(command: str, subdomain: str, address: str) -> Any:
    return bootstrap.administer(bootstrap.settings(), command, {"subdomain": subdomain, "address": address})
