"""What somebody could type, or a script could put, behind each command and flag; the commands come from the parser."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from tocsin import cli

# No NUL, which no program can be given. What no UTF-8 is reaches a program as half a character.
STRINGS = (
    "", " ", "-", "--", "-x", "--json=x", "a\nb", "a\r\nBcc: x@evil.example", "a\tb", "\x1b[2J\x1b]0;x\x07", "\x07",
    "\x7f", "\x9b31m",
    "\udcff\udc80", "\xe9", "\u202eevil", "\u2028", "\u200b", "\U0001f984", "x" * 300, "x" * 100_000,
    "[bold]x[/bold]", "[/]", ":smile:",
    "{{client.name}}", "{0}", "%s%n", "%00", "$(id)", "`id`", "; id", "| id", "' OR 1=1 --", "\\", "*", "?", "~", ".",
    "..", "/", "//",
    "../../../etc/passwd", "/dev/full", "/dev/null", "/nowhere/at/all", "file:///etc/passwd", "null", "None", "0",
    "-1", "1.5", "1e9",
    "9" * 5000, "\u0663", "NaN", "true", "2026-02-30", "0001-01-01", "http://127.0.0.1:1/", "http://[::1",
    "javascript:x", "@x", "=1+1",
    "a,b", "acme", "ACME", "acme.", "ada@example.org", "ada@example.org\n", "Europe/Berlin", "../Berlin", "en",
    "1/day", "0/day",
)  # fmt: skip
# What stands where something else is looked at.
RIGHT = {
    "subdomain": "acme",
    "file": "rules.yaml",
    "where": "rules.yaml",
    "email": "ann@example.com",
    "address": "ada@example.org",
    "recipient": "ada@example.org",
    "url": "https://example.com/hook",
    "kind": "generic",
    "selector": "one",
}
# They would go on until they are told to stop, or take seconds, and take no words.
ENDLESS = {"serve", "worker", "demo", "doctor"}


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and the places behind it that take a text: each with its flag, or with nothing for an argument."""

    words: tuple[str, ...]
    params: Sequence[Any]

    @property
    def name(self) -> str:
        """How it is called."""
        return " ".join(self.words)

    def places(self) -> list[tuple[str, str]]:
        """Return the name and the flag of what takes a text."""
        return [(one.name, _flag(one)) for one in self.params if not getattr(one, "is_flag", False)]

    def flags(self) -> list[str]:
        """Return the flags that take nothing."""
        return [_flag(one) for one in self.params if getattr(one, "is_flag", False)]

    def typed(self, at: str = "", text: str = "") -> list[str]:
        """Return what is typed, with `text` at one place, and what is right or of no matter at the others."""
        found, behind = list(self.words), list[str]()
        for one in self.params:
            given = text if one.name == at else RIGHT.get(one.name, "nothing")
            if _flag(one) and one.name == at:
                found.append(f"{_flag(one)}={given}")
            elif not _flag(one) and (one.required or one.name == at):
                behind += ["acme", given] if one.name == "where" else [given]
        return [*found, "--", *behind] if behind else found


def _flag(param: Any) -> str:
    return str(param.opts[0]) if param.param_type_name == "option" else ""


def commands() -> Iterator[Command]:
    """Yield all commands that end by themselves."""
    for command in _below(typer.main.get_command(cli.cli), ()):
        if command.name not in ENDLESS:
            yield command


def _below(group: Any, words: tuple[str, ...]) -> Iterator[Command]:
    for name, inner in getattr(group, "commands", {}).items():
        yield from _below(inner, (*words, name))
    if not hasattr(group, "commands"):
        yield Command(words, group.params)


def orders() -> Iterator[list[str]]:
    """Yield all that is typed: first one text at each place, then the next at each."""
    every, size = list(commands()), len(STRINGS)
    for number in range(size):
        for at, command in enumerate(every):
            for place, (name, _) in enumerate(command.places()):
                yield command.typed(name, STRINGS[(number + at * 7 + place * 3) % size])
    for command in every:
        yield from _odd(command)


def _odd(command: Command) -> Iterator[list[str]]:
    """Yield what is wrong about a command whatever is in it."""
    words = list(command.words)
    yield words
    yield [*words, "--nothing"]
    yield [*words, "--nothing=x", "\x1b[2J"]
    yield [*words, *["x"] * 50]
    yield [*command.typed(), "one", "more"]
    yield [word.upper() for word in words]
    for flag in command.flags():
        yield [*words, f"{flag}=x"]
        yield [*words, flag, flag, *command.typed()[len(words) :]]
    for _, flag in command.places():
        if flag:
            yield [*words, flag]
