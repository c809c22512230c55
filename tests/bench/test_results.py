"""Results as text, JSON and Markdown."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.figures import Claim, Result, Series
from bench.results import keep, latest, markdown, number, table


def circumstances(*, trial: bool = False) -> dict[str, Any]:
    machine = {
        "cpu": "a processor",
        "cores": 2,
        "memory_mib": 24_576,
        "kernel": "6.1",
        "python": "3.11.7",
        "sqlite": "3.40.1",
        "flush_ms": 0.5,
        "postgresql": "18.4",
    }
    return {"date": "2026-11-24 12:00 UTC", "revision": "abc", "trial": trial, "machine": machine}


def a_result(letter: str = "b", *values: float) -> Result:
    return Result(
        letter=letter,
        title="Delivery",
        series=(Series(panel="rate", name="ours", unit="1/s", values=values or (1000.0, 3000.0, 2000.0)),),
        claims=(Claim(text="ratio", value=0.4, limit=0.5),),
        notes=("the same bytes",),
        figures={"ratio_to_limit": 0.4},
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.51234, "0.512"), (9.876, "9.88"), (12.34, "12.3"), (99.96, "100.0"), (1234.5, "1,234"), (float("nan"), "nan")],
)
def test_a_number_has_the_digits_it_deserves(value: float, expected: str) -> None:
    assert number(value) == expected


def test_a_run_of_one_letter_keeps_the_others(tmp_path: Path) -> None:
    keep(tmp_path, a_result("b"), circumstances())
    keep(tmp_path, a_result("a"), circumstances())
    keep(tmp_path, a_result("b", 7.0), circumstances())

    found = latest(tmp_path)

    assert list(found) == ["a", "b"]
    assert found["b"]["series"][0]["values"] == [7.0]
    assert found["a"]["series"][0]["median"] == 2000.0
    assert found["b"]["ratio_to_limit"] == 0.4


def test_the_file_names_the_machine_the_moment_and_the_revision_of_each_letter(tmp_path: Path) -> None:
    keep(tmp_path, a_result("b"), circumstances(trial=True))

    (found,) = json.loads((tmp_path / "latest.json").read_text("utf-8")).values()

    assert found["machine"]["cores"] == 2
    assert (found["date"], found["revision"], found["trial"]) == ("2026-11-24 12:00 UTC", "abc", True)


def test_a_table_has_median_extremes_and_number_of_runs() -> None:
    lines = table(a_result(), circumstances()).splitlines()

    assert lines[0] == "b. Delivery"
    assert lines[4].split() == ["rate:", "ours", "1/s", "2,000", "1,000", "3,000", "3"]


def test_a_table_says_what_is_not_met_and_all_notes() -> None:
    text = table(a_result(), circumstances())

    assert "ratio: 0.4, at least 0.5 is asked for: NOT MET" in text
    assert "note: the same bytes" in text
    assert "PostgreSQL 18.4" in text


def test_the_text_that_is_printed_is_the_text_that_is_kept(tmp_path: Path) -> None:
    text = keep(tmp_path, a_result("g"), circumstances())

    assert (tmp_path / "g.txt").read_text("utf-8") == text


def test_markdown_has_a_table_for_each_letter_and_marks_trials(tmp_path: Path) -> None:
    keep(tmp_path, a_result("b"), circumstances())
    keep(tmp_path, a_result("c"), circumstances(trial=True))

    b, c = markdown(latest(tmp_path)).split("### c. ")

    assert "| rate: ours | 1/s | 2,000 | 1,000 | 3,000 | 3 |" in b
    assert "- ratio: 0.4, at least 0.5 is asked for: NOT MET" in b
    assert "A trial" not in b
    assert "A trial" in c


def test_nothing_is_known_before_the_first_run(tmp_path: Path) -> None:
    assert markdown(latest(tmp_path)) == ""
