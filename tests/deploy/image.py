"""The Containerfile and what it is built from, read as far as the tests look at them."""

import json
import re
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its word in capitals, and what follows, in one line."""

    word: str
    rest: str

    def words(self) -> list[str]:
        """Return the exec form's words. Raises ValueError for a shell's."""
        found: list[str] = json.loads(self.rest[self.rest.index("[") :])
        return found


def stages() -> list[list[Instruction]]:
    """Return the instructions of each stage, the first of each being its FROM."""
    text = (ROOT / "deploy" / "Containerfile").read_text("utf-8")
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    found: list[list[Instruction]] = []
    for line in filter(None, text.splitlines()):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append(Instruction(word, rest))
    return found


def context() -> list[str]:
    """Return the files of the tree, as git has them, that an image is built from."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [file for file in files if is_sent(file)]


def is_sent(file: str) -> bool:
    """Tell whether .dockerignore lets a file of the tree into an image: the last line that fits it, or a folder of it."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        if line and not line.startswith("#") and _fits(line.removeprefix("!"), PurePosixPath(file)):
            sent = line.startswith("!")
    return sent


def _fits(pattern: str, file: PurePosixPath) -> bool:
    anywhere = pattern.startswith("**/")
    wanted = PurePosixPath(pattern.removeprefix("**/")).parts
    for path in (file, *file.parents):
        tail = path.parts[-len(wanted) :] if anywhere else path.parts
        if len(tail) == len(wanted) and all(map(fnmatchcase, tail, wanted)):
            return True
    return False
