"""Writes src/tocsin/formats/common_passwords.bin anew: `python scripts/common_passwords.py LIST`.

LIST has a password on each line, the most used first. Decision 0068 says which one it was.
"""

import sys
from pathlib import Path

from tocsin.domain.passwords import SHORTEST_PASSWORD
from tocsin.formats.passwords import MARK_OCTETS, mark

MOST = 5_000
TO = Path(__file__).parents[1] / "src" / "tocsin" / "formats" / "common_passwords.bin"


def main(path: Path) -> None:
    """Take the first MOST that are long enough, and write what stands for each, in order."""
    found: dict[bytes, None] = {}
    for line in path.read_text("utf-8", errors="replace").splitlines():
        if len(line) >= SHORTEST_PASSWORD and len(found) < MOST:
            found[mark(line)] = None
    TO.write_bytes(b"".join(sorted(found)))
    print(f"{len(found)} passwords, {MARK_OCTETS} octets each: {TO}")


main(Path(sys.argv[1]))
