"""The same property with the calendar of others: Evolution, fed with nothing but what was sent, ends up with the truth."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import WORKSPACE_ID
from tests.calendars import Appointment, ReceivedInvite
from tests.evolution.calendar import Evolution
from tests.journeys.kept_true import STEPS, Calendars, Life, Step, both_models
from tests.journeys.world import Postbox, World
from tocsin.storage.store import SqlStore

HISTORIES = 200


@given(history=st.lists(st.tuples(STEPS, st.booleans()), min_size=3, max_size=14))
@settings(max_examples=HISTORIES, suppress_health_check=list(HealthCheck))
def test_after_any_history_evolution_holds_the_truth(
    evolution: Evolution, sqlite_store: SqlStore, history: list[tuple[Step, bool]]
) -> None:
    postbox = Postbox()
    life = Life(World(sqlite_store, postbox, hears=True), postbox)
    try:
        for step, drains in history:
            life.do(step)
            if drains:
                life.drain()
        life.settle()
        assert list(life.complaints(lambda owner: like_ours(evolution, owner))) == []
    finally:
        with sqlite_store.registry() as registry:
            registry.delete(WORKSPACE_ID)


def like_ours(evolution: Evolution, owner: str) -> Calendars:
    """Return what Evolution holds, which must be what our own models hold."""

    def hold(messages: list[ReceivedInvite]) -> list[Appointment]:
        with evolution.calendar() as calendar:
            for message in messages:
                calendar.receive(message)
            held = list(calendar.appointments.values())
        assert held == both_models(owner)(messages)
        return held

    return hold
