"""Neighbours: a worker of this machine that lives and gives no sign is told from one that works and from one that has ended."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.mail.neighbours import Neighbours

ROOT = Path(__file__).parents[2]
LONG = timedelta(seconds=20)


def silent_for(folder: Path, worker: str, seconds: int) -> None:
    """Let the last sign of a worker be so much older."""
    path = folder / f"{worker}.alive"
    at = path.stat().st_mtime - seconds
    os.utime(path, (at, at))


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Neighbours]:
    """Give a worker that works."""
    with closing(Neighbours(tmp_path / "state", "ours")) as found:
        found.sign()
        yield found


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Neighbours]:
    """Give another one."""
    with closing(Neighbours(tmp_path / "state", "theirs")) as found:
        found.sign()
        yield found


def test_one_that_gives_no_sign_for_long_is_found_until_it_gives_one(
    ours: Neighbours, theirs: Neighbours, tmp_path: Path
) -> None:
    silent_for(tmp_path / "state", "theirs", 30)
    found = ours.silent(longer_than=LONG)

    theirs.sign()

    assert list(found) == ["theirs"]
    assert 20 < found["theirs"].total_seconds() < 60
    assert ours.silent(longer_than=LONG) == {}


def test_a_worker_is_no_neighbour_of_its_own(ours: Neighbours, tmp_path: Path) -> None:
    silent_for(tmp_path / "state", "ours", 30)

    assert ours.silent(longer_than=-LONG) == {}


def test_one_that_has_ended_in_order_is_none_any_more(ours: Neighbours, theirs: Neighbours, tmp_path: Path) -> None:
    theirs.close()

    assert [path.name for path in (tmp_path / "state").iterdir()] == ["ours.alive"]
    assert ours.silent(longer_than=-LONG) == {}


def test_one_that_was_killed_is_forgotten_at_once(ours: Neighbours, tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys\n"
        "from tocsin.mail.neighbours import Neighbours\n"
        "Neighbours(pathlib.Path(sys.argv[1]), 'killed').sign()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "state")], cwd=ROOT, check=False)
    assert (tmp_path / "state" / "killed.alive").exists()

    assert ours.silent(longer_than=-LONG) == {}
    assert not (tmp_path / "state" / "killed.alive").exists()


def test_two_that_look_at_once_do_not_take_each_other_for_the_one_they_look_at(
    ours: Neighbours, tmp_path: Path
) -> None:
    dead = tmp_path / "state" / "dead.alive"
    dead.touch()
    with dead.open("rb") as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)

        assert ours.silent(longer_than=-LONG) == {}


def test_a_sign_that_cannot_be_read_hides_no_other(
    ours: Neighbours, theirs: Neighbours, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a", "z"):
        (tmp_path / "state" / f"{name}.alive").mkdir()

    assert list(ours.silent(longer_than=-LONG)) == ["theirs"]
    assert caplog.text.count("cannot be read") == 2


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_signs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file")
    alone = Neighbours(tmp_path / "state", "alone")

    alone.sign()

    assert alone.silent(longer_than=LONG) == {}
    assert "no sign of life can be left" in caplog.text
    alone.close()


def test_a_file_that_cannot_be_put_in_place_is_not_left_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "own.alive").mkdir(parents=True)
    alone = Neighbours(tmp_path, "own")

    alone.sign()
    alone.sign()

    assert [path.name for path in tmp_path.iterdir()] == ["own.alive"]
    assert caplog.text.count("no sign of life can be left") == 2


def test_nobody_else_may_read_the_signs(ours: Neighbours, tmp_path: Path) -> None:
    assert (tmp_path / "state" / "ours.alive").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
