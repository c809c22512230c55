"""The threads of a worker: they deliver, survive, stop in order, and give back what they did not send."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.builders import MINUTE, NOON, SECOND
from tests.journeys.world import ACCEPTED, AWAY, Postbox, World
from tests.smtp_server import OK, Sink
from tests.storage.shelf import until
from tocsin.domain.delivery import Outcome, Result, Settlement, State
from tocsin.domain.errors import UnavailableError
from tocsin.domain.events import EventKind
from tocsin.domain.letter import Envelope
from tocsin.mail.outgoing import mailers
from tocsin.mail.receipts import Book, Receipts
from tocsin.mail.transport import parse
from tocsin.services import faults
from tocsin.services.ports_relay import Mailer
from tocsin.workers import loop, maintenance
from tocsin.workers.loop import Crew, drain

MANY = 30


@contextmanager
def working(office: World, mailer: Callable[[], Mailer], *, threads: int = 4) -> Iterator[Crew]:
    crew = Crew(office.sender, mailer, threading.Event(), threads=threads)
    crew.start()
    try:
        yield crew
    finally:
        crew.stop()
        assert not any(thread.is_alive() for thread in crew._threads)


def book_many(office: World, number: int = MANY) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED, *(f"person{n}@example.org" for n in range(number)))
    office.book()


def all_are(office: World, state: State, number: int = MANY) -> Callable[[], bool]:
    return lambda: office.states() == [state] * number


def test_a_crew_delivers_everything_once(office: World) -> None:
    boxes = [Postbox() for _ in range(4)]
    left = iter(boxes)
    book_many(office, 100)

    with working(office, lambda: next(left)):
        until(all_are(office, State.SENT, 100))

    taken = [recipient for box in boxes for recipient in box.recipients]
    assert len(taken) == len(set(taken)) == 100
    assert all(box.is_closed for box in boxes)


def test_a_crew_that_is_stopped_finishes_the_message_in_hand_and_gives_back_the_rest(office: World) -> None:
    book_many(office)
    box, in_hand, go_on = Postbox(), threading.Event(), threading.Event()

    def answer(_envelope: Envelope) -> Outcome:
        in_hand.set()
        go_on.wait(30)
        return ACCEPTED

    box.answer = answer
    crew = Crew(office.sender, lambda: box, threading.Event(), threads=1)
    crew.start()
    assert in_hand.wait(30)
    stopping = threading.Thread(target=crew.stop)
    stopping.start()
    until(crew._stop.is_set)
    go_on.set()
    stopping.join(30)

    assert not any(thread.is_alive() for thread in crew._threads)
    assert sorted(office.states()) == [State.SCHEDULED] * (MANY - 1) + [State.SENT]
    assert drain(office.sender, Postbox()) == MANY - 1  # at once, and not when a lease has lapsed


def test_a_bell_wakes_a_crew(office: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "IDLE", timedelta(hours=1))
    bell, box = threading.Event(), Postbox()
    crew = Crew(office.sender, lambda: box, bell, threads=1)
    crew.start()
    until(lambda: not bell.is_set())

    book_many(office, 1)
    bell.set()
    until(all_are(office, State.SENT, 1))
    crew.stop()

    assert len(box.taken) == 1


def test_new_messages_leave_while_one_gets_no_answer(office: World) -> None:
    told = threading.Event()
    with Sink() as sink:
        sink.on_rcpt = lambda recipient: OK if recipient != "slow@example.org" or told.wait(30) else "451 never"
        relay = parse(f"{sink.url}?connections=3")
        office.rule(EventKind.BOOKING_CONFIRMED, "slow@example.org")
        office.book()
        with working(office, mailers(relay, client_name="tocsin.example")):
            until(lambda: office.states() == [State.SENDING])
            office.rule(EventKind.BOOKING_CONFIRMED, "quick@example.org")
            office.book()

            until(lambda: State.SENT in office.states())
            assert [one.recipient for one in sink.messages] == ["quick@example.org"]
            told.set()
            until(all_are(office, State.SENT, 3))


def test_a_crew_that_is_stopped_gives_back_what_waits_while_a_message_gets_no_answer(
    office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "GRACE", timedelta(seconds=3))
    in_hand, told = threading.Event(), threading.Event()

    def think(_recipient: str) -> str:
        in_hand.set()
        return OK if told.wait(60) else "451 never"

    with Sink() as sink:
        sink.on_rcpt = think
        book_many(office, 5)
        mailer = mailers(parse(f"{sink.url}?connections=1"), client_name="tocsin.example")
        crew = Crew(office.sender, mailer, threading.Event(), threads=2)
        crew.start()
        assert in_hand.wait(30)
        crew.stop()

        assert sorted(office.states()) == [State.SCHEDULED] * 4 + [State.SENDING]
        told.set()
        until(lambda: not any(thread.is_alive() for thread in crew._threads))


def test_a_relay_that_comes_back_gets_everything(office: World) -> None:
    book_many(office, 5)
    box = Postbox()
    box.answer = lambda _envelope: AWAY if len(box.handed) < 4 else ACCEPTED

    def passes() -> bool:
        office.clock.advance(SECOND)
        return office.states() == [State.SENT] * 5

    with working(office, lambda: box, threads=1):
        until(passes)

    assert {one.failures for one in office.deliveries()} == {0}


class _Fragile:
    """A queue whose named methods fail a few times each."""

    def __init__(self, queue: object, error: Exception, **times: int) -> None:
        self._queue = queue
        self._error = error
        self._times = times
        self._guard = threading.Lock()

    def __getattr__(self, name: str) -> object:
        method = getattr(self._queue, name)

        def fragile(*given: object, **named: object) -> object:
            with self._guard:
                fails = self._times.get(name, 0) > 0
                self._times[name] = self._times.get(name, 0) - 1
            if fails:
                raise self._error
            return method(*given, **named)

        return fragile


@pytest.mark.parametrize("error", [UnavailableError("the database is away"), ZeroDivisionError("a bug")])
@pytest.mark.parametrize("method", ["claim", "unplanned_rules"])
def test_threads_survive_whatever_goes_wrong(
    office: World, monkeypatch: pytest.MonkeyPatch, error: Exception, method: str
) -> None:
    monkeypatch.setattr(maintenance, "EVERY", timedelta(0))
    monkeypatch.setattr(office.store, "queue", _Fragile(office.store.queue, error, **{method: 3}))
    book_many(office, 5)
    box = Postbox()

    with working(office, lambda: box, threads=1) as crew:
        until(all_are(office, State.SENT, 5))
        assert all(thread.is_alive() for thread in crew._threads)


def test_what_could_not_be_settled_is_settled_when_the_store_returns_and_not_sent_twice(
    office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    book_many(office)
    fragile = _Fragile(office.store.queue, UnavailableError("the database is away"), settle=7)
    monkeypatch.setattr(office.store, "queue", fragile)
    box = Postbox()

    with working(office, lambda: box, threads=1):
        until(all_are(office, State.SENT))

    assert len(box.taken) == MANY


def test_what_a_killed_worker_had_handed_over_is_settled_before_anything_is_sent(office: World, tmp_path: Path) -> None:
    book_many(office, 2)
    now = office.clock()
    first, _ = office.store.queue.claim(worker="dead", now=now, lease_ends=now + MINUTE, limit=2)
    book = Book(tmp_path)
    book.note(first.claim, ACCEPTED)
    book.close()
    office.clock.advance(2 * MINUTE)
    box = Postbox()

    crew = Crew(office.sender, lambda: box, threading.Event(), threads=1, receipts=Receipts(tmp_path))
    crew.start()
    until(all_are(office, State.SENT, 2))
    crew.stop()

    assert len(box.taken) == 1
    assert box.recipients != [first.recipient]


def test_what_a_worker_that_stands_still_had_handed_over_is_not_sent_by_another(office: World, tmp_path: Path) -> None:
    book_many(office, 2)
    now = office.clock()
    first, second = office.store.queue.claim(worker="paused", now=now, lease_ends=now + MINUTE, limit=2)
    book = Book(tmp_path)  # it stays open: that worker lives
    book.note(first.claim, ACCEPTED)
    book.note(second.claim._replace(attempt=7), ACCEPTED)  # another attempt, which says nothing of this one
    office.clock.advance(2 * MINUTE)
    box = Postbox()

    crew = Crew(office.sender, lambda: box, threading.Event(), threads=1, receipts=Receipts(tmp_path))
    crew.start()
    until(all_are(office, State.SENT, 2))
    crew.stop()

    assert box.recipients == [second.recipient]


def test_a_worker_that_is_killed_meanwhile_is_settled_for_by_its_neighbour(office: World, tmp_path: Path) -> None:
    book_many(office, 1)
    now = office.clock()
    [one] = office.store.queue.claim(worker="dead", now=now, lease_ends=now + MINUTE, limit=1)
    box = Postbox()
    crew = Crew(office.sender, lambda: box, threading.Event(), threads=1, receipts=Receipts(tmp_path))
    crew.start()

    book = Book(tmp_path)
    book.note(one.claim, ACCEPTED)
    book.close()

    until(all_are(office, State.SENT, 1))
    crew.stop()
    assert box.taken == []


def test_a_crew_shows_itself_to_its_neighbours_by_the_name_under_which_it_claims(office: World, tmp_path: Path) -> None:
    book_many(office, 1)
    box = Postbox()
    found: list[tuple[str, str]] = []

    def while_it_sends(_envelope: Envelope) -> Outcome:
        until(lambda: list(tmp_path.glob("*.alive")))
        [sign] = tmp_path.glob("*.alive")
        with office.store._database.reading() as connection:
            [row] = connection.rows("SELECT leased_by FROM deliveries")
        found.append((sign.stem, row["leased_by"].partition("/")[0]))
        return ACCEPTED

    box.answer = while_it_sends
    crew = Crew(office.sender, lambda: box, threading.Event(), threads=1, receipts=Receipts(tmp_path))
    crew.start()
    until(all_are(office, State.SENT, 1))
    crew.stop()

    [(sign, name)] = found
    assert sign == name
    assert list(tmp_path.glob("*.alive")) == []


def test_what_is_not_settled_when_the_crew_stops_is_settled_then(
    office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    book_many(office, 1)
    box = Postbox()
    crew = Crew(office.sender, lambda: box, threading.Event(), threads=1)
    queue = office.store.queue

    class StoppedMeanwhile:
        settled = 0

        def settle(self, settlements: Iterable[Settlement], *, now: datetime) -> list[Settlement]:
            settlements = list(settlements)
            if settlements and not crew._stop.is_set() and box.taken:
                crew._stop.set()
                raise UnavailableError("the database is away")
            return queue.settle(settlements, now=now)

        def __getattr__(self, name: str) -> object:
            return getattr(queue, name)

    monkeypatch.setattr(office.store, "queue", StoppedMeanwhile())
    crew.start()
    until(crew._stop.is_set)
    crew.stop()

    assert office.states() == [State.SENT]


def test_a_planted_fault_costs_nothing_but_a_retry(office: World, planted_faults: None) -> None:
    book_many(office, 5)
    box = Postbox()
    faults.arm("before_mark:raise@2,after_lease:raise")

    def passes() -> bool:
        office.clock.advance(MINUTE)
        return all(state is State.SENT for state in office.states())

    with working(office, lambda: box, threads=1):
        until(passes)

    assert len(box.taken) == len(set(box.recipients)) == 5


def test_a_mailer_that_raises_does_not_end_its_thread(office: World) -> None:
    book_many(office, 3)
    box = Postbox()

    def answer(_envelope: Envelope) -> Outcome:
        if len(box.handed) == 1:
            raise OSError("what no mailer should raise")
        return ACCEPTED

    box.answer = answer
    with working(office, lambda: box, threads=1):
        until(lambda: sorted(office.states()) == [State.RETRYING, State.SENT, State.SENT])


def test_drain_stops_at_its_limit(office: World) -> None:
    book_many(office, 50)

    assert drain(office.sender, Postbox(), limit=20) == 20
    assert office.clock() == NOON
    assert Result.ACCEPTED.value == "accepted"
