"""A21: whatever is typed, a command ends with a code of the contract and says in one line what is wrong; never a traceback."""

import contextlib
import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faces.running import Program
from tests.faces.shell import Shell
from tests.test_settings import WRONG
from tests.torture.rig import Rig
from tests.torture.tenants import some
from tests.torture.typed import commands, orders
from tocsin import cli

CODES = {0, 1, 2, 78}
# The top of a command tells an error that nobody foresaw by the name of its class.
_UNFORESEEN = re.compile(r"tocsin: \w*(Error|Exception|Exit|Warning)\w*: ")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]")


@pytest.fixture
def settled(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Give the command line with a workspace and a file of rules; nobody answers what it asks."""
    shell.done("workspace", "create", "acme")
    (tmp_path / "rules.yaml").write_text("version: 1\nrules: []\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    return shell


def complaints(shell: Shell, typed: list[str]) -> Iterator[str]:
    """Yield what is wrong with how a command ends and with what it says."""
    code, out, err = shell(*typed)
    shown = f"{[word[:60] for word in typed]}: {code} {err[-200:]!r}"
    if code not in CODES or "Traceback" in out + err or _UNFORESEEN.match(err):
        yield shown
    elif code and not out and not re.fullmatch(r"(.*\? .*|.*: )?tocsin: .+\n", err):  # a question may stand before it
        yield f"not one line: {shown}"
    if _CONTROLS.search(out + err):
        yield f"a terminal would do something: {shown} {out[:100]!r}"


def test_whatever_is_typed_a_command_ends_in_order(settled: Shell, rig: Rig) -> None:
    every = list(orders())
    assert len(every) > 600
    size = rig.size(quick=150, nightly=2400)
    step = max(1, len(every) // size)

    wrong = [one for typed in every[::step] for one in complaints(settled, typed)]

    rig.found("A21", f"{len(wrong)} of {len(every[::step]):,} orders ended badly{some(wrong)}", is_met=not wrong)


class _Broken(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_a_stream_that_is_shut_ends_no_command_with_a_traceback(
    settled: Shell, rig: Rig, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    every = list(commands())
    shut = None if stream == "stdin" else _Broken()  # without one Python has None
    wrong = list[str]()

    for command in every[:: rig.size(quick=3, nightly=1)]:
        with monkeypatch.context() as patch:
            patch.setattr(sys, stream, shut)
            code = cli.run(command.typed())
        said = settled.taken()
        if code not in CODES or "Traceback" in said or _UNFORESEEN.match(said):
            wrong.append(f"{command.name}: {code} {said[-200:]}")

    rig.found("A21", f"{len(wrong)} commands ended badly with {stream} shut{some(wrong)}", is_met=not wrong)


ODD_FILES = {"a folder": None, "no UTF-8": b"\xff\xfe", "empty": b"", "two lines": b"a\nb\n"}
# Settings that hold a path, an address or a secret, with what the list of wrong ones has not.
ALSO_WRONG = [
    ("TOCSIN_DATABASE_URL", "sqlite:///" + "x" * 300),
    ("TOCSIN_DATABASE_URL", "sqlite:///" + "x/" * 3000),
    ("TOCSIN_DATABASE_URL", "sqlite:////proc/x.db"),
    ("TOCSIN_DATABASE_URL", "sqlite:///\x1b[2J/x"),
    ("TOCSIN_DATABASE_URL", "postgresql://[::1"),
    ("TOCSIN_STATE_DIR", "x" * 300),
    ("TOCSIN_STATE_DIR", "/dev/null"),
    ("TOCSIN_SMTP_URL", "smtp://"),
    ("TOCSIN_SMTP_URL", "smtp://host:99999"),
    ("TOCSIN_SMTP_URL", "smtp://[::1"),
    ("TOCSIN_SMTP_URL", "smtp://host?tls=perhaps"),
    ("TOCSIN_SMTP_URL", "gopher://host"),
    ("TOCSIN_MAIL_FROM", "a@b\r\nBcc: x@y"),
    ("TOCSIN_MAIL_FROM", "=?utf-8?q?x?=@example.org"),
    ("TOCSIN_INBOUND", "pigeon://x"),
]


def test_a_wrong_setting_ends_a_command_with_78_and_its_name(
    shell: Shell, rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong, settings = list[str](), [(name, value) for name, value, _ in WRONG] + ALSO_WRONG
    for number, content in enumerate(ODD_FILES.values()):
        path = tmp_path / f"odd {number}"
        path.mkdir() if content is None else path.write_bytes(content)
        settings += [(f"{name}_FILE", str(path)) for name in ("TOCSIN_SECRET_KEY", "TOCSIN_SMTP_URL")]
    settings += [("TOCSIN_SECRET_KEY_FILE", one) for one in ("/nowhere", "x" * 300, "/dev/null", "")]

    for name, value in settings:
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            code, _, err = shell("workspace", "list")
        named = name.removesuffix("_FILE") in err or "SQLite file" in err
        if code != 78 or not named or err.count("\n") != 1 or _CONTROLS.search(err):
            wrong.append(f"{name}={value[:40]!r}: {code} {err[:200]!r}")

    assert len(settings) > 40
    rig.found("A21", f"{len(wrong)} of {len(settings)} wrong settings told badly{some(wrong)}", is_met=not wrong)


def test_as_a_program_it_ends_in_order_without_streams_and_on_a_narrow_terminal(tmp_path: Path, rig: Rig) -> None:
    program, wrong = Program(folder=tmp_path), list[str]()
    program.done("workspace", "create", "acme", "--name", "x" * 100)
    ways = {
        "no standard input": "tocsin workspace delete acme <&-",
        "no standard input where a password is asked for": "tocsin account create acme ann@example.com <&-",
        "no standard input that is read": "tocsin rules plan acme - <&-",
        "no standard output": "tocsin workspace list >&-",
        "no standard error": "tocsin workspace show nobody 2>&-",
        "no stream at all": "tocsin workspace list <&- >&- 2>&-",
        "a full disk": "tocsin workspace list >/dev/full",
        "a pipe that nobody reads": "tocsin workspace list --json | true",
        "a pipe that nobody reads for long": "tocsin rules schema | head -c 1 >/dev/null",
        "no home, no path, no terminal": "env -i $PYTHON -m tocsin workspace list",
        "what is no UTF-8": "tocsin workspace show $(printf '\\377\\376')",
        "a small terminal": "COLUMNS=1 LINES=1 TERM=dumb tocsin workspace list",
    }

    asked = list(ways.items())[:: rig.size(quick=4, nightly=1)]
    for name, line in asked:
        code, said = _in_a_shell(program, line)
        if code not in CODES or "Traceback" in said:
            wrong.append(f"{name}: {code} {said[-300:]}")
    code, said = _at_a_terminal(program, "workspace", "list")
    if code or "acme.localhost" not in said:
        wrong.append(f"80 columns: {code} {said}")

    rig.found("A21", f"{len(wrong)} of {len(asked) + 1} ways to start it ended badly{some(wrong)}", is_met=not wrong)


def _in_a_shell(program: Program, line: str) -> tuple[int, str]:
    environment = program._environment({"PYTHON": sys.executable, "COLUMNS": "80"})
    head = 'set -o pipefail; tocsin() { "$PYTHON" -m tocsin "$@"; }; '
    ended = subprocess.run(
        ["bash", "-c", head + line], cwd=program.folder, env=environment, capture_output=True, timeout=60, check=False
    )
    return ended.returncode, (ended.stdout + ended.stderr).decode(errors="replace")


def _at_a_terminal(program: Program, *words: str) -> tuple[int, str]:
    """Run a command at a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    environment = program._environment({"COLUMNS": "80", "TERM": "xterm"})
    process = subprocess.Popen(
        [sys.executable, "-m", "tocsin", *words],
        cwd=program.folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    found = bytearray()
    with contextlib.suppress(OSError):  # what Linux answers when the other side has ended
        while piece := os.read(ours, 65_536):
            found += piece
    os.close(ours)
    return process.wait(60), found.decode()
