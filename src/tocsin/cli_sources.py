"""The commands about sources: `tocsin source`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin import bootstrap
from tocsin.api.source_commands import COMMANDS
from tocsin.domain.errors import InvalidInputError
from tocsin.settings.values import LARGEST_FILE, text_of
from tocsin.terminal import Json, Subdomain, say, table

source = typer.Typer(help="Sources: other schedulers that report their bookings.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The source; `tocsin source list` names them.")]
_CallId = Annotated[str, typer.Argument(metavar="CALL", help="The call; `tocsin source calls` names them.")]
_File = "A file, - is standard input;"


@source.command("create")
def create_source(  # noqa: PLR0913, PLR0917  typer makes options of them
    subdomain: Subdomain,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="cal_com, calendly, easy_appointments, acuity or generic.")
    ],
    name: Annotated[str, typer.Option(help="What people read; the kind if left out.")] = "",
    secret_file: Annotated[str, typer.Option(help=f"{_File} the secret. One is made if left out.")] = "",
    header: Annotated[str, typer.Option(help="Easy!Appointments: the header that holds the secret.")] = "",
    api_url: Annotated[
        str, typer.Option(help="Easy!Appointments, or a Cal.com of your own: where its API lives.")
    ] = "",
    api_token_file: Annotated[
        str,
        typer.Option(
            help=f"{_File} the token of its API: Easy!Appointments needs it, Cal.com and Calendly look with it."
        ),
    ] = "",
    user_id: Annotated[
        str, typer.Option(help="Acuity: the user id beside the API key. Calendly: whose bookings are looked at.")
    ] = "",
    host_email: Annotated[str, typer.Option(help="Who hosts bookings that name no host.")] = "",
    as_json: Json = False,
) -> None:
    """Make a source; print what to paste where in the other product, and the secret that was made, only this once."""
    wanted = {
        "source": kind,
        "name": name,
        "secret": _secret(secret_file),
        "header": header,
        "api_url": api_url,
        "api_token": _secret(api_token_file),
        "user_id": user_id,
        "host_email": host_email,
    }
    given = {field: value for field, value in wanted.items() if value}
    made = _done("source create", {"subdomain": subdomain, "source": given})
    say(json.dumps(made, indent=2) if as_json else _told(made))


@source.command("list")
def list_sources(subdomain: Subdomain, as_json: Json = False) -> None:
    """List the sources of a workspace."""
    _listing("source list", {"subdomain": subdomain}, ("id", "source", "name", "url"), as_json=as_json)


@source.command("show")
def show_source(subdomain: Subdomain, source_id: _Id, as_json: Json = False) -> None:
    """Show a source with what to paste where; its secret is not shown."""
    found = _done("source show", {"subdomain": subdomain, "id": source_id})
    say(json.dumps(found, indent=2) if as_json else _told(found))


@source.command("delete")
def delete_source(subdomain: Subdomain, source_id: _Id) -> None:
    """Delete a source: its address is dead; the bookings that it reported stay."""
    _done("source delete", {"subdomain": subdomain, "id": source_id})
    say(f"deleted {source_id}")


@source.command("look")
def look_now(subdomain: Subdomain, source_id: _Id) -> None:
    """Let a source look now for what no call has told; the server does it."""
    _done("source look", {"subdomain": subdomain, "id": source_id})
    say("it looks as soon as a worker can; `tocsin source show` says what it found")


@source.command("calls")
def list_calls(
    subdomain: Subdomain,
    source_id: _Id,
    state: Annotated[str, typer.Option(help="Only those that are so, such as not_understood.")] = "",
    as_json: Json = False,
) -> None:
    """List the last hundred calls of a source, and what became of them."""
    values = {"subdomain": subdomain, "id": source_id, "state": state}
    _listing("source calls", values, ("id", "last_received_at", "times", "state", "sentence"), as_json=as_json)


@source.command("call")
def show_call(subdomain: Subdomain, source_id: _Id, call_id: _CallId) -> None:
    """Show a call with its body, in JSON."""
    say(json.dumps(_done("source call", {"subdomain": subdomain, "id": source_id, "call_id": call_id}), indent=2))


@source.command("replay")
def replay_call(subdomain: Subdomain, source_id: _Id, call_id: _CallId) -> None:
    """Read a call again, after whatever kept it from being applied was mended."""
    done = _done("source replay", {"subdomain": subdomain, "id": source_id, "call_id": call_id})
    say(f"{done['state']}: {done['sentence']}")


def _done(command: str, values: dict[str, Any]) -> Any:
    return bootstrap.administer(bootstrap.settings(), command, values, COMMANDS)


def _listing(command: str, values: dict[str, Any], columns: tuple[str, ...], *, as_json: bool) -> None:
    found = _done(command, values)
    if as_json:
        say(json.dumps(found, indent=2))
    elif found:
        table(found, columns)
    else:
        say("none")


def _told(found: dict[str, Any]) -> str:
    """Return a source as lines: its address, its secret if it was just made, and what to do there."""
    steps = [f"{number}. {step}" for number, step in enumerate(found["steps"], start=1)]
    secret = [f"secret  {found['secret']}  (shown only now)"] if found.get("secret") else []
    return "\n".join([f"id      {found['id']}", f"url     {found['url']}", *secret, *_looks(found), *steps])


def _looks(found: dict[str, Any]) -> list[str]:
    """Return how the looks of a source go, as lines."""
    look = found["look"]
    if look is None:
        return []
    last, coming = look["last_looked_at"] or "never", look["next_look_at"] or "held"
    trouble = [f"        {look['trouble']}"] if look["trouble"] else []
    return [f"looked  {last}, next {coming}; bookings changed: {look['found']}", *trouble]


def _secret(path: str) -> str:
    """Return the secret in a file: never an argument, which every process of the machine can read."""
    if not path:
        return ""
    try:
        text = sys.stdin.read(LARGEST_FILE) if path == "-" else text_of(Path(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError.of("file", f"{path} cannot be read ({type(error).__name__})") from error
    return text.strip()
