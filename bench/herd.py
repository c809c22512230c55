"""f. A herd: very many reminders due at the same moment, and the API meanwhile."""

import time
from collections.abc import Iterator
from functools import partial
from itertools import count

from bench.calls import Answered, Background, Request
from bench.children import FailedError, until
from bench.databases import Database
from bench.figures import Claim, Result, Runs, Series, interleaved, percentile
from bench.memory import Peak
from bench.program import Api, Tocsin
from bench.relay import SmtpSink
from bench.rig import Rig
from bench.seed import OFFSET, Crop, Seed, a_booking, grow, sow

TITLE = "A herd: deliveries due at the same moment, and the API meanwhile"
NUMBER = 100_000
WORKSPACES = 10
RATE = 20.0  # requests a second to the API: lists and new bookings in turn
LIMITS = {"SQLite": 90.0, "PostgreSQL": 180.0}  # seconds
SLOWEST = 300.0  # milliseconds
PARTS = {"SQLite": (("serve",),), "PostgreSQL": (("serve", "--no-worker"), ("worker",), ("worker",))}
_LEFT = """
    SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE settled_at IS NULL AND state <> 'paused' AND action <> 'call_webhook'
       AND next_at < ? AND due_at = ? LIMIT 1) o"""
_DRAIN, _API, _MEMORY = (
    "seconds until drained",
    "API meanwhile, 99 % of requests within",
    "memory of Tocsin's processes, at most",
)


def run(rig: Rig) -> Result:
    """Run the benchmark."""
    number = rig.size(NUMBER, 2_000)
    sink = SmtpSink(rig)
    seeds = {name: sow(rig, name, event="before_meeting_starts") for name in LIMITS}
    found = interleaved(rig.runs, {name: partial(_run, rig, seed, sink, number) for name, seed in seeds.items()})
    return _result(found, number)


def _run(rig: Rig, seed: Seed, sink: SmtpSink, number: int) -> dict[str, float]:
    due_at = time.time() + 8 + number / 6_000  # the rows have to be written first
    database = grow(seed, Crop(bookings=number // 2, workspaces=WORKSPACES, moved=_moved(seed, due_at)))
    before = sink.taken
    program = Tocsin(rig, database, sink.port, parts=PARTS[database.name])
    try:
        until(lambda: time.time() >= due_at, "the herd is due")
        with Peak([process.pid for process in program.processes]) as peak:
            calls = Background(program.port, Api(program.port, seed.key).headers, _requests(), rate=RATE)
            ended = _drained(program, database, round(due_at * 1e6))
            answers = calls.close()
    finally:
        program.close()
    if sink.taken - before < number:
        raise FailedError(f"of a herd of {number} the relay took {sink.taken - before}")
    database.drop()
    return {"s": ended - due_at, "p99 ms": _p99(answers), "MiB": peak.mib}


def _moved(seed: Seed, due_at: float) -> str:
    (starts_at,) = seed.database.rows("SELECT starts_at FROM bookings")[0]
    return str(round(due_at * 1e6) + round(OFFSET.total_seconds() * 1e6) - starts_at)


def _drained(program: Tocsin, database: Database, due_at: int) -> float:
    """Return when nothing of the herd was open any more; what the API's new bookings ask for does not count."""

    def is_done() -> bool:
        program.check()
        return bool(database.rows(_LEFT, due_at + 10**12, due_at)[0][0] == 0)

    return until(is_done, "the herd is delivered", limit_s=900, every_s=0.1)


def _requests() -> Iterator[Request]:
    for number in count():
        yield Request(method="GET", path="/deliveries?page_size=30")
        yield Request(method="POST", path="/bookings", body=a_booking(number))


def _p99(answers: list[Answered]) -> float:
    refused = [one for one in answers if one.status not in {200, 201}]
    if refused:
        raise FailedError(f"{len(refused)} of {len(answers)} requests failed, the first with {refused[0].status}")
    return percentile([one.seconds for one in answers], 0.99) * 1000


def _result(found: Runs, number: int) -> Result:
    panels = {"s": (_DRAIN, "s"), "p99 ms": (_API, "ms"), "MiB": (_MEMORY, "MiB")}
    series = tuple(
        Series(panel=panel, name=name, unit=unit, values=tuple(found[name][measure]))
        for measure, (panel, unit) in panels.items()
        for name in found
    )
    medians = {(one.panel, one.name): one.median for one in series}
    drained = [
        Claim(
            text=f"seconds until drained on {name}",
            value=medians[_DRAIN, name],
            limit=limit,
            at_most=True,
            panel=_DRAIN,
        )
        for name, limit in LIMITS.items()
    ]
    slowest = [
        Claim(text=f"API on {name}, p99 in ms", value=medians[_API, name], limit=SLOWEST, at_most=True, panel=_API)
        for name in LIMITS
    ]
    return Result(
        letter="f",
        title=f"{TITLE} ({number:,} deliveries)",
        series=series,
        claims=(*drained, *slowest),
        notes=(
            f"{number:,} reminders of {number // 2:,} bookings in {WORKSPACES} workspaces, due at one moment, counted from it",
            f"meanwhile {RATE:.0f} requests a second to the API: a list of deliveries and a new booking in turn",
            "SQLite: one `tocsin serve`; PostgreSQL: `tocsin serve --no-worker` and two `tocsin worker`",
        ),
    )
