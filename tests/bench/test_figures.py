"""The arithmetic on what was measured."""

import math
from itertools import count

import pytest

from bench.figures import Claim, Result, Series, interleaved, percentile, ratios


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        pytest.param(0.5, 50, id="half of a hundred do not exceed the fiftieth"),
        pytest.param(0.99, 99, id="99 of a hundred do not exceed the ninety-ninth"),
        pytest.param(0.991, 100, id="one more is needed for a little more"),
        pytest.param(1.0, 100, id="all"),
        pytest.param(0.0, 1, id="none: the least"),
    ],
)
def test_a_percentile_is_the_nearest_rank(share: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 0.99) == 7.0


def test_a_ratio_compares_what_ran_one_after_the_other() -> None:
    assert ratios([10, 30], [20, 40]) == (0.5, 0.75)


def test_runs_that_have_no_partner_are_not_compared() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        ratios([1, 2], [1])


@pytest.mark.parametrize(
    ("value", "at_most", "met"),
    [
        pytest.param(0.5, False, True, id="just enough"),
        pytest.param(0.4999, False, False, id="too little"),
        pytest.param(0.5, True, True, id="just not too much"),
        pytest.param(0.5001, True, False, id="too much"),
        pytest.param(math.nan, False, False, id="not measured, at least"),
        pytest.param(math.nan, True, False, id="not measured, at most"),
    ],
)
def test_a_claim_is_met_up_to_its_limit(value: float, at_most: bool, met: bool) -> None:
    assert Claim(text="ratio", value=value, limit=0.5, at_most=at_most).met is met


def test_contenders_run_in_turn_so_that_a_slow_moment_hits_all_of_them() -> None:
    order: list[str] = []
    numbers = count(1)

    def runs(name: str) -> dict[str, float]:
        order.append(name)
        return {"/s": next(numbers)}

    found = interleaved(3, {"ours": lambda: runs("ours"), "peer": lambda: runs("peer")})

    assert order == ["ours", "peer"] * 3
    assert found == {"ours": {"/s": [1, 3, 5]}, "peer": {"/s": [2, 4, 6]}}


def test_the_median_is_of_all_runs() -> None:
    assert Series(panel="", name="", unit="s", values=(9.0, 1.0, 2.0)).median == 2.0


def test_a_series_without_a_run_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Series(panel="rate", name="ours", unit="1/s", values=())


def test_a_result_keeps_every_run_and_the_figures_by_name() -> None:
    result = Result(
        letter="b",
        title="Delivery",
        series=(Series(panel="rate", name="ours", unit="1/s", values=(1.0, 3.0)),),
        claims=(Claim(text="ratio_to_limit", value=0.6, limit=0.5),),
        figures={"ratio_to_limit": 0.6},
    )

    found = result.as_json()

    assert found["ratio_to_limit"] == 0.6
    assert found["runs"] == 2
    assert found["series"] == [
        {"panel": "rate", "name": "ours", "unit": "1/s", "median": 2.0, "values": [1.0, 3.0]},
    ]
    assert found["acceptance"] == [
        {"claim": "ratio_to_limit", "limit": 0.5, "at_most": False, "value": 0.6, "met": True},
    ]
