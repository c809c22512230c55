"""What the tests against Evolution share: one session for each module, and what to do where it is not installed."""

from collections.abc import Iterator

import pytest

from tests.evolution.calendar import Evolution
from tests.left_out import is_in_ci, require
from tests.packages import EVOLUTION


@pytest.fixture(scope="module")
def evolution() -> Iterator[Evolution]:
    """Give an Evolution with nothing in it; starting one takes a quarter of a second."""
    require(EVOLUTION, in_ci=is_in_ci())
    with Evolution() as started:
        yield started
