from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.retry import WAITS, backoff

CHANCE = st.floats(0, 1)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        (1, 30),
        (2, 120),
        (3, 5 * 60),
        (4, 15 * 60),
        (5, 30 * 60),
        (6, 3600),
        (7, 2 * 3600),
        (8, 4 * 3600),
        (9, 6 * 3600),
        (10, 6 * 3600),
        (100, 6 * 3600),
    ],
)
def test_the_wait_grows_and_then_stays(failures: int, seconds: int) -> None:
    assert backoff(failures, jitter=0.5) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("jitter", "factor"), [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)])
def test_chance_moves_the_wait_by_a_fifth_either_way(jitter: float, factor: float) -> None:
    assert backoff(3, jitter=jitter) == timedelta(minutes=5) * factor


@given(st.integers(1, len(WAITS)), CHANCE, CHANCE)
def test_while_the_wait_grows_chance_never_turns_the_order_around(failures: int, one: float, other: float) -> None:
    assert backoff(failures + 1, jitter=other) >= backoff(failures, jitter=one)


@given(st.integers(1, 30), CHANCE)
def test_the_same_chance_gives_waits_that_never_fall(failures: int, chance: float) -> None:
    assert backoff(failures + 1, jitter=chance) >= backoff(failures, jitter=chance)
