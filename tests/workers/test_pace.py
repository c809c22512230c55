"""The pace: what is claimed at once is what the relay takes in about a second."""

import pytest

from tocsin.workers.pace import FEWEST, FIRST, MOST, Pace


@pytest.mark.parametrize(
    ("number", "seconds", "limit"),
    [
        pytest.param(FIRST, 1.0, FIRST, id="just a second"),
        pytest.param(FIRST, 2.0, FIRST // 2, id="two seconds: half as many"),
        pytest.param(FIRST, 0.8, 25, id="less than a second: more"),
        pytest.param(FIRST, 0.01, 2 * FIRST, id="much faster: twice as many at first"),
        pytest.param(FIRST, 60.0, FEWEST, id="a slow relay: never fewer than these"),
        pytest.param(FIRST, 0.0, 2 * FIRST, id="no time at all"),
        pytest.param(1, 0.001, FIRST, id="a single one tells nothing"),
        pytest.param(FEWEST, 2.0, FEWEST, id="a few in a long time"),
    ],
)
def test_the_pace_follows_the_relay(number: int, seconds: float, limit: int) -> None:
    pace = Pace()

    pace.took(number, seconds=seconds)

    assert pace.limit == limit


def test_a_fast_relay_gets_as_many_as_are_ever_claimed() -> None:
    pace = Pace()

    for _ in range(9):
        pace.took(pace.limit, seconds=0.01)

    assert pace.limit == MOST
