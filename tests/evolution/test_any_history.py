"""The same property with the calendar of others: Evolution, fed with nothing but what was sent, ends up with the truth."""

from hypothesis import HealthCheck, given, settings

from tests.calendars import Appointment, ReceivedInvite
from tests.evolution.calendar import Evolution
from tests.journeys.kept_true import HISTORIES, Calendars, Step, both_models, live
from tocsin.storage.store import SqlStore

NUMBER = 200


@given(history=HISTORIES)
@settings(max_examples=NUMBER, suppress_health_check=list(HealthCheck))
def test_after_any_history_evolution_holds_the_truth(
    evolution: Evolution, sqlite_store: SqlStore, history: list[tuple[Step, bool]]
) -> None:
    live(sqlite_store, history, lambda owner: like_ours(evolution, owner))


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
