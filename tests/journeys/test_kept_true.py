"""Property: whatever happens to bookings and rules, whoever holds an invite from an action that keeps it holds the truth."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import WORKSPACE_ID
from tests.journeys.kept_true import STEPS, Life, Step, both_models
from tests.journeys.world import Postbox, World
from tocsin.storage.postgres import PostgresDatabase
from tocsin.storage.store import SqlStore

SHARES = 4  # of the histories, so that the processes of a test run can work side by side
HISTORIES = 2_000

_histories = st.lists(st.tuples(STEPS, st.booleans()), min_size=3, max_size=14)


def live(store: SqlStore, history: list[tuple[Step, bool]]) -> None:
    """Live through a history and look at everybody's calendar in the end."""
    postbox = Postbox()
    life = Life(World(store, postbox, hears=True), postbox)
    try:
        for step, drains in history:
            life.do(step)
            if drains:
                life.drain()
        life.settle()
        assert list(life.complaints(both_models)) == []
    finally:
        with store.registry() as registry:
            registry.delete(WORKSPACE_ID)


@pytest.mark.parametrize("share", range(SHARES))
@given(history=_histories)
@settings(max_examples=HISTORIES // SHARES, suppress_health_check=list(HealthCheck))
def test_after_any_history_everybody_who_was_promised_it_holds_the_truth(
    sqlite_store: SqlStore, share: int, history: list[tuple[Step, bool]]
) -> None:
    live(sqlite_store, history)


@given(history=_histories)
@settings(max_examples=50, suppress_health_check=list(HealthCheck))
def test_the_same_holds_on_postgresql(postgres_database: PostgresDatabase, history: list[tuple[Step, bool]]) -> None:
    live(SqlStore(postgres_database), history)
