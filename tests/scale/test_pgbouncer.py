"""Behind PgBouncer in transaction mode, where LISTEN does not work and each transaction may be on another connection."""

import logging
import threading
from contextlib import ExitStack, closing

import psycopg
import pytest

from tests.journeys.program import SinkProcess, a_body, prepare, until
from tests.postgres import Postgres
from tests.scale.pgbouncer import SERVER_CONNECTIONS, PgBouncer
from tests.scale.processes import processes
from tocsin.storage import migrate
from tocsin.storage.hints import PostgresHints
from tocsin.storage.postgres import PostgresDatabase
from tocsin.workers import hints
from tocsin.workers.hints import Bell

BOOKINGS = 30


def test_bookings_are_delivered_moved_and_called_off(pooled_url: str, sink: SinkProcess) -> None:
    program = prepare(pooled_url, sink, lease_s=60, keep_in_sync=True)
    with processes(program, workers=2) as found:
        ids = [found.book(number) for number in range(BOOKINGS)]
        until(lambda: found.api.count("sent") == 2 * BOOKINGS)
        for booking_id in ids[:10]:
            found.change(
                booking_id, slot_date=a_body(3)["slot_date"], slot_start_time="17:00", override_availability=True
            )
        for booking_id in ids[-10:]:
            found.change(booking_id, status="cancelled")
        until(lambda: found.api.count("sent") == 2 * (BOOKINGS + 20))

        states = found.api.await_end()
        codes = found.stop()

    taken = [one["message_id"] for one in sink.taken]
    assert states == {"sent": 2 * (BOOKINGS + 20)}
    assert len(taken) == len(set(taken)) == 2 * (BOOKINGS + 20)
    assert codes == [0, 0, 0]


def test_the_program_brings_a_database_behind_it_to_this_version(postgres: Postgres, pgbouncer: PgBouncer) -> None:
    name = postgres.create()
    with closing(PostgresDatabase(pgbouncer.url(name))) as database:
        assert migrate.migrate(database) == migrate.migrations()
        assert migrate.migrate(database) == []
    postgres.drop(name)


def test_a_process_behind_it_gives_up_listening_and_says_so(pooled_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tocsin")
    with closing(PostgresDatabase(pooled_url)) as database:
        hints.listen(PostgresHints(database), Bell(), threading.Event())  # returns by itself

    assert [record.message for record in caplog.records if "hints" in record.message] == [
        "no hints arrive here, as behind a pooler in transaction mode; polling finds what is due"
    ]


def test_nothing_listens_on_the_connections_that_others_will_use(pooled_url: str, postgres_url: str) -> None:
    with closing(PostgresDatabase(pooled_url)) as database, PostgresHints(database).listening() as ears:
        assert ears is None

    with closing(PostgresDatabase(postgres_url)) as direct, ExitStack() as stack:
        others = [stack.enter_context(psycopg.connect(pooled_url)) for _ in range(SERVER_CONNECTIONS)]
        for other in others:
            other.execute("SELECT 1")  # so that each has a server connection, and all of them are taken
        PostgresHints(direct).tell()
        for other in others:
            other.commit()

        assert [list(other.notifies(timeout=0)) for other in others] == [[]] * SERVER_CONNECTIONS


def test_a_hint_of_a_process_behind_it_is_heard_by_one_that_is_not(pooled_url: str, postgres_url: str) -> None:
    with (
        closing(PostgresDatabase(pooled_url)) as pooled,
        closing(PostgresDatabase(postgres_url)) as direct,
        PostgresHints(direct).listening() as ears,
    ):
        assert ears is not None
        PostgresHints(pooled).tell()

        assert ears.heard(within_s=30)
