"""docs/threats.md: every threat has a row, and every test that it names exists."""

import ast
import re

from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs" / "threats.md").read_text("utf-8")
ROWS = re.findall(r"^\| (T\d+) \|(.*)\|([^|]*)\|$", PAGE, re.MULTILINE)


def the_tests_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_threat_has_one_row() -> None:
    assert sorted((name for name, *_ in ROWS), key=lambda name: int(name[1:])) == [f"T{n}" for n in range(1, 34)]


def test_each_row_names_tests_that_exist_or_says_that_it_is_open() -> None:
    missing = []
    for name, control, proof in ROWS:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", proof)
        assert named or "Open:" in control, f"{name} names no test and does not say that it is open"
        missing += [f"{name}: {file}::{test}" for file, test in named if test not in the_tests_of(file)]

    assert missing == []


def test_no_other_word_in_the_column_of_proofs_hides_a_test() -> None:
    for name, _, proof in ROWS:
        assert re.sub(r"`tests/[\w/]+\.py::test_\w+`|[ ,]", "", proof) == "", name
