"""The command about the installation's secret: `tocsin secret replace`."""

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin import bootstrap
from tocsin import secret as kept_secret
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
    "messages": (
        "messages with links and addresses for answers",
        "these stop working, also where such a message is tried again or its entry is updated or cancelled",
    ),
    "erased": ("opt-outs of erased addresses", "nobody knows whose they are: they hold no more"),
}
# What to do about a box that stays closed.
_CLOSED = {
    Sort.DKIM_KEY: "make a new one: tocsin dkim create; messages go unsigned until it is activated",
    Sort.SOURCE: "make it anew and delete this one: Settings, Sources; its calls are refused",
    Sort.CALL: "it cannot be read again; if it was not applied yet, the other side has to send it again",
    Sort.SECOND_FACTOR: "let its owner set it up again: tocsin account reset-factor",
}
_LINKS = {
    "ended": "links to choose a password",
    "number": "all",
    "what_to_do": "make new ones: Settings, Accounts",
}
Replacing = Iterator[tuple[dict[str, Any], int]]  # what became of each workspace, and how many there are
ALL_DONE = "all is sealed with the present secret, and was before; nothing was changed"


@secret.callback()
def group() -> None:
    """Keep `replace` a command of its own, which a group of one would not be."""


@secret.command("replace")
def replace(
    former: Annotated[
        str, typer.Option(metavar="FILE", help="A file with the secret that the store had before; - is standard input.")
    ] = "",
    is_lost: Annotated[
        bool, typer.Option("--former-is-lost", help="Go on without it: what only it could open or prove ends.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Seal everything anew, after all processes were stopped and another secret was set; exit 0 only if all was opened.

    The audit logs are verified and sealed anew. What only the former secret could prove ends, and is listed for each workspace
    once it is done; JSON is one document at the end. Started again, it goes on where it was interrupted. Where the former
    secret is lost boxes and logs are left as they are, and 0 tells that the rest goes on.
    """
    secret_before, settings = _former(former, is_lost=is_lost), bootstrap.settings()
    with closing(_opened(settings)) as app:
        found = (_done if as_json else _done_and_told)(replacing(app, secret_before))
        if as_json:
            say(json.dumps({"workspaces": found}, indent=2))
        administration_secret.scrub(app.office)
    if not is_lost:
        _must_be_whole(found)
    if not as_json and all(one["was_done"] for one in found):
        say(ALL_DONE)


def replacing(app: bootstrap.App, former: bytes | None) -> Replacing:
    """Begin to seal a store anew with the secret of the settings, which is kept if something is to be done."""
    begin = partial(kept_secret.keep, app.settings, app.pepper)
    return administration_secret.replaced(app.office, former, begin=begin)


def _done(replacing: Replacing) -> list[dict[str, Any]]:
    found = []
    with progress("sealing anew") as told:
        for one, number in replacing:
            found.append(one)
            told(len(found), number)
    return found


def _done_and_told(replacing: Replacing) -> list[dict[str, Any]]:
    found = []
    for one, _ in replacing:
        _tell(one)
        found.append(one)
    return found


def _opened(settings: Settings) -> bootstrap.App:
    place = settings.sqlite_path
    if place is not None and not place.exists():
        raise ConflictError(f"there is no store at {place}; TOCSIN_DATABASE_URL names it")
    try:
        return bootstrap.open_app(settings, with_any_secret=True)
    except StoreInUseError as error:
        raise StoreInUseError(
            f"another process works on {place}, with the secret that it has read at its start; stop it, then do this again"
        ) from error


def _former(file: str, *, is_lost: bool) -> bytes | None:
    """Return the secret in a file, or on standard input; None if it is lost. Raises InvalidInputError."""
    if bool(file) is is_lost:
        raise InvalidInputError.of("former", "give --former FILE, or --former-is-lost if nobody has it any more")
    if is_lost:
        return None
    try:
        text = values.text_in(sys.stdin.buffer) if file == "-" else values.text_of(Path(file))
    except (OSError, ValueError) as error:
        raise InvalidInputError.of("former", f"cannot read {file}: {error}") from error
    if len(text.strip()) < SHORTEST_SECRET:
        raise InvalidInputError.of(
            "former", f"{file} holds no secret: those have at least {SHORTEST_SECRET} characters"
        )
    return text.strip().encode()


def _tell(one: dict[str, Any]) -> None:
    """Tell what became of one workspace."""
    if counts := _counts(one):
        table(counts, _COUNTED)
    ended = _ended(one["ended"])
    if ended:
        say("")
        table(ended, ("ended", "number", "what_to_do"))
    for line in [*_commands(one), *_end_of_log(one)]:
        say(line)
    closed = [{"workspace": one["subdomain"], **box} for box in one["not_opened"]]
    if closed:
        say("Opened by no secret that was given, and left as they are:")
        rows = [{name: one_line(value) for name, value in box.items()} | _todo(box["sort"]) for box in closed]
        table(rows, ("workspace", "sort", "name", "what_to_do"))
    say("")


def _counts(one: dict[str, Any]) -> list[dict[str, Any]]:
    boxes = [{"what": _WHAT[Sort(box["sort"])], **box} for box in one["boxes"]]
    log = {"what": "entries of the audit log", "as_before": 0, "not_opened": 0, **one["log"]}
    rows = [{"workspace": one["subdomain"], **row} for row in [*boxes, log]]
    return [row for row in rows if any(row[column] for column in _COUNTED[2:])]


def _ended(ended: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that tell what ended, each with what to do; none where nothing did."""
    numbers = {name: _number(ended[name]) for name in _ENDED}
    rows = [
        {"ended": what, "number": numbers[name], "what_to_do": todo}
        for name, (what, todo) in _ENDED.items()
        if numbers[name]
    ]
    return [*rows, _LINKS] if rows else []


def _commands(one: dict[str, Any]) -> Iterator[str]:
    """Yield what is to be typed because something ended."""
    for url in one["ended"]["webhooks"]:
        yield f"tocsin webhook secret {one['subdomain']} {shlex.quote(url)}"
    for source in one["ended"]["sources"]:
        yield f"tocsin source show {one['subdomain']} {source['id']}    # {one_line(source['name'])}"


def _end_of_log(one: dict[str, Any]) -> Iterator[str]:
    if one["log"]["fault"]:
        yield f"{one['subdomain']}: its audit log was left as it is: {one['log']['fault']}"
    if one["anchor"]:
        yield f"{one['subdomain']}: new anchor of its audit log {one['anchor']}"


def _todo(sort: str) -> dict[str, str]:
    return {"what_to_do": _CLOSED[Sort(sort)]}


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
