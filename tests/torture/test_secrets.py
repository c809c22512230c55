"""A22: no secret and no person that is planted stands in anything that the program says, where it does not belong.

The real program lives once with each form of log and on each database. All that it says is kept: standard output and errors
of each command, its log, its metrics, its answers, its command line, and the files of its store.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.faces.running import Program, Running
from tests.faces.shell import Shell
from tests.smtp_server import Sink
from tests.torture.canaries import canary, found, spellings
from tests.torture.life import (
    Run,
    break_down,
    dkim_keys,
    erase,
    look_around,
    misuse,
    set_up,
    settle,
    start_wrongly,
    use,
    visit,
)
from tests.torture.rig import Rig
from tests.torture.tenants import some

# What may name a person: what is asked by whoever may know, and the command that gives out all that is known of one.
KNOWS_PEOPLE = re.compile(r"(?:GET|POST|PUT|PATCH|page) .*|output of (?:rules|audit|person) .*|the files .*")


@pytest.fixture(params=[("text", "sqlite"), ("json", "postgresql")], ids="-".join)
def run(request: pytest.FixtureRequest, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Give a program that has not begun to live, with a relay."""
    log, sort = request.param
    folder = Path.cwd()
    url = f"sqlite:///{folder}/tocsin.db" if sort == "sqlite" else request.getfixturevalue("postgres_url")
    with Sink(credentials=("relay", canary("password at the relay"))) as sink, httpx.Client(timeout=60) as line:
        run = Run(sink=sink, line=line, program=Program(folder=folder), shell=shell, monkeypatch=monkeypatch)
        settle(run, url, log)
        yield run


def test_nothing_that_the_program_says_holds_a_secret_or_names_a_person(
    run: Run, rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    erased = live(run, waits=rig.is_nightly)
    run.said["log of the commands"] = caplog.text
    files = b"".join(
        one.read_bytes() for one in run.program.folder.rglob("*") if one.is_file() and "tocsin.db" in str(one)
    )
    run.said["the files of the store"] = files

    secrets, people = run.planted.secrets, run.planted.people
    leaked = found(secrets, run.said)
    named = found(people, {where: text for where, text in run.said.items() if not KNOWS_PEOPLE.fullmatch(where)})
    left = found(erased, {"the files after an erasure": files})

    log = str(run.said["log of the server"])
    assert [words for words in ("unforeseen", "Traceback") if words not in log] == []  # what fails was looked at too
    assert found(people, run.said)  # so that the search would find what is there
    counts = f"{len(leaked)} of {len(secrets)} secrets and {len(named)} of {len(people)} persons' data"
    said = f"{counts} in {len(run.said):,} texts, {len(left)} in files after an erasure"
    rig.found("A22", said + some([*leaked, *named, *left]), is_met=not leaked and not named and not left)


def live(run: Run, *, waits: bool) -> dict[str, str]:
    """Live one life, and keep what was said aside: the log, and what others on the machine see of a process.

    Returns what was erased in it.
    """
    set_up(run)
    run.planted.secrets |= dkim_keys(run)
    with run.program.started("serve", says="Tocsin") as running:
        use(run)
        visit(run)
        misuse(run)
        look_around(run)
        erased = erase(run)
        run.said["command line"] = Path(f"/proc/{running.process.pid}/cmdline").read_bytes()
        break_down(run, taker(run.program))
        end(run, running)
    start_wrongly(run, waits=waits)
    return erased


def end(run: Run, running: Running) -> None:
    running.process.kill()
    running.process.wait()
    assert running.process.stdout is not None
    run.said["output of the server"] = running.process.stdout.read()
    run.said["log of the server"] = running.errors()


def taker(program: Program) -> Callable[[str], None]:
    """Return what runs a statement behind the program's back."""
    url = program.environment["TOCSIN_DATABASE_URL"]

    def take_away(statement: str) -> None:
        if url.startswith("sqlite"):
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=60)) as file:
                file.execute(statement)
                file.commit()
        else:
            with psycopg.connect(url) as server:
                server.execute(statement.encode())

    return take_away


@pytest.mark.parametrize("around", ["{}", "x{}y", '{{"a": "{}"}}', "https://u:{}@h/", "password={};"])
def test_the_search_finds_a_secret_in_each_writing(around: str) -> None:
    value = canary("anything") + '/é"&'

    for spelling in spellings(value):
        assert found({"it": value}, {"here": around.format(spelling), "there": "nothing"}) == ["it in here"]
