"""The rig itself: it says how large, and a figure that misses its target fails its test and stands in the table."""

import json
from pathlib import Path

import pytest

from tests.torture import rig as torture
from tests.torture.rig import Rig


def a_rig(*, is_nightly: bool = False) -> Rig:
    return Rig(is_nightly=is_nightly, _notes=[])


def test_a_night_is_larger_than_a_quick_run() -> None:
    assert a_rig().size(quick=2, nightly=3) == 2
    assert a_rig(is_nightly=True).size(quick=2, nightly=3) == 3


def test_a_figure_that_misses_its_target_fails_the_test_with_both() -> None:
    one = a_rig()
    one.found("A3", "0 of 9", is_met=True)
    with pytest.raises(
        AssertionError, match="A3, planned deliveries without an end or an open row: found 1 of 9; the target is 0"
    ):
        one.found("A3", "1 of 9", is_met=False)

    assert one._notes == [
        ("figure", {"figure": "A3", "found": "0 of 9", "is_met": True}),
        ("figure", {"figure": "A3", "found": "1 of 9", "is_met": False}),
    ]


def test_what_cannot_be_looked_at_here_is_left_out_and_the_end_of_the_run_tells_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torture, "RESULTS", tmp_path / "torture.json")
    able, unable = a_rig(), a_rig()
    able.leave_out("A2", "")
    with pytest.raises(pytest.skip.Exception, match="only root can"):
        unable.leave_out("A2", "only root can")
    terminal = Terminal(passed=able._notes, skipped=unable._notes)

    torture.pytest_terminal_summary(terminal)  # type: ignore[arg-type]

    assert terminal.lines == [
        "figures of docs/reliability.md",
        "  A2 acknowledged commits lost at a power cut: left out: only root can",
    ]
    assert not torture.RESULTS.exists()


class Terminal:
    """The end of a run as pytest gives it: reports by outcome, and lines that are written."""

    def __init__(self, **notes: list[tuple[str, object]]) -> None:
        self.stats = {outcome: [Report(found)] for outcome, found in notes.items()}
        self.lines: list[str] = []

    def section(self, title: str) -> None:
        self.lines.append(title)

    def write_line(self, line: str) -> None:
        self.lines.append(line)


class Report:
    def __init__(self, user_properties: list[tuple[str, object]]) -> None:
        self.user_properties = user_properties


def test_the_run_ends_with_a_line_for_each_figure_in_their_order_and_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torture, "RESULTS", tmp_path / "build" / "torture.json")
    well, badly = a_rig(), a_rig()
    well.found("A24", "0", is_met=True)
    with pytest.raises(AssertionError):
        badly.found("A3", "1 of 9", is_met=False)
    terminal = Terminal(passed=well._notes, failed=badly._notes)

    torture.pytest_terminal_summary(terminal)  # type: ignore[arg-type]

    assert terminal.lines == [
        "figures of docs/reliability.md",
        "  A3 planned deliveries without an end or an open row: 1 of 9 (target: 0): MISSED",
        " A24 webhooks and addresses inside: 0 (target: 0 accepted, 0 done twice, 0 connections): met",
    ]
    kept = json.loads(torture.RESULTS.read_text("utf-8"))
    assert [(one["figure"], one["is_met"]) for one in kept["found"]] == [("A3", False), ("A24", True)]
    assert kept["cores"] >= 1


def test_a_run_without_figures_says_and_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torture, "RESULTS", tmp_path / "torture.json")
    terminal = Terminal(passed=[])

    torture.pytest_terminal_summary(terminal)  # type: ignore[arg-type]

    assert terminal.lines == []
    assert not torture.RESULTS.exists()
