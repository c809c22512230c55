"""What the commands share: how an answer of the office is printed, as lines, as a table or as JSON."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from tocsin import bootstrap
from tocsin.domain.text import one_line

Subdomain = Annotated[str, typer.Argument(metavar="SUBDOMAIN", help="The workspace's subdomain.")]
_WHOLE = frozenset({"id", "selector", "recipient", "address", "created_at", "since_at", "state"})  # what people copy
_WIDE = 10_000

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def say(text: str) -> None:
    """Print `text` and a line end."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def confirm(question: str) -> None:
    """Ask on standard error, and go on only after a yes. What was typed is repeated in it, and can be anything."""
    typer.confirm(one_line(question), abort=True, err=True)


def listing(command: str, values: dict[str, Any], columns: tuple[str, ...], *, as_json: bool) -> None:
    """Run a command of the office that answers with a list, and print that."""
    found = bootstrap.administer(bootstrap.settings(), command, values)
    if as_json:
        say(json.dumps(found, indent=2))
    elif found:
        table(found, columns)
    else:
        say("none")


def facts(command: str, values: dict[str, Any], *, as_json: bool) -> None:
    """Run a command of the office that answers with one thing, and print that."""
    found = bootstrap.administer(bootstrap.settings(), command, values)
    if as_json:
        say(json.dumps(found, indent=2))
    else:
        say("\n".join(f"{name:<14} {_plain(value)}" for name, value in found.items()))


def table(found: Sequence[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Print some columns of each thing found."""
    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        drawn.add_column(column.replace("_", " "), overflow="fold", no_wrap=column in _WHOLE)
    for one in found:
        drawn.add_row(*(_plain(one[column]) for column in columns))
    # A pipe has no width; what reads from it wants whole lines.
    Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else _WIDE).print(drawn)


def coloured(lines: Iterable[tuple[str, str]]) -> None:
    """Print lines, each in its colour if it has one, where there is a terminal that wants colours (NO_COLOR)."""
    console = Console(markup=False, highlight=False, soft_wrap=True, emoji=False)
    for colour, text in lines:
        console.print(Text(text, style=colour))


@contextmanager
def progress(words: str) -> Iterator[Callable[[int, int], None]]:
    """Show until the end of the block that something is done, and how much of it is, as soon as that is told.

    It stands on standard error, and only where that is a terminal; nothing of it stays.
    """
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(words, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
