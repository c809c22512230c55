"""The command about the installation's secret: `tocsin secret replace`."""

import json
import shlex
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin import bootstrap
from tocsin.domain.errors import ConflictError, InvalidInputError, StoreInUseError
from tocsin.domain.text import one_line
from tocsin.services import administration_secret
from tocsin.services.boxes import Sort
from tocsin.settings import SHORTEST_SECRET, Settings, values
from tocsin.terminal import Json, progress, say, table

secret = typer.Typer(help="The installation's secret, of TOCSIN_SECRET_KEY or of the file beside a SQLite store.")

_COUNTED = ("workspace", "what", "sealed_anew", "as_before", "not_opened")
_WHAT = {
    Sort.DKIM_KEY: "DKIM keys",
    Sort.SOURCE: "secrets of sources",
    Sort.CALL: "calls of sources",
    Sort.SECOND_FACTOR: "second factors",
}
# What ends, as it is told, with what to do about it.
_ENDED = {
    "sessions": ("sessions", "everybody signs in again"),
    "api_keys": ("API keys", "revoked; make new ones: tocsin key create SUBDOMAIN"),
    "recovery_codes": (
        "accounts with recovery codes",
        "their app goes on; for new codes turn it off and set it up again",
    ),
    "webhooks": ("webhooks with a secret", "hand out new ones, with the commands below"),
    "sources": ("addresses of sources", "paste the new ones there; the commands below show them"),
    "messages": ("messages with links and addresses for answers", "these stop working; no new message has them"),
    "erased": ("opt-outs of erased addresses", "nobody knows whose they are: they hold no more"),
}


@secret.callback()
def group() -> None:
    """Keep `replace` a command of its own, which a group of one would not be."""


@secret.command("replace")
def replace(
    former: Annotated[
        str, typer.Option(metavar="FILE", help="A file with the secret that the store had before; - is standard input.")
    ],
    as_json: Json = False,
) -> None:
    """Seal everything anew, after all processes were stopped and another secret was set; exit 0 only if all was opened.

    The audit logs are verified and sealed anew. What only the former secret could prove ends, and is listed. Started again,
    it goes on where it was interrupted.
    """
    with progress("sealing anew") as told:
        found = _replaced(bootstrap.settings(), _former(former), told)
    if as_json:
        say(json.dumps(found, indent=2))
    else:
        _tell(found["workspaces"])
    _must_be_whole(found["workspaces"])


def _replaced(settings: Settings, former: bytes, told: administration_secret.Told) -> dict[str, Any]:
    place = settings.sqlite_path
    if place is not None and not place.exists():
        raise ConflictError(f"there is no store at {place}; TOCSIN_DATABASE_URL names it")
    try:
        app = bootstrap.open_app(settings)
    except StoreInUseError as error:
        raise StoreInUseError(
            f"another process works on {place}, with the secret that it has read at its start; stop it, then do this again"
        ) from error
    with closing(app):
        return administration_secret.replace(app.office, former, told)


def _former(file: str) -> bytes:
    """Return the secret in a file, or on standard input. Raises InvalidInputError."""
    try:
        text = values.text_in(sys.stdin.buffer) if file == "-" else values.text_of(Path(file))
    except (OSError, ValueError) as error:
        raise InvalidInputError.of("former", f"cannot read {file}: {error}") from error
    if len(text.strip()) < SHORTEST_SECRET:
        raise InvalidInputError.of(
            "former", f"{file} holds no secret: those have at least {SHORTEST_SECRET} characters"
        )
    return text.strip().encode()


def _tell(found: list[dict[str, Any]]) -> None:
    table([row for one in found for row in _counts(one)], _COUNTED)
    _tell_what_ended(found)
    for one in found:
        if one["anchor"]:
            say(f"{one['subdomain']}: new anchor of its audit log {one['anchor']}")
    closed = [{"workspace": one["subdomain"], **box} for one in found for box in one["not_opened"]]
    if closed:
        say("Opened by neither secret, and left as they are:")
        table([{name: one_line(value) for name, value in one.items()} for one in closed], ("workspace", "sort", "name"))


def _counts(one: dict[str, Any]) -> list[dict[str, Any]]:
    boxes = [{"what": _WHAT[Sort(box["sort"])], **box} for box in one["boxes"]]
    log = {"what": "entries of the audit log", "as_before": 0, "not_opened": 0, **one["log"]}
    rows = [{"workspace": one["subdomain"], **row} for row in [*boxes, log]]
    return [row for row in rows if any(row[column] for column in _COUNTED[2:])]


def _tell_what_ended(found: list[dict[str, Any]]) -> None:
    numbers = {name: sum(_number(one["ended"][name]) for one in found) for name in _ENDED}
    rows = [
        {"ended": what, "number": numbers[name], "what_to_do": todo}
        for name, (what, todo) in _ENDED.items()
        if numbers[name]
    ]
    if rows:
        links = {
            "ended": "links to choose a password",
            "number": "all",
            "what_to_do": "make new ones: Settings, People",
        }
        say("")
        table([*rows, links], ("ended", "number", "what_to_do"))
        say("")
    for one in found:
        for url in one["ended"]["webhooks"]:
            say(f"tocsin webhook secret {one['subdomain']} {shlex.quote(url)}")
        for source in one["ended"]["sources"]:
            say(f"tocsin source show {one['subdomain']} {source['id']}    # {one_line(source['name'])}")


def _number(value: int | list[Any]) -> int:
    return value if isinstance(value, int) else len(value)


def _must_be_whole(found: list[dict[str, Any]]) -> None:
    """Raise ConflictError if anything could not be opened, or a log was changed."""
    closed = sum(box["not_opened"] for one in found for box in one["boxes"])
    wrong = [f"{closed} of the boxes open with neither secret"] if closed else []
    wrong += [
        f"the audit log of {one['subdomain']} was left as it is, because it is not as it was written: {one['log']['fault']}"
        for one in found
        if one["log"]["fault"]
    ]
    if wrong:
        raise ConflictError(f"the rest is sealed anew, and not all: {'; '.join(wrong)}")
