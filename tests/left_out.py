"""What becomes of these tests where Evolution is not installed: one line at the end of the run says what was left out.

The hook stands here and not in the folder's conftest.py, because with several processes the one that writes the end of
the run collects nothing and does not read that file. `tests/conftest.py` brings it in.
"""

import pytest

from tests.evolution.packages import missing

_FOLDER = "tests/evolution/"


def require_evolution(*, in_ci: bool) -> None:
    """Leave the test out if Evolution is not installed; in CI, where nobody reads what was left out, let it fail."""
    reason = _reason()
    if reason and in_ci:
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line how many tests of this folder were left out, and why."""
    skipped = [one for one in terminalreporter.stats.get("skipped", []) if one.nodeid.startswith(_FOLDER)]
    reason = _reason()
    if skipped and reason:
        terminalreporter.write_line(f"{_FOLDER}: {len(skipped)} tests were left out: {reason}")


def _reason() -> str:
    packages = " ".join(missing())
    return packages and f"Evolution's calendar is not there, install the Debian packages {packages}"
