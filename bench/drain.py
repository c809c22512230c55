"""Letting Tocsin deliver what is due, and what that took: the part that benchmarks b, c, f and g share."""

import time
from dataclasses import dataclass
from statistics import mode

import psutil

from bench.children import until
from bench.databases import Database
from bench.memory import Peak
from bench.program import WHOLE, Tocsin
from bench.relay import connections_to
from bench.rig import Rig

# Asked fifty times a second beside who is measured: by an index of the program's own, and for one row.
_OPEN = "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE settled_at IS NULL LIMIT 1) o"
_BEGUN = "SELECT min(started_at) FROM attempts WHERE started_at >= ?"
_SENT = "SELECT count(*) FROM deliveries WHERE state = 'sent'"
_LOOK_S = 0.5  # how often connections are counted: to read the machine's list of them takes milliseconds
_AGAIN = "SELECT count(*) FROM attempts WHERE started_at >= ? AND result = 'accepted'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """How it went. `seconds` are from the first claim until the last delivery is written down as sent.

    `connections` is how many there mostly were to the relay: for a moment there is one more, while one is renewed.
    """

    seconds: float
    sent: int
    accepted: int
    connections: int
    peak_mib: float
    processor_s: float

    @property
    def rate(self) -> float:
        """Deliveries a second."""
        return self.sent / self.seconds

    @property
    def processor_us(self) -> float:
        """Microseconds of processor time for each delivery, of Tocsin's processes alone."""
        return self.processor_s / self.sent * 1e6


def drained(
    rig: Rig,
    database: Database,
    relay_port: int,
    *,
    parts: tuple[tuple[str, ...], ...] = WHOLE,
) -> Drained:
    """Start Tocsin on a database in which deliveries are due, and wait until none is open.

    The start of the processes does not count, because the first claim is read out of the ledger.
    """
    launched_at = time.time() * 1e6
    seen: dict[int, int] = {}  # by the half second, how many connections there were
    program = Tocsin(rig, database, relay_port, parts=parts)

    def is_done() -> bool:
        now = int(time.monotonic() / _LOOK_S)
        seen[now] = seen.get(now) or connections_to(relay_port)
        program.check()
        return bool(database.rows(_OPEN)[0][0] == 0)

    started = _processor_s(program)
    try:
        with Peak(process.pid for process in program.processes) as peak:
            ended = until(is_done, "all deliveries are sent")
        begun = database.rows(_BEGUN, launched_at)[0][0] / 1e6
        return Drained(
            seconds=ended - begun,
            sent=database.rows(_SENT)[0][0],
            accepted=database.rows(_AGAIN, launched_at)[0][0],
            connections=mode(filter(None, seen.values())),
            peak_mib=peak.mib,
            processor_s=_processor_s(program) - started,
        )
    finally:
        program.close()


def _processor_s(program: Tocsin) -> float:
    times = [psutil.Process(process.pid).cpu_times() for process in program.processes]
    return float(sum(one.user + one.system for one in times))
