"""The commands about mail: `tocsin dkim`."""

import json
from typing import Annotated, Any

import typer

from tocsin import bootstrap
from tocsin.terminal import Json, Subdomain, listing, say

dkim = typer.Typer(help="DKIM keys, with which a workspace signs its messages.")

Selector = Annotated[str, typer.Argument(metavar="SELECTOR", help="Which key; `tocsin dkim list` names them.")]
Domain = Annotated[str, typer.Option(help="The domain of From; that of the workspace's sender if left out.")]


@dkim.command("create")
def create_key(
    subdomain: Subdomain,
    domain: Domain = "",
    selector: Annotated[str, typer.Option(help="Its name in the DNS; made from subdomain and day if left out.")] = "",
    algorithm: Annotated[str, typer.Option(help="rsa, which all receivers check, or ed25519.")] = "rsa",
    as_json: Json = False,
) -> None:
    """Make a key and print the record to add to the DNS; it signs once it is activated."""
    values = {"subdomain": subdomain, "domain": domain, "selector": selector, "algorithm": algorithm}
    made = _done("dkim create", values)
    if as_json:
        say(json.dumps(made, indent=2))
        return
    say(f"name   {made['name']}\ntype   {made['type']}\nvalue  {made['value']}\n\n{made['record']}\n")
    option = f" --domain {made['domain']}" if domain else ""
    say(f"Add this record, then run: tocsin dkim activate {subdomain} {made['selector']}{option}")


@dkim.command("list")
def list_keys(subdomain: Subdomain, as_json: Json = False) -> None:
    """List the keys of a workspace with their records; nothing can show their private halves."""
    columns = ("domain", "selector", "algorithm", "state", "created_at", "record")
    listing("dkim list", {"subdomain": subdomain}, columns, as_json=as_json)


@dkim.command("activate")
def activate_key(
    subdomain: Subdomain,
    selector: Selector,
    domain: Domain = "",
    force: Annotated[bool, typer.Option("--force", help="Do not ask the DNS for its record first.")] = False,
) -> None:
    """Let a key sign from now on, if its record is in the DNS."""
    values = {"subdomain": subdomain, "selector": selector, "domain": domain, "force": force}
    key = _done("dkim activate", values)
    say(f"{key['selector']} signs for {key['domain']}")


@dkim.command("retire")
def retire_key(subdomain: Subdomain, selector: Selector, domain: Domain = "") -> None:
    """End a key at once and forget its private half; leave its record in the DNS for a week."""
    key = _done("dkim retire", {"subdomain": subdomain, "selector": selector, "domain": domain})
    say(f"retired {key['selector']} of {key['domain']}")


def _done(command: str, values: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = bootstrap.administer(bootstrap.settings(), command, values)
    return done
