"""What units and compose files say of the program, held against the program itself."""

import typer

from tocsin.cli import cli
from tocsin.settings import NAMES


def is_a_command(words: list[str]) -> bool:
    """Tell whether the command line knows what is written behind `tocsin`, options too. Nothing is run."""
    command = typer.main.get_command(cli)
    try:
        for word in words[:]:
            if not hasattr(command, "commands"):
                break
            command = command.commands[word]
            words = words[1:]
        command.make_context("tocsin", words)
    except (KeyError, typer.TyperException):
        return False
    return not hasattr(command, "commands")


def is_a_setting(name: str) -> bool:
    """Tell whether the program reads a variable of this name."""
    return name.removesuffix("_FILE") in NAMES
