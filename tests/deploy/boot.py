"""A machine with a systemd of its own, booted in a second: this one's /usr, and everything else empty and thrown away.

It needs root. Two versions lie in its /opt as docs/deploy.md lays them out. Both are this tree, with a `.venv` as `make setup`
would have made there.
"""

import compileall
import fcntl
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240.0
VERSIONS = ("/opt/tocsin-0.1.0", "/opt/tocsin-0.2.0")
_PYTHON = "/opt/python"
_PYTHON_NAME = f"python{sys.version_info.major}.{sys.version_info.minor}"
# The Python that runs the tests may lie anywhere, and finds its library by that.
_READY = (
    f"mkdir -p /root && cd /root && ln -s {VERSIONS[0]} /opt/tocsin && echo {_PYTHON}/lib >/etc/ld.so.conf && ldconfig"
)
_UNIT = """
[Unit]
Description=What the test types
SuccessAction=poweroff-force
FailureAction=poweroff-force

[Service]
Type=oneshot
Environment=HOME=/root
ExecStart=/bin/bash /test/all
"""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a step has printed, and how it ended."""

    code: int
    text: str


def compiled(folder: Path) -> Path:
    """Return a copy of the program's source as docs/deploy.md has it compiled; whoever runs it there cannot write beside it."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(folder / "src", quiet=2)
    return folder / "src"


def booted(
    folder: Path, source: Path, steps: Mapping[str, str], *, binds: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Said]:
    """Boot a machine, type each step into a shell of root, and switch it off; return what each step has said.

    `source`: the program, from `compiled`.
    `binds`: what of this machine is to be seen there, by its path there. A step that fails does not end the others.
    """
    folder.chmod(0o755)
    shared = folder / "test"
    shared.mkdir()
    for name, commands in steps.items():
        (shared / name).write_text(f"set -euo pipefail\n{commands}\n", "utf-8")
    typed = [f"bash /test/{name} >/test/{name}.said 2>&1; echo $? >/test/{name}.code" for name in steps]
    (shared / "all").write_text("\n".join([_READY, *typed, ""]), "utf-8")
    seen = {"/test": str(shared), **binds}
    shown = [f"--bind={here}:{there}" for there, here in seen.items()]
    shown += [f"--bind-ro={here}:{there}" for there, here in _tree(folder, source).items()]
    own = f"--machine=tocsin-{secrets.token_hex(4)}"
    with _alone():
        _run([*_MACHINE, own, *shown, *_KERNEL], folder)
    return {
        name: Said(
            code=int((shared / f"{name}.code").read_text("utf-8")),
            text=(shared / f"{name}.said").read_text("utf-8", "replace"),
        )
        for name in steps
    }


_MACHINE = (
    "/usr/bin/systemd-nspawn",
    "--quiet",
    "--directory=/",
    "--volatile=yes",
    "--private-network",
    "--tmpfs=/usr/local/bin",
    "--register=no",
    "--keep-unit",
    "--link-journal=no",
    "--console=read-only",
    "--boot",
)
# Nobody is asked for a locale, and there is no network to wait for.
_KERNEL = ("systemd.unit=typed.service", "systemd.firstboot=no", "systemd.mask=systemd-networkd-wait-online.service")


def _tree(folder: Path, source: Path) -> dict[str, str]:
    """Return what is only to be read there, by its path there: the versions, Python, and the unit that types."""
    (folder / "typed.service").write_text(_UNIT, "utf-8")
    found = {_PYTHON: sys.base_prefix, "/etc/systemd/system/typed.service": str(folder / "typed.service")}
    for version in VERSIONS:
        found |= {version: str(ROOT), f"{version}/src": str(source)}
        found |= _venv(folder / Path(version).name, f"{version}/.venv")
    return found


def _venv(folder: Path, there: str) -> dict[str, str]:
    """Return the files of this tree's `.venv` that hold its path or Python's, made anew for another path."""
    binaries = folder / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(f"{_PYTHON}/bin/{_PYTHON_NAME}")
    program = binaries / "tocsin"
    program.write_text(
        f"#!{there}/bin/python\nimport sys\nfrom tocsin.__main__ import main\nsys.exit(main())\n", "utf-8"
    )
    program.chmod(0o755)
    (folder / "pyvenv.cfg").write_text(f"home = {_PYTHON}/bin\ninclude-system-site-packages = false\n", "utf-8")
    (folder / "tocsin.pth").write_text(f"{Path(there).parent}/src\n", "utf-8")
    editable = next(Path(sysconfig.get_path("purelib")).glob("*tocsin.pth"))
    return {
        f"{there}/bin": str(binaries),
        f"{there}/pyvenv.cfg": str(folder / "pyvenv.cfg"),
        f"{there}/lib/{_PYTHON_NAME}/site-packages/{editable.name}": str(folder / "tocsin.pth"),
    }


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other process of tests has a machine up.

    They would share their control groups, and one that ends takes away what another is about to start a service in.
    """
    with (Path(tempfile.gettempdir()) / "tocsin-machine.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], folder: Path) -> None:
    with (folder / "console.txt").open("w") as console:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True
        )
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # the machine ends with the one that has started it
            process.wait()
    assert process.returncode == 0, f"{shlex.join(command)}\n{(folder / 'console.txt').read_text('utf-8', 'replace')}"
