"""Disks that are treated badly: one whose power is cut, one that is small (only root can have these), and a spoiled file.

The first is an ext4 image that lies in memory and is mounted through a loop device, on a kernel that writes nothing back by
itself. What a program has flushed is in the image, and all else is not; a copy of the image is the disk after a power cut.
"""

import errno
import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_WRITEBACK = Path("/proc/sys/vm/dirty_writeback_centisecs")
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}
# Else ext4 would flush what nobody asked it to every five seconds.
_SELDOM = "commit=3600"


@dataclass(frozen=True)
class Disk:
    """A mounted disk: its files are in `place`. `image` holds what was flushed to it."""

    place: Path
    image: Path

    @contextmanager
    def cut(self) -> Iterator[Path]:
        """Give the folder of the disk as it would be if the power went now; whoever writes to it must stand still."""
        copy = self.image.with_name("cut.img")
        _run("cp", "--sparse=always", str(self.image), str(copy))
        after = self.place.with_name(f"{self.place.name}-cut")
        after.mkdir(exist_ok=True)
        try:
            with _mounted("-o", "loop", str(copy), str(after)):
                yield after
        finally:
            copy.unlink()


@contextmanager
def disk(folder: Path, *, mib: int) -> Iterator[Disk]:
    """Give a disk of so many MiB that lies in memory, for `only_flushed` to make what it is for."""
    memory, place = folder / "memory", folder / "disk"
    memory.mkdir()
    place.mkdir()
    with ExitStack() as stack:
        # Twice its size, because its copy lies beside it.
        stack.enter_context(_mounted("-t", "tmpfs", "-o", f"size={2 * mib + 1}m", "none", str(memory)))
        image = memory / "disk.img"
        with image.open("wb") as file:
            file.truncate(mib * 2**20)
        _run("mkfs.ext4", "-q", "-F", str(image))
        stack.enter_context(_mounted("-o", f"loop,{_SELDOM}", str(image), str(place)))
        yield Disk(place=place, image=image)


@contextmanager
def only_flushed() -> Iterator[None]:
    """Let the kernel write to disks only what programs flush while the block runs; it is so for the whole machine."""
    before = _WRITEBACK.read_text()
    _WRITEBACK.write_text("0")
    try:
        yield
    finally:
        _WRITEBACK.write_text(before)


@contextmanager
def small_disk(place: Path, *, mib: int) -> Iterator[Path]:
    """Give `place` as a disk of so many MiB."""
    place.mkdir(exist_ok=True)
    with _mounted("-t", "tmpfs", "-o", f"size={mib}m", "none", str(place)):
        yield place


def fill(place: Path) -> Path:
    """Fill the disk of `place` to its last page; return the file that did, to be removed."""
    ballast = place / "ballast"
    with ballast.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    return ballast


def spoil(path: Path, name: str) -> None:
    """Write nonsense over the beginning of a table or an index in a SQLite file on which nobody works."""
    with closing(sqlite3.connect(path)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchall()
        ((octets,),) = connection.execute("PRAGMA page_size").fetchall()
    with path.open("r+b") as file:
        file.seek((page - 1) * octets)
        file.write(b"\xff" * 200)


@cache
def why_not() -> str:
    """Return why there can be no such disks here; empty if there can be."""
    if os.geteuid() != 0:
        return "only root can mount disks"
    try:
        with tempfile.TemporaryDirectory() as folder, only_flushed(), disk(Path(folder), mib=4) as one, one.cut():
            return ""
    except subprocess.CalledProcessError as error:
        return f"no disk can be mounted here: {error.stderr.strip()}"
    except OSError as error:
        return f"no disk can be mounted here: {error}"


@contextmanager
def _mounted(*how: str) -> Iterator[None]:
    _run("mount", *how)
    try:
        yield
    finally:
        # Lazily: another's namespace may hold the disk for a while, and with it the image that lies in memory.
        _run("umount", "--lazy", how[-1])


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, text=True, env=_ENVIRONMENT)
