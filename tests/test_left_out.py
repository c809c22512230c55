"""Where what a test needs is not installed, nothing is left out in silence."""

import dataclasses
from io import StringIO
from pathlib import Path

import pytest

from tests import left_out, packages
from tests.packages import ALL, EVOLUTION, PGBOUNCER, Needs

PRESENT = Needs(folder="tests/evolution/", what="Nothing", files={})
ABSENT = dataclasses.replace(EVOLUTION, files={"gir1.2-ecal-2.0": "no/such/file", "dbus": "nor/this"})


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
    none_there = EVOLUTION.missing(tmp_path)
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/dbus-run-session").touch()

    assert none_there == ["evolution-data-server", "gir1.2-ecal-2.0", "gir1.2-ical-3.0", "python3-gi", "dbus"]
    assert EVOLUTION.missing(tmp_path) == none_there[:-1]


def test_all_that_is_missing_is_listed_for_who_installs_it() -> None:
    assert packages.missing([PRESENT, ABSENT]) == ["gir1.2-ecal-2.0", "dbus"]
    assert PGBOUNCER in ALL


def test_a_test_runs_where_its_packages_are_installed() -> None:
    left_out.require(PRESENT, in_ci=False)
    left_out.require(PRESENT, in_ci=True)


def test_without_them_a_test_is_left_out_and_in_ci_it_fails() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"install the Debian packages gir1.2-ecal-2.0 dbus"):
        left_out.require(ABSENT, in_ci=False)
    with pytest.raises(pytest.fail.Exception, match=r"install the Debian packages gir1.2-ecal-2.0 dbus"):
        left_out.require(ABSENT, in_ci=True)


def test_what_is_installed_and_may_not_work_here_is_left_out_too() -> None:
    works, fails = (dataclasses.replace(PRESENT, probe=(command,)) for command in ("true", "false"))

    assert works.reason() == ""
    assert fails.reason() == "Nothing may not do here what it does"
    assert dataclasses.replace(ABSENT, probe=("false",)).reason() == ABSENT.reason()


def test_one_line_for_each_folder_tells_how_many_were_left_out(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    pooler = dataclasses.replace(PGBOUNCER, files={"pgbouncer": "no/such/file"})
    monkeypatch.setattr(left_out, "ALL", (ABSENT, pooler))

    lines = written(
        request.config,
        "tests/evolution/test_a.py::b",
        "tests/evolution/test_a.py::c",
        "tests/scale/test_a.py::b",
        "tests/test_d.py::e",
    )

    assert lines == (
        "tests/evolution/: 2 tests were left out: Evolution's calendar is not there, "
        "install the Debian packages gir1.2-ecal-2.0 dbus\n"
        "tests/scale/: 1 tests were left out: PgBouncer is not there, install the Debian packages pgbouncer\n"
    )
    assert written(request.config, "tests/test_d.py::e") == ""


def test_the_line_is_written_by_whichever_process_ends_the_run(request: pytest.FixtureRequest) -> None:
    found = request.config.pluginmanager.get_plugin("tests.left_out")

    assert found is not None
    assert found.pytest_terminal_summary is left_out.pytest_terminal_summary
