"""A13: PostgreSQL goes away again and again, in order or not, and sessions are cut off, while bookings are made and sent."""

import os
import random
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import psycopg
import pytest

from tests.journeys.program import RECIPIENTS, Balance, Client, SinkProcess, balance, prepare, until
from tests.postgres import Postgres
from tests.scale.processes import Processes, processes
from tests.torture.rig import Rig
from tocsin.mail.transport import CONNECTIONS
from tocsin.storage.migrate import migrate
from tocsin.storage.postgres import PostgresDatabase

WORKERS = 2
CLIENTS = 4
NORMAL_S = 10.0  # until all goes on after PostgreSQL is back
_SESSIONS = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@dataclass
class Chaos:
    """What is done to a server, and what came of it: `outages` are the seconds from its return until all went on."""

    server: Postgres
    url: str
    chance: random.Random
    terminated: int = 0
    outages: list[float] = field(default_factory=list)

    def terminate(self) -> None:
        """Cut one session off, whichever it is and whatever it does."""
        with suppress(psycopg.OperationalError), psycopg.connect(self.url, autocommit=True) as connection:
            found = [row[0] for row in connection.execute(_SESSIONS)]
            if found:
                connection.execute("SELECT pg_terminate_backend(%s)", (self.chance.choice(found),))
                self.terminated += 1

    def restart(self, client: Client, sink: SinkProcess) -> None:
        """Stop the server in order or at once, start it again up to two seconds later, and wait until all goes on."""
        if self.chance.random() < 0.5:
            self.server.stop()
        else:
            postmaster = int((self.server.data / "postmaster.pid").read_text().splitlines()[0])
            os.kill(postmaster, signal.SIGQUIT)
            until(lambda: not Path(f"/proc/{postmaster}").exists() or _is_dead(postmaster))
        threading.Event().wait(self.chance.uniform(0, 2))
        self.server.start()
        began, written, sent = monotonic(), len(client.acknowledged), len(sink.taken)
        until(lambda: len(client.acknowledged) > written and len(sink.taken) > sent)
        self.outages.append(monotonic() - began)


def _is_dead(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.fixture
def server() -> Iterator[Postgres]:
    """Give a server that keeps what it has acknowledged even if its processes are killed."""
    with closing(Postgres()) as started:
        with psycopg.connect(started.url("postgres"), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_commit = on")
            connection.execute("SELECT pg_reload_conf()")
        yield started


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SinkProcess]:
    with closing(SinkProcess(tmp_path / "sink.jsonl")) as started:
        yield started


def booked_at_a_rate(client: Client, stop: threading.Event, *, rate: float, least: int) -> int:
    """Book at a rate until told to stop, and at least so many; return how many were made."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        made: list[Future[None]] = []
        while not stop.wait(0 if stop.is_set() else 1 / rate) or len(made) < least:
            made.append(pool.submit(client.book, len(made)))
        for one in made:
            one.result()
    return len(made)


def a_campaign(
    found: Processes, chaos: Chaos, client: Client, sink: SinkProcess, *, restarts: int, terminated: int, gap_s: float
) -> None:
    """Restart so many times, and cut off about so many sessions in between."""
    for _ in range(restarts):
        for _ in range(terminated // restarts):
            threading.Event().wait(chaos.chance.uniform(0, 2 * gap_s))
            chaos.terminate()
        chaos.restart(client, sink)
        assert found.are_alive()
    while chaos.terminated < terminated:
        chaos.terminate()


def test_nothing_is_lost_and_no_process_ends_however_often_postgresql_goes_away(
    server: Postgres, sink: SinkProcess, rig: Rig, tmp_path: Path
) -> None:
    restarts, terminated = rig.size(quick=2, nightly=45), rig.size(quick=20, nightly=300)
    least, gap_s = rig.size(quick=60, nightly=2_500), rig.size(quick=10, nightly=120) / 100
    url = server.url(server.create())
    with closing(PostgresDatabase(url)) as database:
        migrate(database)
    program = prepare(url, sink, lease_s=10)
    client = Client(program, tmp_path / "acknowledged.txt", most=0)
    chaos, stop = Chaos(server, url, random.Random(2026)), threading.Event()
    with processes(program, workers=WORKERS) as found, ThreadPoolExecutor(1) as pool:
        booking = pool.submit(booked_at_a_rate, client, stop, rate=10.0, least=least)
        try:
            until(lambda: sink.taken)
            a_campaign(found, chaos, client, sink, restarts=restarts, terminated=terminated, gap_s=gap_s)
        finally:
            stop.set()
        made = booking.result()
        came = balance(found.api, client, sink, found.api.await_end())
        is_alive, codes = found.are_alive(), found.stop()

    assert codes == [0] * (1 + WORKERS)
    assert came.differing == 0
    rig.found(
        "A13",
        f"{len(came.lost)} of {came.writes:,} bookings and {_unsent(came)} of {len(RECIPIENTS) * made:,} deliveries lost in"
        f" {restarts} restarts with {chaos.terminated} sessions cut off; {came.duplicates} duplicates;"
        f" normal at most {max(chaos.outages):.1f} s after each return",
        is_met=is_alive
        and came.writes == made
        and not came.lost
        and not _unsent(came)
        and came.duplicates <= CONNECTIONS * WORKERS * restarts
        and (not rig.is_nightly or max(chaos.outages) <= NORMAL_S),
    )


def _unsent(came: Balance) -> int:
    return len(RECIPIENTS) * came.writes - (came.taken - came.duplicates) + len(came.missing)
