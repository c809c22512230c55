"""What the tests against Evolution share: one session for each module, and what to do where it is not installed."""

import os
from collections.abc import Iterator

import pytest

from tests.evolution.calendar import Evolution
from tests.evolution.left_out import require_evolution


@pytest.fixture(scope="module")
def evolution() -> Iterator[Evolution]:
    """Give an Evolution with nothing in it; starting one takes a quarter of a second."""
    require_evolution(in_ci=os.environ.get("CI") == "true")  # noqa: TID251  about the run, not about Tocsin
    with Evolution() as started:
        yield started
