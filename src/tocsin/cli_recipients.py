"""The commands about recipients and limits: `tocsin recipient`, `suppression`, `workspace limits` and `workspace resume`."""

import json
from typing import Annotated, Any

import typer

from tocsin import bootstrap
from tocsin.terminal import Json, Subdomain, listing, say

suppression = typer.Typer(help="The suppression list of a workspace: who gets no more messages.")
recipient = typer.Typer(help="In which time zone and language somebody is written to.")

Recipient = Annotated[str, typer.Argument(metavar="ADDRESS", help="The recipient's address; no letter's case counts.")]
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The recipient's address.")]
Rule = Annotated[str, typer.Option("--rule", metavar="ID", help="For this rule only; for all if left out.")]


def register(workspace: typer.Typer) -> None:
    """Add the commands that speak of a workspace as a whole to `tocsin workspace`."""
    workspace.command("limits")(show_or_set_limits)
    workspace.command("resume")(resume_sending)


@suppression.command("list")
def list_suppressions(
    subdomain: Subdomain,
    recipient: Annotated[str, typer.Option(help="Only the entries of this address.")] = "",
    as_json: Json = False,
) -> None:
    """List who gets no more messages, since when and why; the newest thousand."""
    columns = ("recipient", "rule_id", "reason", "since_at", "note")
    listing("suppression list", {"subdomain": subdomain, "recipient": recipient}, columns, as_json=as_json)


@suppression.command("add")
def add_suppression(
    subdomain: Subdomain,
    recipient: Recipient,
    rule: Rule = "",
    note: Annotated[str, typer.Option(help="Why, for whoever reads the list.")] = "",
) -> None:
    """Send an address no more messages; what waits for it ends."""
    values = {"subdomain": subdomain, "recipient": recipient, "rule_id": rule, "note": note}
    added = _done("suppression add", values)
    say(f"{added['recipient']} gets no more messages of {_where(subdomain, rule)}")


@suppression.command("remove")
def remove_suppression(subdomain: Subdomain, recipient: Recipient, rule: Rule = "") -> None:
    """Take an address off the list, whatever put it there; what was ended meanwhile stays ended."""
    _done("suppression remove", {"subdomain": subdomain, "recipient": recipient, "rule_id": rule})
    say(f"{recipient} gets messages of {_where(subdomain, rule)} again")


@recipient.command("list")
def list_recipients(subdomain: Subdomain, as_json: Json = False) -> None:
    """List the addresses with a time zone or locale of their own; the first thousand."""
    columns = ("address", "time_zone", "locale", "updated_at")
    listing("recipient list", {"subdomain": subdomain}, columns, as_json=as_json)


@recipient.command("set")
def set_recipient(
    subdomain: Subdomain,
    address: Address,
    time_zone: Annotated[str | None, typer.Option(help="Such as Asia/Tokyo; '' takes it away.")] = None,
    locale: Annotated[str | None, typer.Option(help="Such as de or pt-BR; '' takes it away.")] = None,
) -> None:
    """Set in which time zone and language an address is written to; what is left out stays."""
    values = {"subdomain": subdomain, "address": address, "time_zone": time_zone, "locale": locale}
    done = _done("recipient set", values)
    own = [done["time_zone"] or "the usual time zone", done["locale"] or "the usual language"]
    say(f"{done['address']} is written to in {own[0]} and {own[1]}")


@recipient.command("remove")
def remove_recipient(subdomain: Subdomain, address: Address) -> None:
    """Forget what is set for an address."""
    _done("recipient remove", {"subdomain": subdomain, "address": address})
    say(f"{address} is written to in the usual time zone and language")


def show_or_set_limits(
    subdomain: Subdomain,
    *,
    workspace: Annotated[str | None, typer.Option(help="All messages, such as 200/day; '' is no limit.")] = None,
    recipient: Annotated[str | None, typer.Option(help="To one recipient, such as 2/minute,10/day.")] = None,
    domain: Annotated[str | None, typer.Option(help="To all recipients of one domain, such as 100/hour.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Back to the defaults, before anything else is set.")] = False,
    as_json: Json = False,
) -> None:
    """Show what a workspace may send, or set it; what is left out stays."""
    values = {
        "subdomain": subdomain,
        "workspace": workspace,
        "recipient": recipient,
        "domain": domain,
        "reset": reset,
    }
    listing("workspace limits", values, ("scope", "limit", "set_by", "used"), as_json=as_json)


def resume_sending(subdomain: Subdomain, as_json: Json = False) -> None:
    """Let a workspace send again that was paused for its bounces or complaints, and count anew."""
    done = _done("workspace resume", {"subdomain": subdomain})
    say(json.dumps(done, indent=2) if as_json else f"{subdomain} sends again; {done['freed']} deliveries have waited")


def _where(subdomain: str, rule: str) -> str:
    return f"rule {rule}" if rule else subdomain


def _done(command: str, values: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = bootstrap.administer(bootstrap.settings(), command, values)
    return done
