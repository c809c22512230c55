"""Fair turns: nobody waits behind the crowd of another workspace for longer than a second and what is in hand."""

import threading
from datetime import timedelta

import pytest

from tests.builders import MINUTE, NOON, SECOND, a_delivery, a_planned, a_settlement, a_workspace
from tests.journeys.world import Postbox, World
from tests.storage.shelf import OTHER_ID, keep, settle
from tocsin.domain.delivery import Delivery, DeliveryId
from tocsin.domain.model import WorkspaceId
from tocsin.workers.loop import Crew
from tocsin.workers.turns import EVERY, Turns

NOBODY: frozenset[WorkspaceId] = frozenset()
CROWD, QUIET, OTHER = (WorkspaceId(name) for name in ("crowd", "quiet", "other"))


def of(*workspaces: WorkspaceId, number: int = 1) -> list[Delivery]:
    return [
        a_delivery(id=DeliveryId(f"{workspace} {place}"), workspace_id=workspace)
        for workspace in workspaces
        for place in range(number)
    ]


@pytest.fixture
def turns() -> Turns:
    """Give turns in the middle of a crowd that came at noon."""
    found = Turns()
    found.took(of(CROWD, number=5), NOBODY, limit=5, now=NOON)
    return found


def test_without_a_crowd_nobody_is_passed_over() -> None:
    turns = Turns()
    turns.took(of(CROWD, number=4), NOBODY, limit=5, now=NOON)

    assert turns.passed_over(now=NOON) == NOBODY
    assert turns.passed_over(now=NOON + MINUTE) == NOBODY


def test_a_crowd_is_passed_over_once_a_second(turns: Turns) -> None:
    assert turns.passed_over(now=NOON) == NOBODY
    assert turns.passed_over(now=NOON + EVERY - timedelta(microseconds=1)) == NOBODY
    assert turns.passed_over(now=NOON + EVERY) == {CROWD}

    turns.took(of(QUIET), frozenset({CROWD}), limit=5, now=NOON + EVERY)

    assert turns.passed_over(now=NOON + EVERY) == NOBODY
    turns.took(of(CROWD, number=5), NOBODY, limit=5, now=NOON + EVERY)
    assert turns.passed_over(now=NOON + 2 * EVERY) == {CROWD}


def test_those_who_had_their_turn_are_passed_over_too_while_there_may_be_others(turns: Turns) -> None:
    turns.took(of(QUIET, number=5), frozenset({CROWD}), limit=5, now=NOON + EVERY)

    assert turns.passed_over(now=NOON + EVERY) == {CROWD, QUIET}

    turns.took(of(OTHER), frozenset({CROWD, QUIET}), limit=5, now=NOON + EVERY)

    assert turns.passed_over(now=NOON + EVERY) == NOBODY


def test_a_crowd_that_is_served_is_forgotten(turns: Turns) -> None:
    turns.took(of(CROWD, number=3), NOBODY, limit=5, now=NOON + SECOND / 2)

    assert turns.passed_over(now=NOON + MINUTE) == NOBODY


def test_a_clock_that_was_set_back_puts_no_turn_off(turns: Turns) -> None:
    assert turns.passed_over(now=NOON - MINUTE) == {CROWD}


def test_a_single_message_behind_a_thousand_of_another_workspace_is_taken_within_a_second(office: World) -> None:
    store, clock = office.store, office.clock
    with store.registry() as registry:
        registry.add(a_workspace(id=OTHER_ID, subdomain="other"))
    keep(store, *(a_planned(key=f"{n}", recipient=f"p{n}@example.org") for n in range(1000)))
    keep(store, a_planned(key="single", due_at=NOON + SECOND), workspace_id=OTHER_ID)
    crew = Crew(office.sender, Postbox, threading.Event(), threads=0)
    clock.now = NOON + SECOND
    taken: list[Delivery] = []

    while not any(one.workspace_id == OTHER_ID for one in taken):
        batch = crew._claim(20, "w", now=clock())
        settle(store, *map(a_settlement, batch))
        taken += batch
        clock.advance(SECOND / 5)

    assert clock() <= NOON + 3 * SECOND
    assert len(taken) < 200
