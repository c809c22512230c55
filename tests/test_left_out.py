"""Where Evolution is not installed nothing is left out in silence."""

from io import StringIO
from pathlib import Path

import pytest

from tests.evolution import left_out
from tests.evolution.packages import missing


@pytest.fixture
def without_evolution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it look as if two packages were not installed."""
    monkeypatch.setattr(left_out, "missing", lambda: ["gir1.2-ecal-2.0", "dbus"])


def written(config: pytest.Config, *skipped: str) -> str:
    """Return what stands at the end of a run that has skipped these tests."""
    terminal = StringIO()
    reporter = pytest.TerminalReporter(config, terminal)
    reporter.stats["skipped"] = [
        pytest.TestReport(name, ("", None, ""), {}, outcome="skipped", longrepr=None, when="setup") for name in skipped
    ]
    left_out.pytest_terminal_summary(reporter)
    return terminal.getvalue()


def test_packages_are_missing_until_their_files_are_there(tmp_path: Path) -> None:
    none_there = missing(tmp_path)
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/dbus-run-session").touch()

    assert none_there == ["evolution-data-server", "gir1.2-ecal-2.0", "gir1.2-ical-3.0", "python3-gi", "dbus"]
    assert missing(tmp_path) == none_there[:-1]


def test_a_test_runs_where_evolution_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_out, "missing", list)

    left_out.require_evolution(in_ci=False)
    left_out.require_evolution(in_ci=True)


@pytest.mark.usefixtures("without_evolution")
def test_without_it_a_test_is_left_out_and_in_ci_it_fails() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"install the Debian packages gir1.2-ecal-2.0 dbus"):
        left_out.require_evolution(in_ci=False)
    with pytest.raises(pytest.fail.Exception, match=r"install the Debian packages gir1.2-ecal-2.0 dbus"):
        left_out.require_evolution(in_ci=True)


@pytest.mark.usefixtures("without_evolution")
def test_one_line_tells_how_many_were_left_out(request: pytest.FixtureRequest) -> None:
    line = written(request.config, "tests/evolution/test_a.py::b", "tests/evolution/test_a.py::c", "tests/test_d.py::e")

    assert line == (
        "tests/evolution/: 2 tests were left out: Evolution's calendar is not there, "
        "install the Debian packages gir1.2-ecal-2.0 dbus\n"
    )
    assert written(request.config, "tests/test_d.py::e") == ""


def test_the_line_is_written_by_whichever_process_ends_the_run(request: pytest.FixtureRequest) -> None:
    found = request.config.pluginmanager.get_plugin(str(Path(__file__).parents[1] / "conftest.py"))

    assert found is not None
    assert found.pytest_terminal_summary is left_out.pytest_terminal_summary
