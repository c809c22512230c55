"""The primary is killed three times under load: nothing that was acknowledged is lost, and everything goes on by itself."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from tests.failover.cluster import Cluster
from tests.journeys.program import Client, SinkProcess, balance, prepare, until
from tests.left_out import is_in_ci, require
from tests.packages import FAILOVER
from tests.scale.processes import Processes, processes
from tocsin.mail.transport import CONNECTIONS
from tocsin.storage.migrate import migrate
from tocsin.storage.postgres import PostgresDatabase

KILLS = 3
RECIPIENTS = ("ada@example.org", "bob@example.org", "{{client.email}}", "{{host.email}}", "eve@example.org")
BOOKINGS = 1000  # with a delivery to each of five
WORKERS = 2
CLIENTS = 4


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Give three servers that replicate synchronously; they start in about ten seconds."""
    require(FAILOVER, in_ci=is_in_ci())
    with closing(Cluster()) as started:
        yield started


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SinkProcess]:
    with closing(SinkProcess(tmp_path / "sink.jsonl")) as started:
        yield started


def lose_primary(cluster: Cluster, client: Client, sink: SinkProcess) -> tuple[float, float]:
    """Kill the primary and bring it back as a standby; return after how many seconds another took writes, and bookings did."""
    began = monotonic()
    number = cluster.kill_primary()
    until(cluster.takes_writes)
    writable = monotonic()
    before, sent = len(client.acknowledged), len(sink.taken)
    until(lambda: len(client.acknowledged) > before and len(sink.taken) > sent)
    goes_on = monotonic()
    cluster.bring_back(number)
    return writable - began, goes_on - writable


def under_load(
    found: Processes, cluster: Cluster, client: Client, sink: SinkProcess, pool: ThreadPoolExecutor
) -> list[tuple[float, float]]:
    """Book from several clients at once, a part of the bookings around each kill; return how long each took."""
    outages, share = [], BOOKINGS // (KILLS + 1)
    for kill in range(KILLS + 1):
        done = len(client.acknowledged)
        part: list[Future[None]] = [pool.submit(client.book, kill * share + number) for number in range(share)]
        if kill < KILLS:
            until(lambda done=done: len(client.acknowledged) > done + share // 4)
            outages.append(lose_primary(cluster, client, sink))
        for one in part:
            one.result()
        until(cluster.is_synchronous)
        assert found.are_alive()
    return outages


def test_nothing_is_lost_when_the_primary_is_killed_three_times(
    cluster: Cluster, sink: SinkProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(PostgresDatabase(cluster.url)) as database:
        migrate(database)
    program = prepare(cluster.url, sink, lease_s=20, emails=RECIPIENTS)
    client = Client(program, tmp_path / "acknowledged.txt", most=BOOKINGS)
    with processes(program, workers=WORKERS) as found, ThreadPoolExecutor(CLIENTS) as pool:
        outages = under_load(found, cluster, client, sink, pool)
        came = balance(found.api, client, sink, found.api.await_end())
        assert found.are_alive()
        codes = found.stop()

    with capsys.disabled():
        print(  # noqa: T201  the figures of the campaign
            f"\nfailover: {KILLS} kills, {came.writes} writes acknowledged, {len(came.lost)} lost, {came.states} deliveries,"
            f" {came.taken} taken by the relay, {came.duplicates} duplicates, {came.differing} of them differing;"
            f" another took writes after {[round(one, 1) for one, _ in outages]} s, and work went on within"
            f" {[round(two, 1) for _, two in outages]} s of that"
        )
    assert came.writes == BOOKINGS
    assert came.lost == set()
    assert came.states == {"sent": len(RECIPIENTS) * BOOKINGS}
    assert came.missing == set()
    assert came.taken - came.duplicates == len(RECIPIENTS) * BOOKINGS
    assert came.differing == 0
    assert came.duplicates <= KILLS * WORKERS * CONNECTIONS  # at most one for each open connection and kill
    assert codes == [0] * (1 + WORKERS)
