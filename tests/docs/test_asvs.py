"""docs/asvs.csv: each requirement stands once, names a control, and what proves it exists; what is open stands on the page."""

import csv
import re

from tests.docs.blocks import ROOT
from tests.docs.test_threats import the_tests_of

with (ROOT / "docs" / "asvs.csv").open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))
PAGE = (ROOT / "docs" / "asvs.md").read_text("utf-8")
# What bites a server that writes to strangers in the name of tenants.
NEEDED = """
1.1.1 1.1.2 1.2.1 1.3.1 1.3.5 1.3.6 1.3.7 1.3.10 1.3.11 2.1.1 2.3.2 2.3.3 2.3.4 2.4.1 3.3.1 3.3.4 3.4.1 3.4.2 3.4.3 3.4.4 3.4.5
3.4.6 3.5.1 3.5.2 3.5.3 4.1.1 4.1.3 4.2.1 5.4.2 7.4.1 7.5.1 8.2.2 8.3.1 8.4.1 11.4.1 12.3.1 12.3.2 13.2.2 13.2.3 13.2.4 13.3.1
14.2.1 14.2.4 14.3.2 15.1.1 15.1.2 15.2.1 15.2.2 15.3.7 16.2.5 16.3.1 16.3.2 16.3.3 16.3.4 16.5.1 16.5.2 16.5.3
"""


def test_each_requirement_stands_once_and_no_chapter_is_left_out() -> None:
    numbers = [row["requirement"] for row in ROWS]

    assert len(set(numbers)) == len(numbers)
    assert set(NEEDED.split()) <= set(numbers)
    assert {int(number.split(".")[0]) for number in numbers} == set(range(1, 18))
    assert {row["applies"] for row in ROWS} <= {"yes", "no", "open"}
    assert all(row["control"] for row in ROWS)


def test_what_proves_a_control_exists() -> None:
    wrong = []
    for row in ROWS:
        proofs = [proof for proof in row["proof"].split("; ") if proof]
        if row["applies"] == "yes" and not proofs:
            wrong.append(f"{row['requirement']} has no proof")
        for proof in proofs:
            test = re.fullmatch(r"(tests/[\w/]+\.py)::(test_\w+)", proof)
            exists = test[2] in the_tests_of(test[1]) if test else (ROOT / proof.removeprefix("review ")).is_file()
            if not exists:
                wrong.append(f"{row['requirement']}: {proof}")

    assert wrong == []


def test_the_page_says_what_is_open_and_how_much_is_not() -> None:
    opened = [row["requirement"] for row in ROWS if row["applies"] == "open"]
    numbers = {name: sum(row["applies"] == name for row in ROWS) for name in ("yes", "open", "no")}

    assert re.findall(r"^\| ([\d.]+) \|", PAGE, re.MULTILINE) == opened
    proved = sum(row["applies"] == "yes" and "::" in row["proof"] for row in ROWS)
    assert f"Of what is met, {proved} are proved by tests" in PAGE
    assert f"{numbers['yes']} apply and are met, {numbers['open']} are open, {numbers['no']} do not apply" in PAGE
