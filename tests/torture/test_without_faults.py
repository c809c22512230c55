"""A4: very many deliveries and several workers at once, and nothing that goes wrong."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from time import monotonic

import pytest

from bench.relay import RecordingSink
from bench.rig import Rig as Bench
from tests.journeys.program import RECIPIENTS, Program, running
from tests.scale.processes import WORKER, part
from tests.torture.crops import NewDatabase, await_sent, now_us, sown
from tests.torture.rig import Rig

WORKERS = 4  # on SQLite the threads of the one process that owns the file
LIMIT_S = 560


@contextmanager
def at_work(program: Program, sort: str) -> Iterator[list[Program]]:
    """Give the running workers on a database."""
    found = [program] if sort == "SQLite" else [part(program, WORKER) for _ in range(WORKERS)]
    with ExitStack() as stack, ThreadPoolExecutor(WORKERS) as pool:
        for one in found:
            stack.enter_context(running(one))
        list(pool.map(Program.start, found))
        yield found


@pytest.mark.parametrize("sort", ["SQLite", "PostgreSQL"])
def test_without_a_fault_everything_is_sent_once(sort: str, new_database: NewDatabase, bench: Bench, rig: Rig) -> None:
    number = rig.size(quick=400, nightly=100_000)
    sink = RecordingSink(bench)
    with sown(new_database(sort), sink) as field, field.grown(number // len(RECIPIENTS)) as (program, database):
        began = monotonic()
        with at_work(program, sort) as workers:
            await_sent(database, due_before=now_us() + 10**12, limit_s=LIMIT_S)
            took = monotonic() - began
            codes = [code for worker in workers for code in worker.stop()]
        states = dict(database.rows("SELECT state, count(*) FROM deliveries GROUP BY state"))
    taken = Counter(one.message_id for one in sink.close())

    assert set(codes) == {0}
    assert states == {"sent": number}
    assert len(taken) == number
    rig.found(
        "A4",
        f"{sort}, {taken.total() - number} in {number:,}, {took:.0f} s",
        is_met=taken.total() == number,
    )
