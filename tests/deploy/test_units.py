"""The units in deploy/systemd: what systemd says of them, and that what they say of the program is so."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.settings import is_a_command, is_a_setting
from tests.deploy.units import ROOT, SERVICES, SYSTEMD, UNITS, environment, hardening, lines
from tests.left_out import is_in_ci, require
from tests.packages import SYSTEMD as ANALYZE
from tocsin.workers.loop import GRACE

PROGRAM = "/opt/tocsin/.venv/bin/tocsin"
REQUESTS_S = 30  # what requests in hand get, before the message in hand gets GRACE
MOST_EXPOSED = 15  # of 100, by systemd's own count


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Give a folder with the units, whose program is the one that is tested."""
    require(ANALYZE, in_ci=is_in_ci())
    for unit in UNITS:
        text = (SYSTEMD / unit).read_text("utf-8")
        (tmp_path / unit).write_text(text.replace(PROGRAM, str(Path(sys.executable).parent / "tocsin")), "utf-8")
    return tmp_path


def analyzed(here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["/usr/bin/systemd-analyze", *arguments]
    return subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=60, check=False)


def test_systemd_has_nothing_to_say_about_them(here: Path) -> None:
    done = analyzed(here, "verify", "--man=no", *(f"./{unit}" for unit in UNITS))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_complains_of_a_wrong_line_and_of_a_program_that_is_not_there(here: Path) -> None:
    unit = here / "tocsin.service"
    unit.write_text(unit.read_text("utf-8").replace("ExecStart=/", "ExecStart=/gone/").replace("Type=exec", "Typ=exec"))

    said = analyzed(here, "verify", "--man=no", "./tocsin.service").stderr

    assert "'Typ'" in said
    assert "is not executable: No such file" in said


@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_is_exposed_no_more_than_it_must_be(here: Path, unit: str) -> None:
    done = analyzed(here, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", unit)

    assert done.returncode == 0, done.stdout


def test_all_services_are_locked_up_alike() -> None:
    assert {hardening(unit) for unit in SERVICES} == {hardening("tocsin.service")}
    assert {lines(unit)["User"][0] for unit in SERVICES} == {"tocsin"}


@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_runs_a_command_that_there_is_with_settings_that_there_are(unit: str) -> None:
    (command,) = lines(unit)["ExecStart"]
    words = shlex.split(command)
    words = shlex.split(words[-1].removeprefix("exec ")) if words[0] == "/bin/sh" else words
    names = {name for name in environment(unit) if name.startswith("TOCSIN_")}

    assert words[0] == PROGRAM
    assert is_a_command(words[1:]), command
    assert [name for name in names if not is_a_setting(name)] == []


@pytest.mark.parametrize("unit", SERVICES)
def test_each_secret_that_a_service_is_lent_is_the_one_that_it_reads(unit: str) -> None:
    lent = dict(value.split(":") for value in lines(unit)["LoadCredential"])
    read = {name: value for name, value in environment(unit).items() if name.endswith("_FILE")}

    assert lent == {name: f"/etc/tocsin/secrets/{name}" for name in lent}
    assert read == {f"{name}_FILE": f"%d/{name}" for name in lent}


@pytest.mark.parametrize("unit", [unit for unit in SERVICES if "backup" not in unit])
def test_a_server_has_the_time_to_end_and_is_not_started_again_with_a_wrong_setting(unit: str) -> None:
    found = lines(unit)

    assert int(found["TimeoutStopSec"][0]) >= REQUESTS_S + GRACE.total_seconds() + REQUESTS_S
    assert (found["KillSignal"], found["Restart"]) == (["SIGTERM"], ["on-failure"])
    assert "78" in found["RestartPreventExitStatus"][0].split()


def test_the_example_of_settings_has_settings_only() -> None:
    given = [line for line in (SYSTEMD / "tocsin.env").read_text("utf-8").splitlines() if not line.startswith("#")]

    assert given
    assert [line for line in given if not is_a_setting(line.partition("=")[0])] == []


def test_a_command_or_a_setting_that_is_not_there_is_seen() -> None:
    assert not is_a_command(["serve", "--no-such"])
    assert not is_a_command(["workspace"])
    assert not is_a_command(["gone"])
    assert not is_a_setting("TOCSIN_GONE")
    assert not is_a_setting("TOCSIN_API_KEY")


def test_the_page_names_every_file() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")

    assert [path.name for path in SYSTEMD.iterdir() if f"`{path.name}`" not in page] == []
