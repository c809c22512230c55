"""A6: a worker stands still for longer than its lease, with messages in hand, and goes on as if nothing had been."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bench.databases import Database
from tests.journeys.program import RECIPIENTS, Program, running, until
from tests.scale.processes import WORKER, part
from tests.smtp_server import OK, Received, Sink
from tests.torture.crops import NewDatabase, now_us, sown
from tests.torture.pauses import paused
from tests.torture.rig import Rig
from tocsin.mail.transport import CONNECTIONS

LEASE_S = 2
PAUSE_S = 1.4 * LEASE_S
WORKERS = 2
MEAN = 2  # duplicates for each pause
ANSWER_S = 0.02  # in which the relay takes a message
_DAY = 86_400_000_000  # microseconds
_OPEN = "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE settled_at IS NULL AND next_at < ? LIMIT 1) o"


def takes_its_time(answer_s: float) -> Callable[[Received], str]:
    """Return how a relay takes messages that needs so long for each, so that a pause finds some in hand."""

    def take(_received: Received) -> str:
        threading.Event().wait(answer_s)
        return OK

    return take


@contextmanager
def at_work(program: Program, connections: int, state_dir: Path) -> Iterator[list[Program]]:
    """Give the running workers of one machine, with so many connections to the relay each."""
    relay = program.environment["TOCSIN_SMTP_URL"].partition("?")[0]
    environment = {
        **program.environment,
        "TOCSIN_SMTP_URL": f"{relay}?connections={connections}",
        "TOCSIN_STATE_DIR": str(state_dir),
    }
    found = [part(replace(program, environment=environment), WORKER) for _ in range(WORKERS)]
    with ExitStack() as stack, ThreadPoolExecutor(WORKERS) as pool:
        for one in found:
            stack.enter_context(running(one))
        list(pool.map(Program.start, found))
        yield found


@dataclass(frozen=True)
class Bursts:
    """Deliveries that wait until some of them are made due; each burst is as much as the workers take at once."""

    database: Database
    size: int

    def put_off(self) -> None:
        self.database.write([f"UPDATE deliveries SET next_at = next_at + {_DAY}"])

    def begin(self) -> None:
        """Make the next ones due."""
        waiting = f"SELECT id FROM deliveries WHERE state = 'scheduled' ORDER BY id LIMIT {self.size}"
        self.database.rows(f"UPDATE deliveries SET next_at = ? WHERE id IN ({waiting}) RETURNING id", now_us())

    def are_over(self) -> bool:
        """Tell whether all that was due is settled."""
        return bool(self.database.rows(_OPEN, now_us() + _DAY // 2)[0][0] == 0)


def pause_in_turn(workers: list[Program], sink: Sink, bursts: Bursts, times: int) -> None:
    """Let one of the workers after the other stand still, for longer than its lease, while it has messages in hand.

    The other one has nothing else to do by then, so that it takes them as soon as it may.
    """
    chance = random.Random(2026)
    for number in range(times):
        before = len(sink.messages)
        bursts.begin()
        sink.wait_for(before + WORKERS, timeout_s=60)
        threading.Event().wait(chance.uniform(0, 0.2))
        with paused(workers[number % len(workers)]):
            threading.Event().wait(PAUSE_S)
        until(bursts.are_over)


@pytest.mark.parametrize("connections", [1, CONNECTIONS])
def test_a_worker_that_stands_still_past_its_lease_repeats_next_to_nothing(
    new_database: NewDatabase, rig: Rig, tmp_path: Path, connections: int
) -> None:
    pauses, size = rig.size(quick=2, nightly=100), rig.size(quick=40, nightly=10 * connections)
    with (
        Sink() as sink,
        sown(new_database("PostgreSQL"), sink, lease_s=LEASE_S) as field,
        field.grown(pauses * size // len(RECIPIENTS)) as (program, database),
    ):
        sink.on_data = takes_its_time(ANSWER_S)
        bursts = Bursts(database, size)
        bursts.put_off()
        with at_work(program, connections, tmp_path) as workers:
            pause_in_turn(workers, sink, bursts, pauses)
            codes = [code for worker in workers for code in worker.stop()]
        states = dict(database.rows("SELECT state, count(*) FROM deliveries GROUP BY state"))
        taken = Counter(message.message_id for message in sink.messages)
        contents = {message.message for message in sink.messages}

    number, duplicates = pauses * size, taken.total() - len(taken)
    assert codes == [0] * WORKERS
    assert states == {"sent": number}
    assert len(taken) == len(contents) == number  # nothing is missing, and what came twice was equal to the octet
    # What the relay takes while nobody reads is a message of each connection at most. On a machine so busy that nobody sees
    # in time that a worker stands still, those are sent again.
    most = MEAN if rig.is_nightly else max(MEAN, connections)
    rig.found(
        "A6",
        f"{duplicates} in {pauses} pauses of {PAUSE_S:.1f} s at a lease of {LEASE_S} s, {connections} connections,"
        f" {number:,} deliveries: {duplicates / pauses:.2f} for each"
        + ("" if most == MEAN else f", held against {most}, because so few tell little"),
        is_met=duplicates <= most * pauses,
    )
