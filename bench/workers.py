"""g. One, two and four worker processes on one PostgreSQL: with all cores busy, and waiting for a slow relay."""

from collections import Counter
from dataclasses import dataclass

from bench.children import FailedError
from bench.drain import Drained, drained
from bench.figures import Claim, Result, Runs, Series, interleaved, ratios
from bench.relay import RecordingSink, SmtpSink
from bench.rig import Rig
from bench.seed import Crop, Seed, grow, sow

TITLE = "Worker processes on one PostgreSQL"
PROCESSES = (1, 2, 4)
GAIN = 1.6  # of two workers over one, where cores are free
SHORTEST_DELAY = 0.025  # seconds that a relay takes for a message
SHARE = 0.2  # of what the cores can do at most, that one worker does before the slow relay: so two leave cores free
WORKSPACES = 10
_BUSY, _FREE, _GAIN = (
    "deliveries a second, relay as fast as it can (the cores are the limit)",
    "deliveries a second, slow relay (the cores are free)",
    "gain of two workers over one, slow relay",
)


@dataclass(slots=True)
class _Tally:
    """What all runs together delivered."""

    deliveries: int = 0
    twice: int = 0


def run(rig: Rig) -> Result:
    """Run the benchmark."""
    fast, slow_s = rig.size(8_000, 1_000), rig.size(10, 3)
    seed, sink, tally = sow(rig, "PostgreSQL"), SmtpSink(rig), _Tally()
    tried = _fast(rig, seed, sink, tally, number=fast, processes=1)
    wanted = SHARE * tried["/s"]
    delay_s = max(SHORTEST_DELAY, tried["connections"] / wanted)
    contenders = {}
    for processes in PROCESSES:
        contenders[f"busy {processes}"] = lambda processes=processes: _fast(
            rig, seed, sink, tally, number=fast, processes=processes
        )
        contenders[f"free {processes}"] = lambda processes=processes: _slow(
            rig, seed, tally, number=2 * round(wanted * slow_s * processes / 2), processes=processes, delay_s=delay_s
        )
    return _result(interleaved(rig.runs, contenders), tally, delay_s)


def _fast(rig: Rig, seed: Seed, sink: SmtpSink, tally: _Tally, *, number: int, processes: int) -> dict[str, float]:
    before = sink.taken
    done = _drained(rig, seed, sink.port, number=number, processes=processes)
    tally.deliveries += number
    tally.twice += sink.taken - before - number
    return {"/s": done.rate, "connections": done.connections}


def _slow(rig: Rig, seed: Seed, tally: _Tally, *, number: int, processes: int, delay_s: float) -> dict[str, float]:
    sink = RecordingSink(rig, delay_s=delay_s)
    done = _drained(rig, seed, sink.port, number=number, processes=processes)
    taken = Counter(one.message_id for one in sink.close())
    if len(taken) != number:
        raise FailedError(f"of {number} messages {len(taken)} arrived")
    tally.deliveries += number
    tally.twice += taken.total() - number
    return {"/s": done.rate}


def _drained(rig: Rig, seed: Seed, port: int, *, number: int, processes: int) -> Drained:
    database = grow(seed, Crop(bookings=number // 2, workspaces=WORKSPACES))
    done = drained(rig, database, port, parts=(("worker",),) * processes)
    database.drop()
    if done.sent != number:
        raise FailedError(f"of {number} deliveries {done.sent} are sent")
    return done


def _result(found: Runs, tally: _Tally, delay_s: float) -> Result:
    rates = {name: tuple(measured["/s"]) for name, measured in found.items()}
    gains = ratios(rates["free 2"], rates["free 1"])
    panels = ((_BUSY, "busy"), (_FREE, "free"))
    series = [
        Series(panel=panel, name=_words(processes), unit="1/s", values=rates[f"{state} {processes}"])
        for panel, state in panels
        for processes in PROCESSES
    ]
    gain = Series(panel=_GAIN, name="2 by 1", unit="ratio", values=gains)
    return Result(
        letter="g",
        title=TITLE,
        series=(*series, gain),
        claims=(
            Claim(text="two workers by one where cores are free", value=gain.median, limit=GAIN, panel=_GAIN),
            Claim(text=f"duplicates among {tally.deliveries:,} deliveries", value=tally.twice, limit=0, at_most=True),
        ),
        notes=(
            f"the slow relay takes {delay_s * 1000:.0f} ms for each message, so that workers wait for it and not for the cores",
            "before the fast relay all of workers, PostgreSQL and relay share the cores, and more workers cannot be faster",
            f"{WORKSPACES} workspaces; duplicates are what the relay took beside the deliveries in the ledger",
        ),
    )


def _words(processes: int) -> str:
    return f"{processes} worker{'s' if processes > 1 else ''}"
