"""What becomes of tests whose Debian packages are not installed: a line at the end of the run says what was left out.

The hook stands here and not in the folders' conftest.py, because with several processes the one that writes the end of
the run collects nothing and does not read those files. `tests/conftest.py` names this file as a plugin.
"""

import os

import pytest

from tests.packages import ALL, Needs


def is_in_ci() -> bool:
    """Tell whether nobody reads what a run left out."""
    return os.environ.get("CI") == "true"  # noqa: TID251  about the run, not about Tocsin


def require(needs: Needs, *, in_ci: bool) -> None:
    """Leave the test out if its packages are not installed; in CI, where nobody reads what was left out, let it fail."""
    reason = needs.reason()
    if reason and in_ci:
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line for each folder how many of its tests were left out, and why."""
    for needs in ALL:
        skipped = [one for one in terminalreporter.stats.get("skipped", []) if one.nodeid.startswith(needs.folder)]
        reason = needs.reason()
        if skipped and reason:
            terminalreporter.write_line(f"{needs.folder}: {len(skipped)} tests were left out: {reason}")
