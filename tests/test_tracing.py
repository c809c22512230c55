"""How tests run: see `tests/tracing.py`."""

import sys

import pytest


@pytest.mark.no_cover
def test_what_is_not_to_be_traced_for_coverage_is_not() -> None:
    assert sys.gettrace() is None
