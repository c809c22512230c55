"""c. The same job done with the usual parts: Celery, Redis, icalendar, smtplib (bench/peers)."""

import sqlite3
import sys
from contextlib import closing

from bench.children import Child, FailedError, until
from bench.drain import drained
from bench.figures import Claim, Result, Runs, Series, interleaved, ratios
from bench.memory import Peak
from bench.needs import path_of
from bench.peers import ledger
from bench.ports import free_port, is_open
from bench.relay import SmtpSink
from bench.rig import Rig
from bench.seed import TEAM, Crop, Seed, grow, sow

TITLE = "The same job with the usual parts: Celery + Redis + icalendar + smtplib"
GAIN = 5.0
OURS, PEER = "Tocsin", "the usual parts"
_RATE, _MEMORY, _GAIN, _SHARE = (
    "deliveries a second",
    "memory of all processes, at most",
    "gain in speed",
    "share of memory",
)
_WARM_UP = 20  # bookings that the peer's processes deliver before it counts


def run(rig: Rig) -> Result:
    """Run the benchmark."""
    number = rig.size(4_000, 400)
    seed, sink = sow(rig, "SQLite"), SmtpSink(rig)
    found = interleaved(
        rig.runs,
        {OURS: lambda: _ours(rig, seed, sink, number), PEER: lambda: _peer(rig, sink, number)},
    )
    return _result(found, number)


def _ours(rig: Rig, seed: Seed, sink: SmtpSink, number: int) -> dict[str, float]:
    database = grow(seed, Crop(bookings=number // 2))
    done = drained(rig, database, sink.port)
    database.drop()
    if done.sent != number:
        raise FailedError(f"of {number} deliveries {done.sent} are sent")
    return {"/s": done.rate, "MiB": done.peak_mib}


def _peer(rig: Rig, sink: SmtpSink, number: int) -> dict[str, float]:
    """Let Redis and Celery drain a ledger, after they have warmed up on a few deliveries."""
    peer = _Peer(rig, sink.port)
    try:
        with closing(ledger.connect(peer.path)) as kept:
            peer.dispatch()
            until(lambda: _left(kept) == 0, "the peer has warmed up", limit_s=60)
            ledger.add(peer.path, first=_WARM_UP + 1, bookings=number // 2, team=TEAM)
            dispatch = peer.dispatch()
            with Peak([*(process.pid for process in peer.processes), dispatch.pid]) as peak:
                rate = _rate(kept, number)
    finally:
        rig.children.end(*peer.processes)
    return {"/s": rate, "MiB": peak.mib}


class _Peer:
    """Redis and Celery's worker, running, and a ledger with the deliveries to warm up on."""

    def __init__(self, rig: Rig, relay_port: int) -> None:
        self._rig = rig
        self._port = free_port()
        self.path = rig.folder / f"peer-{self._port}.db"
        ledger.fill(self.path, _WARM_UP, TEAM)
        self._environment = {
            "PEER_BROKER": f"redis://127.0.0.1:{self._port}/0",
            "PEER_DATABASE": str(self.path),
            "PEER_RELAY_PORT": str(relay_port),
        }
        redis = self._redis()
        until(lambda: is_open(self._port), "Redis listens", limit_s=10)
        celery = ("celery", "--app", "bench.peers.tasks", "worker", "--loglevel", "WARNING")
        self.processes = (self._python(*celery), redis)

    def dispatch(self) -> Child:
        """Start the program that hands over what is due."""
        return self._python("bench.peers.dispatch")

    def _redis(self) -> Child:
        program = path_of("redis-server")
        if program is None:
            raise FailedError("redis-server is not installed")
        # Nothing on the disk, as one runs it where a task that is lost can be dispatched again.
        options = f"--port {self._port} --bind 127.0.0.1 --save --appendonly no".split()
        options.insert(options.index("--save") + 1, "")
        return self._rig.children.start(program, *options, output=self._rig.folder / "redis")

    def _python(self, *module: str) -> Child:
        output = self._rig.folder / "peer"
        return self._rig.children.start(sys.executable, "-m", *module, environment=self._environment, output=output)


def _rate(kept: sqlite3.Connection, number: int) -> float:
    """Return the deliveries a second between the first that is marked sent and the last."""
    begun_at = until(lambda: _left(kept) < number, "the first task is done", every_s=0.005)
    to_do = _left(kept)
    ended_at = until(lambda: _left(kept) == 0, "the peer has sent everything", every_s=0.05)
    return to_do / (ended_at - begun_at)


def _left(kept: sqlite3.Connection) -> int:
    return int(kept.execute("SELECT count(*) FROM deliveries WHERE state <> 'sent'").fetchone()[0])


def _result(found: Runs, number: int) -> Result:
    rate = {name: tuple(measured["/s"]) for name, measured in found.items()}
    memory = {name: tuple(measured["MiB"]) for name, measured in found.items()}
    gain = Series(panel=_GAIN, name="Tocsin / the usual parts", unit="ratio", values=ratios(rate[OURS], rate[PEER]))
    share = Series(
        panel=_SHARE, name="Tocsin / the usual parts", unit="ratio", values=ratios(memory[OURS], memory[PEER])
    )
    return Result(
        letter="c",
        title=TITLE,
        series=(
            *(Series(panel=_RATE, name=name, unit="1/s", values=one) for name, one in rate.items()),
            *(Series(panel=_MEMORY, name=name, unit="MiB", values=one) for name, one in memory.items()),
            gain,
            share,
        ),
        claims=(
            Claim(text="times the deliveries per second", value=gain.median, limit=GAIN, panel=_GAIN),
            Claim(text="times the memory", value=share.median, limit=1.0, at_most=True, panel=_SHARE),
        ),
        notes=(
            f"{number} deliveries of {number // 2} bookings in each run, all due, none written yet; both ledgers on SQLite",
            "the peer's ledger does not flush every commit (synchronous=NORMAL) and its Redis keeps nothing; Tocsin flushes",
            "the peer is warm and counts from its first sent message; Tocsin counts from its first claim after a cold start",
            "memory is the proportional set size of all processes, Redis included",
        ),
        figures={"gain": gain.median, "memory_share": share.median},
    )
