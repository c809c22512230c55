"""docs/bad-input.md: each sort of bad input has a row, and each test that a row names exists."""

import re

from tests.docs.blocks import ROOT
from tests.docs.test_threats import the_tests_of

PAGE = (ROOT / "docs" / "bad-input.md").read_text("utf-8")
ROWS = re.findall(r"^\| ([^|]*) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", PAGE, re.MULTILINE)[2:]
TARGETS = {
    "fields of JSON",
    "texts",
    "addresses",
    "templates",
    "times and offsets",
    "octets of JSON",
    "HTTP",
    "calls of sources",
    "API keys",
    "pages and filters",
    "repeated requests",
    "command line",
    "tools for assistants",
    "pages",
    "replies of relays",
    "database",
}


def test_each_target_has_a_row_that_says_how_many_cases_there_are() -> None:
    assert {target for target, *_ in ROWS} == TARGETS
    assert len(ROWS) == len(TARGETS)
    assert [target for target, _, cases, _ in ROWS if not re.search(r"\d", cases)] == []


def test_each_row_names_tests_that_exist() -> None:
    missing = []
    for target, _, _, tests in ROWS:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
        assert named, target
        missing += [f"{target}: {file}::{test}" for file, test in named if test not in the_tests_of(file)]

    assert missing == []


def test_every_corpus_of_the_rig_stands_in_a_row() -> None:
    for file in (ROOT / "tests" / "torture").glob("test_bad_*.py"):
        for test in the_tests_of(f"tests/torture/{file.name}"):
            assert not test.startswith("test_") or f"{file.name}::{test}`" in PAGE, test
