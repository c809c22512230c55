"""Guards that are broken on purpose, one at a time, and the tests that must notice. A rig that sees no fault proves nothing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tocsin"
_LONGEST_S = 300.0
_FAILED = 1  # how pytest ends if tests failed; all else above 0 means that it did not get so far


@dataclass(frozen=True, slots=True)
class Mutant:
    """A guard without which something bad could happen: `old` in `file` becomes `new`, and one of `tests` must fail.

    `seeds`: the simulation must break too, in one of that many seeds.
    """

    guard: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    seeds: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a mutant was seen, and the last of what was said about it."""

    mutant: Mutant
    is_seen: bool
    said: str


def missing(mutants: Iterable[Mutant]) -> list[str]:
    """Return which of them cannot be made any more, because their text stands nowhere, or more than once."""
    counted = ((one, (SOURCE / one.file).read_text("utf-8").count(one.old)) for one in mutants)
    return [f"{one.guard}: its text stands {number} times in {one.file}" for one, number in counted if number != 1]


def is_whole(mutants: Iterable[Mutant]) -> str:
    """Run the tests of mutants as they are; return what is said if they do not pass."""
    tests = sorted({test for one in mutants for test in one.tests})
    ended = _pytest(tests, ROOT / "src")
    return "" if ended.returncode == 0 else ended.stdout[-2000:]


def tried(mutant: Mutant) -> Verdict:
    """Break a guard in a copy of the source, and see whether anybody notices."""
    with TemporaryDirectory(prefix="tocsin-mutant-") as folder:
        place = Path(folder)
        shutil.copytree(SOURCE, place / "tocsin")
        file = place / "tocsin" / mutant.file
        file.write_text(file.read_text("utf-8").replace(mutant.old, mutant.new), "utf-8")
        ended = [_pytest(mutant.tests, place)]
        if mutant.seeds:
            ended.append(_python(["-m", "tests.torture.simulation", "0", str(mutant.seeds - 1), "--first"], place))
    said = " | ".join(one.stdout.strip()[-300:] for one in ended)
    return Verdict(mutant=mutant, is_seen=all(one.returncode == _FAILED for one in ended), said=said)


def _pytest(tests: Sequence[str], source: Path) -> subprocess.CompletedProcess[str]:
    # Of a test that runs on both databases, the one on SQLite will do; it needs no server.
    options = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "-k", "not postgresql"]
    return _python(["-m", "pytest", *options, *tests], source)


def _python(arguments: Sequence[str], source: Path) -> subprocess.CompletedProcess[str]:
    # PYTHONPATH comes before what is installed. Options of the run around it name plugins and files that are not for this one.
    own = {"PYTHONPATH": str(source), "TORTURE": "quick", "PYTEST_ADDOPTS": ""}
    environment = {**os.environ, **own}  # noqa: TID251  of another process
    command = [sys.executable, *arguments]
    try:
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, returncode=-1, stdout="it did not end")
