"""docs/reliability.md: every figure has a row, every test that it names exists, and what was not measured says so."""

import re

from tests.docs.blocks import ROOT
from tests.docs.test_threats import the_tests_of
from tests.torture.figures import FIGURES, Figure

PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")
ROWS = re.findall(r"^\| (A\d+) \|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$", PAGE, re.MULTILINE)


def test_each_figure_has_one_row_with_a_target() -> None:
    rows = {
        name: Figure(about.strip().replace("`", ""), target.strip().replace("`", ""))
        for name, about, target, *_ in ROWS
    }

    assert list(rows.items()) == list(FIGURES.items())


def test_each_figure_names_tests_that_exist_or_says_that_it_is_open() -> None:
    missing = []
    for name, _, _, tests, found in ROWS:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
        assert named or "Open: no test" in found, f"{name} names no test and does not say that there is none"
        assert re.sub(r"`tests/[\w/]+\.py::test_\w+`|[ ,]", "", tests) == "", name
        missing += [f"{name}: {file}::{test}" for file, test in named if test not in the_tests_of(file)]

    assert missing == []


def test_what_was_found_has_a_date_or_says_that_it_was_not_measured() -> None:
    for name, *_, found in ROWS:
        assert "ot measured yet" in found or re.search(r"\(\d{4}-\d{2}-\d{2}\)", found), name
