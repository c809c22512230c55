"""The commands about webhooks: `tocsin webhook`."""

import json
from typing import Annotated

import typer

from tocsin import bootstrap
from tocsin.terminal import Json, Subdomain, say

webhook = typer.Typer(help="Webhooks, which rules call.")


@webhook.callback()
def group() -> None:
    """Keep `secret` a command of its own, which a group of one would not be."""


@webhook.command("secret")
def renew_secret(
    subdomain: Subdomain,
    url: Annotated[str, typer.Argument(metavar="URL", help="The URL as it stands in rules.")],
    as_json: Json = False,
) -> None:
    """Make a new secret for calls of a URL and print it, alone and only this once; the former one is good for a day more."""
    made = bootstrap.administer(bootstrap.settings(), "webhook secret", {"subdomain": subdomain, "url": url})
    say(json.dumps(made, indent=2) if as_json else made["secret"])
