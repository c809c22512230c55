"""Which tests are traced for coverage, and in which order tests run: a part of `tests/conftest.py`.

Tracing makes a test take up to two thirds longer, so a line is traced by the tests that are nearest to it.
"""

from itertools import chain, groupby
from pathlib import Path

import pytest

# What these are for is shown by tests that are nearer to the code.
_FAR = frozenset({"browser", "deploy", "docs", "evolution", "failover", "journeys", "scale"})
# Of a test with many cases the first is enough there: what the others reach is traced below.
_WIDE = frozenset({"faces", "torture"})
# Single tests take longest there.
_LONG = _FAR | {"torture"}
# What tests of one file share and takes half a minute to make: a booted machine, the built site. One process makes it.
_SHARED = frozenset({"said", "site"})


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """End what pytest-cov has begun for a process of pytest-xdist, before it begins it a second time.

    It only pauses the second for tests that are not to be traced, and the first would go on with each of them.
    """
    tracing = session.config.pluginmanager.getplugin("_cov")
    if hasattr(session.config, "workerinput") and tracing is not None and tracing.cov_controller is not None:
        tracing.cov_controller.pause()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each process begin with its share of the long tests, and trace what is near to the code."""
    items[:] = _spread(items, getattr(config, "workerinput", {}).get("workercount", 1))
    begun: set[str] = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        if not _is_near(item) or (test in begun and _folder(item) in _WIDE):
            item.add_marker(pytest.mark.no_cover)
        else:
            begun.add(test)


def _spread(items: list[pytest.Item], processes: int) -> list[pytest.Item]:
    """Return `items` so that each of the equal parts that pytest-xdist makes of them begins with long ones.

    What is left at the end are short ones then, and no process stands idle while another has a long one to do.
    """
    long, short = ([item for item in items if (_folder(item) in _LONG) is wanted] for wanted in (True, False))
    together = [list(group) for _, group in groupby(long, _shared_by)]
    spread: list[pytest.Item] = []
    for number in range(processes):
        size = (len(items) - len(spread)) // (processes - number)
        own = list(chain.from_iterable(together[number::processes]))
        spread += own + short[: size - len(own)]
        short = short[max(0, size - len(own)) :]
    return spread


def _shared_by(item: pytest.Item) -> str:
    """Return what is the same for tests that share something costly, and differs for all others."""
    return str(item.path) if _SHARED & set(getattr(item, "fixturenames", ())) else item.nodeid


def _is_near(item: pytest.Item) -> bool:
    """Tell whether tracing a test is worth it: on PostgreSQL only where the databases differ."""
    folder = _folder(item)
    parameters = getattr(item, "callspec", None)
    is_the_second = parameters is not None and "postgresql" in parameters.params.values() and folder != "storage"
    does_the_same_often = "rig" in getattr(item, "fixturenames", ())
    return folder not in _FAR and not is_the_second and not does_the_same_often


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).parts[0]
