"""How commands print what takes its time."""

import io
import sys

import pytest

from tocsin.terminal import progress


class Terminal(io.StringIO):
    """A terminal that keeps what it is given."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("is_terminal", [True, False])
def test_how_far_it_is_stands_at_a_terminal_alone(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:
    stderr = Terminal() if is_terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("TERM", "xterm")

    with progress("Applying [the] plan") as told:
        told(3, 12)

    assert ("Applying [the] plan" in stderr.getvalue()) is is_terminal
    assert ("3/12" in stderr.getvalue()) is is_terminal
