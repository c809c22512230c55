"""Several processes on one PostgreSQL: they share the work, wake each other, and leave in order."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest

from tests.journeys.program import Program, SinkProcess, a_body, prepare, running, until
from tests.scale.processes import API, WORKER, part, processes
from tests.smtp_server import OK, Received, Sink
from tocsin import bootstrap
from tocsin.bootstrap import App
from tocsin.settings import Settings
from tocsin.workers import loop, pace
from tocsin.workers.loop import Crew

# So long that nothing in these tests comes from a lease that lapsed: what another process takes was given back.
LEASE_S = 3600
BOOKINGS = 60
CLAIMED = pace.FIRST  # what a worker takes before its first message is accepted


class Turnstile:
    """Lets a relay take one message at a time, each when it is told to."""

    def __init__(self) -> None:
        self.waiting = 0
        self._permits = threading.Semaphore(0)
        self._guard = threading.Lock()

    def __call__(self, _received: Received) -> str:
        with self._guard:
            self.waiting += 1
        self._permits.acquire(timeout=100)
        with self._guard:
            self.waiting -= 1
        return OK

    def let(self, number: int) -> None:
        self._permits.release(number)


@contextmanager
def crew_of(program: Program) -> Iterator[App]:
    """Give the parts of a worker process in this process, with a crew at work."""
    with closing(bootstrap.open_app(Settings.from_environment(program.environment))) as app:
        crew = Crew(app.sender, app.mailer, app.bell, lease=app.settings.lease)
        crew.start()
        try:
            yield app
        finally:
            crew.stop()


def test_workers_share_the_work_and_send_everything_once(postgres_url: str, sink: SinkProcess) -> None:
    program = prepare(postgres_url, sink, lease_s=LEASE_S)
    with processes(program, workers=3) as found, ThreadPoolExecutor(4) as pool:
        list(pool.map(found.book, range(BOOKINGS)))
        states = found.api.await_end()
        codes = found.stop()

    taken = [one["message_id"] for one in sink.taken]
    assert states == {"sent": 2 * BOOKINGS}
    assert len(taken) == len(set(taken)) == 2 * BOOKINGS
    assert codes == [0] * 4


def test_a_worker_that_is_told_to_stop_gives_back_what_it_did_not_send(postgres_url: str) -> None:
    turnstile = Turnstile()
    with Sink() as sink:
        sink.on_data = turnstile
        program = prepare(postgres_url, sink, lease_s=LEASE_S, connections=4)
        first, second = part(program, WORKER), part(program, WORKER)
        with processes(program, workers=0) as found, running(first), running(second):
            for number in range(BOOKINGS):
                found.book(number)
            first.start()
            until(lambda: turnstile.waiting > 0 and found.api.count("sending") == CLAIMED)
            codes: list[int] = []
            stopping = threading.Thread(target=lambda: codes.extend(first.stop()))
            stopping.start()
            while stopping.is_alive():
                turnstile.let(1)  # one after the other, so that it hears of its end long before it could send all
                stopping.join(0.1)
            sent = found.api.count("sent")

            turnstile.let(2 * BOOKINGS)
            second.start()
            states = found.api.await_end()

        taken = [message.message_id for message in sink.messages]
    assert codes == [0]
    assert sent < CLAIMED
    assert states == {"sent": 2 * BOOKINGS}
    assert len(taken) == len(set(taken)) == 2 * BOOKINGS


def test_all_processes_are_replaced_one_after_the_other_under_load(postgres_url: str, sink: SinkProcess) -> None:
    program = prepare(postgres_url, sink, lease_s=LEASE_S)
    with processes(program, workers=2) as found, ThreadPoolExecutor(1) as pool:
        booked = pool.submit(lambda: [found.book(number) for number in range(4 * BOOKINGS)])
        codes = []
        for worker in found.workers * 2:
            reached = len(sink.taken)
            until(lambda reached=reached: booked.done() or len(sink.taken) > reached + BOOKINGS)
            codes += worker.stop()
            worker.start()
        booked.result()
        states = found.api.await_end()

    taken = [one["message_id"] for one in sink.taken]
    assert codes == [0] * 4
    assert states == {"sent": 2 * 4 * BOOKINGS}
    assert len(taken) == len(set(taken)) == 2 * 4 * BOOKINGS


def test_a_booking_wakes_a_sleeping_worker_of_another_process(
    postgres_url: str, sink: SinkProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "IDLE", timedelta(hours=1))
    program = prepare(postgres_url, sink, lease_s=LEASE_S)
    api = part(program, API)
    with running(api), crew_of(program) as app, bootstrap.hinting(app, hears=True):
        api.start()
        until(lambda: not app.bell.is_set())
        status, body = api.call("POST", "/bookings", a_body(1))

        until(lambda: len(sink.taken) == 2)

    assert status == 201, body


def test_without_hints_a_worker_of_another_process_finds_it_by_polling(postgres_url: str, sink: SinkProcess) -> None:
    program = prepare(postgres_url, sink, lease_s=LEASE_S)
    api = part(program, API)
    with running(api), crew_of(program):
        api.start()
        status, body = api.call("POST", "/bookings", a_body(1))

        until(lambda: len(sink.taken) == 2)

    assert status == 201, body
