"""How tests run: see `tests/tracing.py`."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import tracing


@pytest.mark.no_cover
def test_what_is_not_to_be_traced_for_coverage_is_not() -> None:
    assert sys.gettrace() is None


def a_test(name: str, *fixtures: str, file: str = "deploy/test_boot.py") -> Any:
    return SimpleNamespace(nodeid=name, path=Path(tracing.__file__).parent / file, fixturenames=fixtures)


def test_tests_that_share_something_costly_are_run_by_one_process_and_all_tests_are_run() -> None:
    sharing = [a_test(f"shares{number}", "said") for number in range(5)]
    others = [a_test(f"long{number}", file=f"browser/test_{number}.py") for number in range(6)]
    short = [a_test(f"short{number}", file="domain/test_x.py") for number in range(20)]

    spread = tracing._spread([*others[:3], *sharing, *others[3:], *short], 4)

    places = sorted(spread.index(one) for one in sharing)
    assert places == [*range(places[0], places[0] + 5)]
    assert sorted(one.nodeid for one in spread) == sorted(one.nodeid for one in [*sharing, *others, *short])
