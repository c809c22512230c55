"""Property: whatever happens to bookings and rules, whoever holds an invite from an action that keeps it holds the truth."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.journeys.kept_true import HISTORIES, Step, live
from tocsin.storage.store import SqlStore

SHARES = 4  # of the histories, so that the processes of a test run can work side by side
NUMBER = 2_000


@pytest.mark.parametrize("share", range(SHARES))
@given(history=HISTORIES)
@settings(max_examples=NUMBER // SHARES, suppress_health_check=list(HealthCheck))
def test_after_any_history_everybody_who_was_promised_it_holds_the_truth(
    sqlite_store: SqlStore, share: int, history: list[tuple[Step, bool]]
) -> None:
    live(sqlite_store, history)


@given(history=HISTORIES)
@settings(max_examples=50, suppress_health_check=list(HealthCheck))
def test_the_same_holds_on_postgresql(postgres_store: SqlStore, history: list[tuple[Step, bool]]) -> None:
    live(postgres_store, history)
