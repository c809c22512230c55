"""The commands about backups: `tocsin backup`, `tocsin restore`, and `tocsin held` for what a restore holds back."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin import backup, bootstrap
from tocsin.domain.errors import ConflictError, InvalidInputError
from tocsin.domain.text import one_line
from tocsin.terminal import Json, Subdomain, say, table

held = typer.Typer(help="What a restore holds back because it may have left already.")

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Which; `tocsin held list` names them.")]
All = Annotated[bool, typer.Option("--all", help="All that is held.")]
KeyIsLost = Annotated[bool, typer.Option("--key-is-lost", help="Nobody has the secret key of the old server any more.")]
_NEXT = "tocsin secret replace --former-is-lost"
File = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="What `tocsin backup` has written.")]


def register(cli: typer.Typer) -> None:
    """Add the commands that have no noun before them."""
    cli.command("backup")(back_up)
    cli.command("restore")(bring_back)


def back_up(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; nothing is written over.")],
    as_json: Json = False,
) -> None:
    """Write a SQLite store into a file, whole and consistent, while the server goes on."""
    made = _asked("backup", {"file": str(_place(file))})
    if as_json:
        say(json.dumps(made, indent=2))
        return
    say(f"{one_line(made['file'])}: {made['octets']} octets, looked through and whole")
    where = f"it is in {made['key_file']}" if made["key_file"] else "you have it in TOCSIN_SECRET_KEY"
    say(f"The secret key is not in it: {where}. Keep it in another place; without it no API key and no link works.")


def bring_back(file: File = None, key_is_lost: KeyIsLost = False, as_json: Json = False) -> None:
    """Bring a store back from a backup into an empty place, and hold back what may have left since it was taken.

    Without FILE: the database is there already (after pg_restore), and only what may have left is held back. Stop all of the
    old store's servers and workers before.
    """
    settings = bootstrap.settings()
    if file is None:
        report = backup.hold_back(settings, key_is_lost=key_is_lost)
    else:
        report = backup.bring_back(settings, _place(file), key_is_lost=key_is_lost)
    report["next"] = _NEXT if key_is_lost else None
    if as_json:
        say(json.dumps(report, indent=2))
    else:
        _tell(report)
    if report["complaints"]:
        raise ConflictError(f"it is there, and not whole: {'; '.join(report['complaints'])}")


def _place(file: Path) -> Path:
    """Return where `file` is. Raises InvalidInputError for a name that no file can have."""
    try:
        file.exists()
    except (OSError, ValueError) as error:
        raise InvalidInputError.of("FILE", "cannot be the name of a file; give another, or a shorter one") from error
    return file.absolute()


def _tell(report: dict[str, Any]) -> None:
    of = "" if report["taken_at"] is None else f" from the backup of {report['taken_at']}"
    say(f"brought back{of}")
    for subdomain, number in report["held"].items():
        say(
            f"{subdomain}: {number} held, because they may have left already"
            if number
            else f"{subdomain}: nothing held"
        )
    if any(report["held"].values()):
        say(
            "Look at them at /held on the pages, or with `tocsin held list SUBDOMAIN`; then `tocsin held done` what has left,"
            " `held send` the rest."
        )
    if report["next"]:
        say(f"Nothing starts before `{report['next']}`, which tells what ends without the key.")


@held.command("list")
def list_held(subdomain: Subdomain, as_json: Json = False) -> None:
    """List what is held, at most a thousand, that which was due first first."""
    found = _asked("held list", {"subdomain": subdomain})
    if as_json:
        say(json.dumps(found, indent=2))
    elif found:
        table(found, ("id", "recipient", "event", "due_at", "expires_at"))
    else:
        say("none")


@held.command("done")
def done(subdomain: Subdomain, ids: Ids = None, every: All = False) -> None:
    """Take it as sent: nothing leaves, and its recipients hear of what changes later."""
    _decided("held done", subdomain, ids, every=every)


@held.command("send")
def send(subdomain: Subdomain, ids: Ids = None, every: All = False) -> None:
    """Send it, though it may have left already."""
    _decided("held send", subdomain, ids, every=every)


def _decided(command: str, subdomain: str, ids: list[str] | None, *, every: bool) -> None:
    for one in _asked(command, {"subdomain": subdomain, "ids": ids or [], "all": every}):
        say(f"{one['id']} {one['state']}")


def _asked(command: str, values: dict[str, Any]) -> Any:
    return bootstrap.administer(bootstrap.settings(), command, values, backup.COMMANDS)
