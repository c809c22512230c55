"""e. A million timed deliveries waiting: writing them, claiming what is due, and how late what falls due leaves."""

import time
from dataclasses import dataclass
from statistics import median

from bench.children import FailedError, until
from bench.databases import Database
from bench.figures import Claim, Result, Series, interleaved, percentile
from bench.memory import resident_mib
from bench.program import Tocsin
from bench.relay import RecordingSink, Taken
from bench.rig import Rig
from bench.seed import OFFSET, Crop, Seed, grow, sow
from bench.services import claim_rate, opened, planning_rate

TITLE = "Timed deliveries waiting"
NUMBER = 1_000_000
RATE = 50  # deliveries that fall due in a second
WINDOW_S = 60
HEAVIEST = 150.0  # MiB
LATEST = 2000.0  # milliseconds
_INSERT, _CLAIM = "deliveries a second, written", "deliveries a second, claimed"
_LATE, _HEAVY = "lateness of what falls due, 50 a second", "memory of the process, at most"
_DAY = 86_400_000_000  # microseconds
_FAR = 20  # days from now until the first that waits falls due


def run(rig: Rig) -> Result:
    """Run the benchmark."""
    number, window_s = rig.size(NUMBER, 20_000), rig.size(WINDOW_S, 10)
    due = rig.runs * window_s * RATE
    seed = sow(rig, "SQLite", event="before_meeting_starts")
    begun = time.perf_counter()
    waiting = grow(seed, Crop(bookings=number // 2, moved=f"{_later(seed)} + (n % 100000) * 60000000"))
    bulk = number / (time.perf_counter() - begun)
    rates = interleaved(
        rig.runs, {"SQLite": lambda: _rates(seed, waiting, rig.size(1_000, 100), rig.size(20_000, 1_000))}
    )
    late, heavy = _lateness(rig, waiting, due, window_s)
    found = _Found(bulk=bulk, rates=rates["SQLite"], late=late, heavy=heavy)
    return _result(found, number, window_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Rates in deliveries a second; how late in milliseconds, by window; memory in MiB."""

    bulk: float
    rates: dict[str, list[float]]
    late: list[list[float]]
    heavy: float


def _later(seed: Seed) -> int:
    """Return how many microseconds after the seed's booking the first of those that wait begins."""
    (starts_at,) = seed.database.rows("SELECT starts_at FROM bookings")[0]
    return round(time.time() * 1e6) + _FAR * _DAY - int(starts_at)


def _rates(seed: Seed, waiting: Database, bookings: int, due: int) -> dict[str, float]:
    """Plan new bookings with a reminder each, and claim a number of deliveries that are due, on the store as it stands."""
    with opened(waiting) as app:
        planned = planning_rate(app, seed.workspace_id, bookings)
    _make_due(waiting, due)
    with opened(waiting) as app:
        claimed = claim_rate(app, due)
    waiting.write([f"UPDATE deliveries SET state = 'cancelled' WHERE next_at < {round(time.time() * 1e6) + _DAY}"])
    return {"planned": planned, "claimed": claimed}


def _make_due(waiting: Database, number: int) -> None:
    """Let the first `number` of those that wait be due since an hour ago, in the order in which they waited."""
    past = f"{round(time.time() * 1e6) - 3_600_000_000}"
    waiting.write(
        [
            f"""UPDATE deliveries SET next_at = {past}, due_at = {past} WHERE id IN (
                SELECT id FROM deliveries WHERE state = 'scheduled' ORDER BY next_at LIMIT {number})"""
        ]
    )


def _lateness(rig: Rig, waiting: Database, number: int, window_s: int) -> tuple[list[list[float]], float]:
    """Let `number` deliveries fall due evenly; return how late each left, in milliseconds by window, and the memory in MiB."""
    sink = RecordingSink(rig)
    first = round(time.time() * 1e6) + 20_000_000
    waiting.write(_spread(number, first, round(1e6 / RATE)))
    program = Tocsin(rig, waiting, sink.port)
    try:
        until(lambda: time.time() * 1e6 > first + number / RATE * 1e6, "all have fallen due", limit_s=1000, every_s=0.5)
        until(lambda: not _open_before(waiting, first + number * 10**6), "all are sent", limit_s=60, every_s=0.2)
        heavy = resident_mib(program.processes[0].pid)
    finally:
        program.close()
    return _by_window(sink.close(), waiting, first, window_s, number), heavy


def _spread(number: int, first: int, step: int) -> list[str]:
    """Move bookings so that their reminders fall due one after the other: the reminder's moment follows from the booking's."""
    offset = round(OFFSET.total_seconds() * 1e6)
    return [
        f"""CREATE TABLE bench_due AS
            SELECT workspace_id, id, booking_id,
                   {first} + (row_number() OVER (ORDER BY booking_id, id) - 1) / 2 * {2 * step} AS at
              FROM deliveries WHERE state = 'scheduled' AND booking_id IN (
                   SELECT booking_id FROM deliveries WHERE state = 'scheduled' GROUP BY booking_id HAVING count(*) = 2
                    ORDER BY booking_id LIMIT {number // 2})""",
        f"""UPDATE bookings SET starts_at = d.at + {offset}, ends_at = d.at + {2 * offset} FROM bench_due d
             WHERE d.workspace_id = bookings.workspace_id AND d.booking_id = bookings.id""",
        f"""UPDATE deliveries SET due_at = d.at, next_at = d.at, expires_at = d.at + {offset} FROM bench_due d
             WHERE d.workspace_id = deliveries.workspace_id AND d.id = deliveries.id""",
        "DROP TABLE bench_due",
    ]


def _open_before(waiting: Database, moment: int) -> int:
    asked = """SELECT count(*) FROM (SELECT 1 FROM deliveries
        WHERE settled_at IS NULL AND state <> 'paused' AND action <> 'call_webhook' AND next_at < ? LIMIT 1) o"""
    return int(waiting.rows(asked, moment)[0][0])


def _by_window(taken: list[Taken], waiting: Database, first: int, window_s: int, number: int) -> list[list[float]]:
    due = dict(waiting.rows("SELECT id, due_at FROM deliveries WHERE state = 'sent'"))
    windows: list[list[float]] = [[] for _ in range(number // (window_s * RATE))]
    for one in taken:
        due_at = due[one.message_id.partition(".")[0]]
        place = (due_at - first) // (window_s * 10**6)
        windows[place].append(one.at * 1000 - due_at / 1000)
    if len(taken) != number or not all(windows):
        raise FailedError(f"of {number} that fell due, {len(taken)} arrived")
    return windows


def _result(found: _Found, number: int, window_s: int) -> Result:
    slowest = tuple(percentile(window, 0.99) for window in found.late)
    earliest = tuple(min(window) for window in found.late)
    panels = (
        Series(panel=_INSERT, name="by SQL, in bulk", unit="1/s", values=(found.bulk,)),
        Series(
            panel=_INSERT,
            name="planned by the program, a booking at a time",
            unit="1/s",
            values=tuple(found.rates["planned"]),
        ),
        Series(panel=_CLAIM, name="among all that wait", unit="1/s", values=tuple(found.rates["claimed"])),
        Series(panel=_LATE, name="median", unit="ms", values=tuple(median(window) for window in found.late)),
        Series(panel=_LATE, name="99 % within", unit="ms", values=slowest),
        Series(panel=_LATE, name="the earliest", unit="ms", values=earliest),
        Series(panel=_HEAVY, name="tocsin serve", unit="MiB", values=(found.heavy,)),
    )
    return Result(
        letter="e",
        title=f"{number:,} {TITLE.lower()}",
        series=panels,
        claims=(
            Claim(text="resident memory in MiB", value=found.heavy, limit=HEAVIEST, at_most=True, panel=_HEAVY),
            Claim(text="lateness, p99 in ms", value=median(slowest), limit=LATEST, at_most=True, panel=_LATE),
            Claim(text="none early: ms after its moment that the earliest left", value=min(earliest), limit=0.0),
        ),
        notes=(
            f"{number:,} reminders wait on SQLite, two for each booking; {RATE} a second fall due in windows of {window_s} s",
            "lateness is from the due moment until the relay has taken the message; the run is one process through all windows",
            "memory is the most that the process ever had resident (VmHWM)",
        ),
    )
