"""A9: very many deliveries fall due in one minute, and the API is asked meanwhile."""

from collections.abc import Iterator
from itertools import count

from bench.calls import Background, Request
from bench.figures import percentile
from bench.memory import Peak
from bench.relay import RecordingSink
from bench.rig import Rig as Bench
from tests.journeys.program import RECIPIENTS, a_body
from tests.torture.crops import NewDatabase, await_sent, now_us, sown
from tests.torture.pauses import pids
from tests.torture.rig import Rig

DRAINED_S, ANSWERED_S, MIB = 600, 0.3, 512
RATE = 20.0  # requests a second: lists and new bookings in turn


def requests() -> Iterator[Request]:
    for number in count():
        yield Request(method="GET", path="/deliveries?page_size=30")
        yield Request(method="POST", path="/bookings", body=a_body(number))


def test_a_herd_is_sent_in_minutes_and_the_api_answers_meanwhile(
    new_database: NewDatabase, bench: Bench, rig: Rig
) -> None:
    herd, minute_s = rig.size(quick=600, nightly=100_000), rig.size(quick=2, nightly=60)
    sink = RecordingSink(bench)
    with sown(new_database("SQLite"), sink, reminds=True) as field:
        first = now_us() + round((5 + herd / 10_000) * 1e6)
        bookings = herd // len(RECIPIENTS)
        moved = f"{field.moved_to(first)} + n * {minute_s * 10**6 // bookings}"
        with field.grown(bookings, moved=moved) as (program, database):
            program.start()
            headers = {
                "Host": f"localhost:{program.port}",
                "X-Api-Key": program.key,
                "Content-Type": "application/json",
            }
            with Peak(pids(program)) as peak:
                calls = Background(program.port, headers, requests(), rate=RATE)
                await_sent(database, due_before=first + (minute_s + 1) * 10**6, limit_s=DRAINED_S + 60)
                took = (now_us() - first) / 1e6
                answers = calls.close()
            codes = program.stop()
            due = {
                row[0]
                for row in database.rows("SELECT id FROM deliveries WHERE due_at < ?", first + 10**6 * (minute_s + 1))
            }
    taken = [one.message_id.partition(".")[0] for one in sink.close()]

    assert set(codes) == {0}
    assert {one.status for one in answers} == {200, 201}
    p99 = percentile([one.seconds for one in answers], 0.99)
    is_soon = took <= DRAINED_S and p99 <= ANSWERED_S and peak.mib <= MIB
    rig.found(
        "A9",
        f"SQLite, {herd:,} due in {minute_s} s: drained {took:.0f} s after the first; API p99 {p99 * 1000:.0f} ms of"
        f" {len(answers):,} requests; {peak.mib:.0f} MiB; {len(due - set(taken))} lost",
        is_met=due <= set(taken) and len(taken) == len(set(taken)) and (is_soon or not rig.is_nightly),
    )
