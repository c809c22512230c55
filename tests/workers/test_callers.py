"""Threads that call webhooks: side by side, one batch of a receiver at a time, and none that is away holds up another."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from tests.builders import DAY, MINUTE, a_call
from tests.http_server import Receiver, Says
from tests.journeys.world import Postbox, World
from tests.storage.shelf import until
from tocsin.calls.caller import HttpCaller
from tocsin.domain.delivery import Settlement, State
from tocsin.domain.errors import UnavailableError
from tocsin.domain.events import EventKind
from tocsin.workers import callers
from tocsin.workers.callers import AT_ONCE, AT_ONCE_AWAY, MOST, Callers, Rests
from tocsin.workers.loop import Crew

CONFIRMED = EventKind.BOOKING_CONFIRMED


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


@contextmanager
def calling(office: World, *receivers: Receiver) -> Iterator[Crew]:
    allowed = {one.origin for one in receivers}
    crew = Crew(
        office.sender,
        Postbox,
        threading.Event(),
        threads=1,
        caller=lambda: HttpCaller(allowed=allowed, clock=office.clock, call_s=10),
    )
    crew.start()
    try:
        yield crew
    finally:
        crew.stop()
        assert not any(thread.is_alive() for thread in crew._threads)


def book(office: World, number: int) -> None:
    for days in range(1, number + 1):
        office.book(ahead=days * DAY)


def sent(office: World, url: str, number: int) -> Callable[[], bool]:
    return lambda: [one.state for one in office.deliveries(recipient=url)] == [State.SENT] * number


def test_all_receivers_are_called_once_for_each_booking(office: World, receiver: Receiver) -> None:
    urls = [f"{receiver.url}/{n}" for n in range(2 * AT_ONCE)]
    for url in urls[:10]:
        office.rule_with(CONFIRMED, a_call(url))
    office.rule_with(CONFIRMED, *(a_call(url) for url in urls[10:]))
    book(office, 3)

    with calling(office, receiver):
        until(lambda: office.states() == [State.SENT] * len(urls) * 3)

    assert len({got.headers["webhook-id"] for got in receiver.got}) == len(receiver.got) == len(urls) * 3


def test_receivers_that_do_not_answer_hold_up_nobody_else(office: World, receiver: Receiver) -> None:
    answering = threading.Event()
    with Receiver(lambda _got: Says(before=lambda: _wait(answering))) as silent:
        office.rule_with(CONFIRMED, *(a_call(f"{silent.url}/{n}") for n in range(AT_ONCE - 1)), a_call(receiver.url))
        book(office, 5)

        with calling(office, silent, receiver):
            silent.wait_for(AT_ONCE - 1)
            until(sent(office, receiver.url, 5))

            assert len(silent.got) == AT_ONCE - 1, "one call of each waits, and no more are made meanwhile"
            answering.set()
            until(lambda: office.states() == [State.SENT] * AT_ONCE * 5)


def test_a_receiver_that_comes_back_gets_all_that_waited(
    office: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "RESTS_S", (0.05, 0.05, 0.05))
    refused: list[int] = []

    def says() -> Says:
        refused.append(1)
        return Says(status=503 if len(refused) <= 2 else 200)

    receiver.says = lambda _got: says()
    office.rule_with(CONFIRMED, a_call(receiver.url))
    book(office, 5)

    with calling(office, receiver):
        # The two that were refused wait for their next try.
        until(lambda: sorted(office.states()) == [State.RETRYING] * 2 + [State.SENT] * 3)
        office.clock.now += MINUTE
        until(lambda: office.states() == [State.SENT] * 5)

    assert len(receiver.got) == 7


def test_what_cannot_be_written_down_at_once_is_not_called_again(
    office: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, broken = office.store.queue, threading.Event()
    settle = queue.settle

    def settle_later(settlements: Sequence[Settlement], *, now: datetime) -> list[Settlement]:
        if receiver.got and not broken.is_set():
            broken.set()
            raise UnavailableError("the database is away")
        return settle(settlements, now=now)

    monkeypatch.setattr(queue, "settle", settle_later)
    office.rule_with(CONFIRMED, a_call(receiver.url))
    book(office, 1)

    with calling(office, receiver):
        until(lambda: office.states() == [State.SENT])

    assert broken.is_set()
    assert len(receiver.got) == 1


def test_a_database_that_is_away_ends_no_thread(
    office: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "IDLE_S", 0.01)
    queue, failures = office.store.queue, iter([UnavailableError("away"), RuntimeError("unforeseen")])
    due, claim = queue.due_endpoint, queue.claim_calls

    def fails(work: Callable[..., object]) -> Callable[..., object]:
        def once(*positional: object, **named: object) -> object:
            for failure in failures:
                raise failure
            return work(*positional, **named)

        return once

    monkeypatch.setattr(queue, "due_endpoint", fails(due))
    monkeypatch.setattr(queue, "claim_calls", _twice_failing(claim))
    office.rule_with(CONFIRMED, a_call(receiver.url))
    book(office, 1)

    with calling(office, receiver):
        until(lambda: office.states() == [State.SENT])


def test_receivers_that_were_away_leave_places_to_others() -> None:
    rests = Rests()
    for number in range(AT_ONCE):
        rests.end(f"away {number}", is_down=True)
    rests._until.clear()  # all of them have rested

    for number in range(AT_ONCE_AWAY):
        assert f"away {number}" not in rests.passed_over()
        rests.begin(f"away {number}")

    assert rests.passed_over() == {f"away {number}" for number in range(AT_ONCE)}
    rests.end("away 0", is_down=False)
    assert "away 7" not in rests.passed_over()


def test_a_receiver_that_was_away_is_asked_with_one_call_and_rests_as_long_as_it_asked_for() -> None:
    rests = Rests()
    assert rests.batch("x") == MOST

    rests.end("x", is_down=True, rest_s=3600)

    assert rests.batch("x") == 1
    assert "x" in rests.passed_over()
    rests.end("x", is_down=False)
    assert rests.batch("x") == MOST


def test_a_batch_is_given_back_as_soon_as_its_receiver_turns_out_to_be_away(
    office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver() as away:
        pass
    asked: list[bool] = []
    goes_on = Callers._goes_on

    def counted(*asking: Any) -> bool:
        asked.append(goes_on(*asking))
        return asked[-1]

    monkeypatch.setattr(Callers, "_goes_on", counted)
    office.rule_with(CONFIRMED, a_call(away.url))
    book(office, 3)

    with calling(office, away):
        until(lambda: sorted(office.states()) == [State.RETRYING, State.SCHEDULED, State.SCHEDULED])

    # Nobody asks again and again whether to go on with a receiver that is away.
    assert len(asked) < 50


def test_a_slow_receiver_gives_its_place_to_others_after_a_while(
    office: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "BATCH_S", 0.2)
    receiver.says = lambda _got: Says(before=lambda: _think(0.25))
    office.rule_with(CONFIRMED, a_call(receiver.url))
    book(office, 3)

    with calling(office, receiver):
        until(lambda: office.states() == [State.SENT] * 3)

    # Each call was taken by a batch of its own: one connection each.
    assert (len(receiver.got), receiver.connections) == (3, 3)


def test_mail_workers_take_no_calls_and_callers_take_no_mail(office: World, receiver: Receiver) -> None:
    office.rule_with(CONFIRMED, a_call(receiver.url))
    office.rule(CONFIRMED)
    book(office, 1)
    queue, now = office.store.queue, office.clock()

    mail = queue.claim(worker="w", now=now, lease_ends=now + MINUTE, limit=10)
    calls = queue.claim_calls(
        queue.due_endpoint(now=now, passed_over=()) or "", worker="w", now=now, lease_ends=now + MINUTE, limit=10
    )

    assert [one.recipient for one in mail] == ["ada@example.org"]
    assert [one.recipient for one in calls] == [receiver.url]


def _twice_failing(work: Callable[..., object]) -> Callable[..., object]:
    failures: list[Exception] = [RuntimeError("unforeseen"), UnavailableError("away")]

    def claim(*positional: object, **named: object) -> object:
        if failures:
            raise failures.pop()
        return work(*positional, **named)

    return claim


def _think(seconds: float) -> None:
    threading.Event().wait(seconds)


def _wait(event: threading.Event) -> None:
    event.wait(30)
