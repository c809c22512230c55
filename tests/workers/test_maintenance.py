"""What is done beside delivering."""

import threading
from datetime import timedelta

import pytest

from tests.builders import DAY, HOUR, MINUTE, WORKSPACE_ID, a_booking
from tests.journeys.world import World
from tocsin.domain.events import EventKind
from tocsin.domain.model import BookingId
from tocsin.services import automation
from tocsin.services.idempotency import KEPT_FOR
from tocsin.services.ports import Answer
from tocsin.workers import maintenance


def test_answers_are_kept_as_long_as_promised_and_then_forgotten(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx:
        tx.answers.put("key", "digest", Answer(status=201, body="{}"), now=office.clock())

    office.clock.advance(KEPT_FOR)
    maintenance.tend(office.sender)
    with office.store.transaction(WORKSPACE_ID) as tx:
        assert tx.answers.get("key") is not None
    office.clock.advance(MINUTE)
    maintenance.tend(office.sender)

    with office.store.transaction(WORKSPACE_ID) as tx:
        assert tx.answers.get("key") is None


def test_large_rules_are_planned_batch_by_batch_until_nothing_is_left(
    office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automation, "BATCH", 3)
    with office.store.transaction(WORKSPACE_ID) as tx:
        for number in range(8):
            name, start = f"{number:03}", office.clock() + DAY + number * HOUR
            tx.bookings.put(a_booking(id=BookingId(name), sid=name, uid=name, starts_at=start, ends_at=start + HOUR))

    office.rule(EventKind.BEFORE_MEETING_STARTS)
    planned, more = [len(office.deliveries())], []
    for _ in range(3):
        more.append(maintenance.tend(office.sender))
        planned.append(len(office.deliveries()))

    assert planned == [3, 6, 8, 8]
    assert more == [True, False, False]


def test_planning_goes_on_at_once_while_there_is_more_and_wakes_the_workers(
    office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "EVERY", timedelta(hours=1))
    stop, bell, rounds = threading.Event(), threading.Event(), iter([True, True, False])

    def tend(_sender: object) -> bool:
        more = next(rounds)
        if not more:
            stop.set()
        return more

    monkeypatch.setattr(maintenance, "tend", tend)
    maintenance.keep(office.sender, stop, bell)

    assert list(rounds) == []
    assert bell.is_set()
