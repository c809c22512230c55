"""deploy/Containerfile: there is no engine to build it, so each of its steps is held against what it works on."""

import importlib.metadata
import runpy
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.image import ROOT, Instruction, context, is_sent, stages
from tests.deploy.settings import is_a_command, is_a_setting
from tests.faces.running import Program
from tests.ports import free_port

BUILD, FINAL = stages()
PINS: list[Requirement] = runpy.run_path(str(ROOT / "scripts" / "sbom.py"))["pins"]()


def only(word: str, stage: list[Instruction] = FINAL) -> Instruction:
    (found,) = [one for one in stage if one.word == word]
    return found


def closure(requirements: Iterable[Requirement]) -> set[str]:
    """Return the names of all packages that these bring along here."""
    found: set[str] = set()
    rest = [one for one in requirements if one.marker is None or one.marker.evaluate()]
    while rest:
        one = rest.pop()
        name = canonicalize_name(one.name)
        if name in found and not one.extras:
            continue
        found.add(name)
        for needed in map(Requirement, importlib.metadata.requires(name) or ()):
            extras = [{"extra": extra} for extra in {"", *one.extras}]
            if needed.marker is None or any(needed.marker.evaluate(extra) for extra in extras):
                rest.append(needed)
    return found


def test_each_stage_begins_with_an_image_that_has_a_version_and_no_host() -> None:
    assert [stage[0].rest for stage in (BUILD, FINAL)] == ["python:3.13-slim AS build", "python:3.13-slim"]


def test_packages_come_by_the_lock_file_with_their_hashes_and_nothing_is_compiled() -> None:
    installed = [one.rest for one in BUILD if "--requirement" in one.rest]

    assert len(installed) == 1
    assert only("ARG", BUILD).rest == "LOCK=requirements.txt"
    assert '--require-hashes --only-binary :all: --requirement "$LOCK"' in installed[0]
    assert not any("apt-get" in one.rest or "curl" in one.rest for one in (*BUILD, *FINAL))
    assert not any(one.word == "ADD" for one in (*BUILD, *FINAL))


def test_the_lock_file_with_the_extra_has_all_that_the_other_has_and_what_the_extra_needs() -> None:
    usual, more = (
        {one.partition(" ")[0] for one in (ROOT / name).read_text("utf-8").splitlines() if "==" in one}
        for name in ("requirements.txt", "requirements-otel.txt")
    )
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["otel"]
    named = {canonicalize_name(Requirement(one).name) for one in more - usual}

    assert usual < more
    assert closure(map(Requirement, extra)) - closure(PINS) <= named


def test_what_only_builds_is_taken_out() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    locked = closure(PINS)
    needed = closure(map(Requirement, project["dependencies"]))
    (removed,) = [one.rest.partition("uninstall --yes ")[2].split() for one in BUILD if "uninstall" in one.rest]

    assert "hatchling" in locked - needed
    assert set(removed) == (locked - needed) | {"pip"}
    assert [one.rest for one in FINAL if one.word == "COPY"] == ["--from=build /opt/tocsin /opt/tocsin"]


def test_what_is_copied_is_in_the_tree() -> None:
    named = [name for one in BUILD if one.word == "COPY" for name in one.rest.split()[:-1] if name != "."]

    assert [name for name in named if name not in context()] == []


def test_the_context_has_what_is_built_from_and_nothing_else() -> None:
    assert {file.split("/")[0] for file in context()} == {
        "LICENSE",
        "README.md",
        "islands",
        "pyproject.toml",
        "requirements-build.txt",
        "requirements-otel.txt",
        "requirements.txt",
        "scripts",
        "src",
    }
    assert is_sent("src/tocsin/storage/migrations/0001_first.sql")
    assert [
        file
        for file in (
            ".git/config",
            ".venv/bin/python",
            "deploy/secrets/secret_key",
            "tocsin.db",
            "tocsin.db.key",
            "src/tocsin.db",
            "src/tocsin.db-wal",
            "src/tocsin.db.key",
            "tests/conftest.py",
            "islands/node_modules/x/index.js",
            "src/tocsin/__pycache__/cli.pyc",
            "src/tocsin/web/static/built/islands.js",
        )
        if is_sent(file)
    ] == []


def test_the_program_is_whole_when_it_is_installed_from_that_context(tmp_path: Path) -> None:
    tree, out = tmp_path / "tree", tmp_path / "out"
    for file in context():
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, tree / file)
    built = tree / "src/tocsin/web/static/built/islands.js"  # what scripts/islands makes, with packages from elsewhere
    built.parent.mkdir()
    built.write_text("// built\n", "utf-8")
    (installs,) = [one.rest for one in BUILD if "pip install" in one.rest and "--requirement" not in one.rest]
    words = installs.partition(".venv/bin/pip ")[2].partition(" &&")[0].split()

    subprocess.run(
        [sys.executable, "-m", "pip", "-qq", *words, "--target", str(out)], cwd=tree, check=True, timeout=120
    )

    ours = [file for file in context() if file.startswith("src/tocsin/")]
    assert [file for file in ours if not (out / file.removeprefix("src/")).exists()] == []
    assert (out / "tocsin/web/static/built/islands.js").exists()
    assert (out / "bin" / "tocsin").exists()


def test_it_runs_as_nobody_in_particular_and_keeps_its_store_on_a_volume() -> None:
    words = [one.word for one in FINAL]

    assert only("USER").rest == "10001:10001"
    assert words.index("USER") > max(at for at, word in enumerate(words) if word in ("RUN", "COPY"))
    assert only("VOLUME").words() == [only("WORKDIR").rest]
    assert f"--owner tocsin --group tocsin --mode 700 {only('WORKDIR').rest}" in only("RUN").rest
    assert "--uid 10001" in only("RUN").rest


def test_it_is_started_and_stopped_as_the_program_wants_it() -> None:
    environment = dict(word.split("=", 1) for word in only("ENV").rest.split())

    assert only("ENTRYPOINT").words() == ["tocsin"]
    assert is_a_command(only("CMD").words())
    assert only("STOPSIGNAL").rest == "SIGTERM"
    assert [name for name in environment if name != "PATH" and not is_a_setting(name)] == []
    assert environment["TOCSIN_LISTEN"].rpartition(":")[2] == only("EXPOSE").rest
    # Whoever names one by TOCSIN_DATABASE_URL_FILE would have two.
    assert "TOCSIN_DATABASE_URL" not in environment


@pytest.mark.parametrize("is_up", [True, False])
def test_its_health_is_what_the_program_says(tmp_path: Path, is_up: bool) -> None:
    port = free_port()
    command = [sys.executable, *only("HEALTHCHECK").words()[1:]]
    command[-1] = command[-1].replace(only("EXPOSE").rest, str(port))
    program = Program(folder=tmp_path, environment={"TOCSIN_LISTEN": f"127.0.0.1:{port}"})

    if is_up:
        with program.started("serve", says="Tocsin "):
            assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    else:
        assert subprocess.run(command, check=False, capture_output=True).returncode != 0
