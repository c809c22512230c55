"""The command line, as tests type it."""

import json
from typing import Any

import pytest

from tocsin import cli


class Shell:
    """The command line inside of this process, which is quicker: its exit code, what it prints, and its errors."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = cli.run(arguments)
        printed = self._capsys.readouterr()
        return code, printed.out, printed.err

    def taken(self) -> str:
        """Return what was printed since this was asked last, be it on which stream."""
        return "".join(self._capsys.readouterr())

    def done(self, *arguments: str) -> str:
        code, out, err = self(*arguments)
        assert (code, err) == (0, "")
        return out

    def json(self, *arguments: str) -> Any:
        return json.loads(self.done(*arguments, "--json"))

    def refused(self, code: int, *arguments: str) -> str:
        ended, _, err = self(*arguments)
        assert ended == code, err
        assert err.startswith("tocsin: ")
        assert err.count("\n") == 1
        return err.removeprefix("tocsin: ").rstrip("\n")
