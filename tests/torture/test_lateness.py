"""A8 and A7: reminders fall due at an even rate; none leaves early, and all leave soon."""

import pytest

from bench.figures import percentile
from bench.relay import RecordingSink
from bench.rig import Rig as Bench
from tests.journeys.program import RECIPIENTS
from tests.torture.crops import NewDatabase, await_sent, now_us, sown
from tests.torture.rig import Rig

P50_S, P99_S, P999_S = 1.0, 5.0, 30.0


@pytest.mark.parametrize("sort", ["SQLite", "PostgreSQL"])
def test_what_falls_due_leaves_soon_and_never_early(
    sort: str, new_database: NewDatabase, bench: Bench, rig: Rig
) -> None:
    rate, seconds = rig.size(quick=20, nightly=50), rig.size(quick=5, nightly=600)
    ahead_s = rig.size(quick=3, nightly=8)  # until the first falls due, for rows to be written and the program to start
    sink = RecordingSink(bench)
    with sown(new_database(sort), sink, reminds=True) as field:
        first, step = now_us() + ahead_s * 10**6, len(RECIPIENTS) * 10**6 // rate
        moved = f"{field.moved_to(first)} + (n - 1) * {step}"
        with field.grown(seconds * rate // len(RECIPIENTS), moved=moved) as (program, database):
            program.start()
            await_sent(database, due_before=first + (seconds + 1) * 10**6, limit_s=ahead_s + seconds + 200)
            codes = program.stop()
            due = dict(database.rows("SELECT id, due_at FROM deliveries WHERE state = 'sent'"))
    taken = sink.close()
    late = [one.at - due[one.message_id.partition(".")[0]] / 1e6 for one in taken]

    p50, p99, p999 = (percentile(late, part) for part in (0.5, 0.99, 0.999))
    assert set(codes) == {0}
    assert len(taken) == len(due) == rate * seconds
    early = sum(one < 0 for one in late)
    rig.found("A7", f"{sort}, {early} of {len(late):,} reminders", is_met=early == 0)
    is_soon = p50 <= P50_S and p99 <= P99_S and p999 <= P999_S
    rig.found(
        "A8",
        f"{sort}, {rate} due a second for {seconds} s: p50 {p50:.2f} s, p99 {p99:.2f} s, p99.9 {p999:.2f} s",
        is_met=is_soon or not rig.is_nightly,
    )
