"""The rig: tests that hold a figure of docs/reliability.md against its target, small in `make test`, whole in `make torture`.

A test that takes the fixture `rig` is one of them. It asks the rig how large it is to be, and gives it what it found; the run
ends with a table. `tests/conftest.py` names this file as a plugin.
"""

import json
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

import pytest

from tests.torture.figures import FIGURES

RESULTS = Path(__file__).parents[2] / "build" / "torture.json"
_PROPERTY = "figure"
_LEFT_OUT = "left out"


class Found(TypedDict):
    """What was found of one figure."""

    figure: str
    found: str
    is_met: bool


@dataclass(frozen=True)
class Rig:
    """What a test of a figure is given."""

    is_nightly: bool
    _notes: list[tuple[str, object]]

    def size(self, *, quick: int, nightly: int) -> int:
        """Return how large something is to be."""
        return nightly if self.is_nightly else quick

    def found(self, figure: str, found: str, *, is_met: bool) -> None:
        """Note what was found, with its sizes; the test fails if the target of `figure` ("A1") is not met by it."""
        about = FIGURES[figure]
        self._notes.append((_PROPERTY, Found(figure=figure, found=found, is_met=is_met)))
        assert is_met, f"{figure}, {about.about}: found {found}; the target is {about.target}"

    def leave_out(self, figure: str, reason: str) -> None:
        """Leave the test out if there is a reason to; the end of the run tells it."""
        if reason:
            self._notes.append((_LEFT_OUT, f"{figure} {FIGURES[figure].about}: left out: {reason}"))
            pytest.skip(reason)


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Rig:
    """Give the rig, in the size that this run is for."""
    size = os.environ.get("TORTURE", "quick")  # noqa: TID251  about the run, not about Tocsin
    return Rig(is_nightly=size == "nightly", _notes=request.node.user_properties)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the rig, for `make torture`."""
    for item in items:
        if "rig" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.torture)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write a line for each figure that was looked at or left out, and all that was found into a file."""
    found = sorted(_all(terminalreporter, _PROPERTY), key=lambda one: int(one["figure"][1:]))
    left_out = list(_all(terminalreporter, _LEFT_OUT))
    if found or left_out:
        terminalreporter.section("figures of docs/reliability.md")
    for one in found:
        about = FIGURES[one["figure"]]
        verdict = "met" if one["is_met"] else "MISSED"
        terminalreporter.write_line(
            f"{one['figure']:>4} {about.about}: {one['found']} (target: {about.target}): {verdict}"
        )
    for line in left_out:
        terminalreporter.write_line(f"  {line}")
    if found:
        _keep(found)


def _keep(found: list[Found]) -> None:
    run = {"when": datetime.now(UTC).isoformat(), "machine": platform.platform(), "cores": os.cpu_count()}  # noqa: TID251
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({**run, "found": found}, indent=1) + "\n", "utf-8")


def _all(terminalreporter: pytest.TerminalReporter, wanted: str) -> Iterator[Any]:
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            yield from (value for name, value in getattr(report, "user_properties", ()) if name == wanted)
