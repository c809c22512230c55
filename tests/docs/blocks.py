"""The blocks of commands in a page, and what a page shows of their output."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^>]+?) -->\n+)?```(?P<language>\w+)\n(?P<text>.*?)^```$"
    r"(?:\n+^```text\n(?P<shown>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
COMMANDS = ("sh", "console", "bash", "shell")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What somebody is to type, where it stands, and the lines that the page shows as its output."""

    page: str
    line: int
    text: str
    shown: tuple[str, ...]
    reason: str  # why it is not run; empty: it is


def pages() -> list[str]:
    """Return every page with commands, from the root of the tree."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [str(path.relative_to(ROOT)) for path in found if blocks(str(path.relative_to(ROOT)))]


def blocks(page: str) -> list[Block]:
    """Return the blocks of commands of a page in their order."""
    text = (ROOT / page).read_text("utf-8")
    return [
        Block(
            page=page,
            line=text.count("\n", 0, found.start("text")),
            text=found["text"],
            shown=tuple((found["shown"] or "").splitlines()),
            reason=found["reason"] or "",
        )
        for found in _BLOCK.finditer(text)
        if found["language"] in COMMANDS
    ]


def looks_like(shown: tuple[str, ...], said: str) -> bool:
    """Say whether the lines that a page shows come in this order in what was said; `…` stands for anything in a line."""
    rest = [" ".join(line.split()) for line in said.splitlines()]
    for line in shown:
        pattern = re.compile(".*".join(re.escape(part) for part in " ".join(line.split()).split("…")))
        at = next((at for at, found in enumerate(rest) if pattern.fullmatch(found)), None)
        if at is None:
            return False
        rest = rest[at + 1 :]
    return True
