"""b. Delivery alone against the physical limit: postfix's generator, the same bytes, sink and number of connections."""

from pathlib import Path

from bench.children import FailedError
from bench.databases import Database
from bench.drain import Drained, drained
from bench.figures import Claim, Result, Runs, Series, interleaved, ratios
from bench.relay import SmtpSink, smtp_source
from bench.rig import Rig
from bench.seed import Crop, Seed, grow, sow

TITLE = "Delivery alone against the physical limit (SQLite, synchronous=FULL)"
LIMIT = 0.5
WRITTEN, WHOLE = "Tocsin, frozen messages", "Tocsin, whole path"
SOURCE, KEPT = "smtp-source", "smtp-source -d"
_RATE, _RATIO, _COST = "deliveries a second", "ratio to smtp-source", "processor time of Tocsin for a delivery"
_COMPARED = {
    "ratio_to_limit": (WRITTEN, SOURCE),
    "ratio_to_kept": (WRITTEN, KEPT),
    "whole_ratio_to_limit": (WHOLE, SOURCE),
    "whole_ratio_to_kept": (WHOLE, KEPT),
}


def run(rig: Rig) -> Result:
    """Run the benchmark."""
    sides = _Sides(rig, sow(rig, "SQLite"), rig.size(20_000, 1_000))
    contenders = {
        WRITTEN: lambda: sides.ours(written=True),
        SOURCE: lambda: sides.source(keeps=False),
        WHOLE: lambda: sides.ours(written=False),
        KEPT: lambda: sides.source(keeps=True),
    }
    return _result(interleaved(rig.runs, contenders), sides)


def _result(found: Runs, sides: "_Sides") -> Result:
    rates = {name: tuple(measured["/s"]) for name, measured in found.items()}
    compared = {
        figure: Series(panel=_RATIO, name=f"{ours} / {peer}", unit="ratio", values=ratios(rates[ours], rates[peer]))
        for figure, (ours, peer) in _COMPARED.items()
    }
    figures = {figure: one.median for figure, one in compared.items()}
    measured = [Series(panel=_RATE, name=name, unit="1/s", values=one) for name, one in rates.items()]
    costs = [Series(panel=_COST, name=name, unit="us", values=tuple(found[name]["us"])) for name in (WRITTEN, WHOLE)]
    return Result(
        letter="b",
        title=TITLE,
        series=(*measured, *compared.values(), *costs),
        claims=(Claim(text="ratio_to_limit", value=figures["ratio_to_limit"], limit=LIMIT, panel=_RATIO),),
        notes=(
            f"{sides.number} messages of {sides.octets} octets in each run, {sides.connections} connections to one smtp-sink",
            "frozen messages: they are written already and wait, as after a relay was away; whole path: written on the way",
            "smtp-source opens a connection for each message; with -d it keeps them, as Tocsin does. It does not pipeline",
            "ours ends when the last delivery is written down as sent; smtp-source keeps no ledger",
        ),
        figures=figures,
    )


class _Sides:
    """The sink, and what both sides send to it."""

    def __init__(self, rig: Rig, seed: Seed, number: int) -> None:
        self._rig = rig
        self._seed = seed
        self.number = number
        self._sink = SmtpSink(rig)
        self._message = rig.folder / "message.eml"
        self.octets = _write_message(seed.database, self._message)
        self.connections = 0

    def ours(self, *, written: bool) -> dict[str, float]:
        """Let one process of Tocsin drain a ledger; as many connections as it opens is what smtp-source is given."""
        database = grow(self._seed, Crop(bookings=self.number // 2, written=written))
        before = self._sink.taken
        done = drained(self._rig, database, self._sink.port)
        _check(done, expected=self.number, taken=self._sink.taken - before)
        database.drop()
        self.connections = max(self.connections, done.connections)
        return {"/s": done.rate, "us": done.processor_us}

    def source(self, *, keeps: bool) -> dict[str, float]:
        """Let smtp-source send as much."""
        before = self._sink.taken
        seconds = smtp_source(
            self._sink.port, self._message, number=self.number, connections=self.connections, keeps=keeps
        )
        if self._sink.taken - before != self.number:
            raise FailedError(f"smtp-source sent {self._sink.taken - before} of {self.number} messages")
        return {"/s": self.number / seconds}


def _check(done: Drained, *, expected: int, taken: int) -> None:
    if not done.sent == done.accepted == taken == expected:
        raise FailedError(f"of {expected} deliveries {done.sent} are sent, and the relay took {taken}")


def _write_message(database: Database, path: Path) -> int:
    """Write a real message out of the ledger as smtp-source wants it, which ends lines by itself; return its octets."""
    message = bytes(database.rows("SELECT message FROM messages ORDER BY delivery_id LIMIT 1")[0][0])
    path.write_bytes(message.replace(b"\r\n", b"\n"))
    return len(message)
