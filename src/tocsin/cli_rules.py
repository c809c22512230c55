"""The commands about automation rules: `tocsin rules`."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from tocsin import bootstrap
from tocsin.client import NeetoCal, Session, Tocsin
from tocsin.domain.errors import InvalidInputError
from tocsin.formats import yaml_document
from tocsin.rules_as_code import cal_com, shown, source
from tocsin.rules_as_code.neetocal import NeetoCalTarget
from tocsin.rules_as_code.source import STANDARD_INPUT
from tocsin.rules_as_code.targets import ApiTarget, StoreTarget, Target, in_our_words
from tocsin.schemas.rule_set import schema
from tocsin.terminal import Json, Subdomain, coloured, confirm, facts, listing, progress, say

_FAILED = 1

rules = typer.Typer(help="Automation rules of a workspace.")
imports = typer.Typer(help="Rules of other schedulers as YAML of ours, on standard output.")
rules.add_typer(imports, name="import")

_Where = Annotated[
    list[str],
    typer.Argument(
        metavar="[SUBDOMAIN] FILE", help="The workspace, but with --url; the YAML file, - is standard input."
    ),
]
_Url = Annotated[str, typer.Option(help="A workspace elsewhere by its address, such as https://acme.example.com.")]
_KeyFile = Annotated[
    str, typer.Option(help="A file with the API key for --url; TOCSIN_API_KEY or TOCSIN_API_KEY_FILE if left out.")
]
_IsNeetoCal = Annotated[bool, typer.Option("--neetocal", help="The address is a workspace of NeetoCal.")]
_Replaces = Annotated[
    bool, typer.Option("--replace", help="With --neetocal: create anew what cannot be changed, and delete the old one.")
]


@rules.command("list")
def list_rules(subdomain: Subdomain, as_json: Json = False) -> None:
    """List the automation rules of a workspace."""
    columns = ("id", "name", "event", "enabled", "recipients")
    listing("rules list", {"subdomain": subdomain}, columns, as_json=as_json)


@rules.command("show")
def show_rule(
    subdomain: Subdomain, rule_id: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False
) -> None:
    """Show an automation rule."""
    facts("rules show", {"subdomain": subdomain, "id": rule_id}, as_json=as_json)


@rules.command("export")
def export_rules(
    subdomain: Annotated[str, typer.Argument(metavar="[SUBDOMAIN]", help="The workspace, but with --url.")] = "",
    url: _Url = "",
    key_file: _KeyFile = "",
    neetocal: _IsNeetoCal = False,
    as_json: Json = False,
) -> None:
    """Print all rules as YAML, to be edited, planned and applied, here or in another workspace."""
    names = [subdomain] if subdomain else []
    with _target(names, url=url, key_file=key_file, neetocal=neetocal) as target:
        found = target.export()
    sys.stdout.write(f"{json.dumps(found, indent=2)}\n" if as_json else yaml_document.write(found))


@rules.command("plan")
def plan_rules(
    where: _Where,
    *,
    url: _Url = "",
    key_file: _KeyFile = "",
    neetocal: _IsNeetoCal = False,
    check: Annotated[bool, typer.Option("--check", help="End with 1 if there is something to change.")] = False,
    as_json: Json = False,
) -> None:
    """Show what applying a file would change; nothing is changed."""
    *names, name = where
    with _target(names, url=url, key_file=key_file, neetocal=neetocal) as target:
        read = source.read(name)
        with read.located():
            plan = target.plan(read.rule_set)
    if as_json:
        say(shown.as_data(plan, caveats=target.caveats))
    else:
        coloured(shown.lines(plan, caveats=target.caveats))
    if check and plan.steps:
        raise typer.Exit(_FAILED)


@rules.command("apply")
def apply_rules(
    where: _Where,
    *,
    url: _Url = "",
    key_file: _KeyFile = "",
    neetocal: _IsNeetoCal = False,
    replace: _Replaces = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Make the rules those of a file, all of them or none; show the plan and ask first."""
    *names, name = where
    if not yes and (as_json or name == STANDARD_INPUT):
        raise InvalidInputError.of(
            "--yes", "is needed with --json and with standard input, because nobody can be asked"
        )
    with _target(names, url=url, key_file=key_file, neetocal=neetocal, replaces=replace) as target:
        read = source.read(name)
        with read.located():
            plan = target.plan(read.rule_set)
            if not as_json:
                coloured(shown.lines(plan, caveats=target.caveats))
            if plan.steps:
                if not yes:
                    confirm("Apply this plan?")
                with progress("Applying the plan") as told:
                    plan = target.apply(read.rule_set, plan, told=told)
    if as_json:
        say(shown.as_data(plan, caveats=target.caveats))
    elif plan.steps:
        say(shown.done(plan))


@rules.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of the file, for editors and checks."""
    say(json.dumps(schema(), indent=2))


@imports.command("cal-com")
def import_cal_com(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What GET /v2/workflows answers; - is standard input.")],
    meeting: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID=SLUG", help="Which link an event type is here; all=SLUG for those of all event types."
        ),
    ] = None,
) -> None:
    """Print rules for the workflows of Cal.com; what has no counterpart is told on standard error."""
    slugs: dict[str, list[str]] = {}
    for pair in meeting or []:
        identity, equals, slug = pair.partition("=")
        if not identity or not equals or not slug:
            raise InvalidInputError.of("--meeting", f"{pair} is no ID=SLUG; write one such as 698191=intro-call")
        slugs.setdefault(identity, []).append(slug)
    found = cal_com.imported(source.text_of(file)[1], meetings=slugs)
    for note in found.notes:
        sys.stderr.write(f"tocsin: {note}\n")
    sys.stdout.write(yaml_document.write(found.rule_set))


@contextmanager
def _target(names: list[str], *, url: str, key_file: str, neetocal: bool, replaces: bool = False) -> Iterator[Target]:
    """Give the place for rules that arguments and options name. Raises InvalidInputError if they do not fit."""
    if len(names) != (0 if url else 1):
        wanted = "give the file alone, the address says which workspace" if url else "give the workspace, or --url"
        raise InvalidInputError.of("SUBDOMAIN", wanted)
    if (not url and (key_file or neetocal)) or (replaces and not neetocal):
        raise InvalidInputError.of("--url", "goes with --key-file and --neetocal, and --replace goes with --neetocal")
    if not url:
        yield StoreTarget(subdomain=names[0])
        return
    key = bootstrap.api_key(key_file)
    with in_our_words():
        session = Session(url=url, key=key, repeats_posts=not neetocal)
    with session:
        if neetocal:
            yield NeetoCalTarget(client=NeetoCal(session=session), replaces=replaces)
        else:
            yield ApiTarget(client=Tocsin(session=session))
