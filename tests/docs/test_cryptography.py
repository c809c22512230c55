"""docs/cryptography.md: each module that does any cryptography is named there, and each that is named does some."""

import ast
import re
from pathlib import Path

from tests.docs.blocks import ROOT
from tocsin.calls.provider import ALGORITHMS
from tocsin.formats import dkim
from tocsin.settings import SHORTEST_SECRET

SOURCE = ROOT / "src" / "tocsin"
PAGE = (ROOT / "docs" / "cryptography.md").read_text("utf-8")
LIBRARIES = {"argon2", "cryptography", "hashlib", "hmac", "joserfc", "pyotp", "secrets", "ssl"}


def libraries_of(path: Path) -> set[str]:
    """Return which libraries of cryptography a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names} & LIBRARIES


def test_the_inventory_names_each_module_that_does_cryptography_and_no_other() -> None:
    found = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if libraries_of(path)}

    assert set(re.findall(r"`([\w/]+\.py)`", PAGE)) == found


def test_lengths_and_algorithms_on_the_page_are_those_of_the_code() -> None:
    assert f"RSA {dkim._RSA_BITS}" in PAGE
    assert f"at least {SHORTEST_SECRET} characters" in PAGE
    assert ", ".join(ALGORITHMS) in PAGE
