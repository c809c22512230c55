"""a. End to end: from the request that books to the message that the relay has taken, in one process."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Self

from bench.calls import Answered, Request, flat_out, steady
from bench.children import FailedError, until
from bench.databases import Database
from bench.figures import Result, Runs, Series, interleaved, percentile
from bench.program import Api, Tocsin
from bench.relay import RecordingSink, SmtpSink, Taken
from bench.rig import Rig
from bench.seed import Crop, Seed, a_booking, grow, sow

TITLE = "End to end: from the request that books to the message that the relay has taken"
STORES = ("SQLite", "PostgreSQL")
RATES = (50, 100, 200)  # bookings a second, with two deliveries each
CONNECTIONS = 16  # of the clients that book as fast as they are answered
_WARM_UP = 40  # bookings before it counts
_SHARES = {"50 %": 0.5, "90 %": 0.9, "99 %": 0.99}
_OPEN = "SELECT count(*) FROM deliveries WHERE state = 'sent'"


def run(rig: Rig) -> Result:
    """Run the benchmark."""
    bookings, seconds = rig.size(4_000, 300), rig.size(8, 2)
    sink = SmtpSink(rig)
    contenders: dict[str, Callable[[], dict[str, float]]] = {}
    for store in STORES:
        seed = sow(rig, store)
        contenders[store] = partial(_saturated, rig, seed, sink, bookings)
        for rate in RATES:
            contenders[f"{store}, {rate}"] = partial(_latencies, rig, seed, rate, seconds)
    return _result(interleaved(rig.runs, contenders), bookings, seconds)


def _saturated(rig: Rig, seed: Seed, sink: SmtpSink, bookings: int) -> dict[str, float]:
    """Book as fast as it is answered; return deliveries a second from the first request until all are sent."""
    with _Running(rig, seed, sink.port) as tocsin:
        answers = flat_out(tocsin.port, tocsin.headers, _bookings(bookings), connections=CONNECTIONS)
        ended = tocsin.await_sent(2 * (_WARM_UP + bookings))
    begun = min(one.at for one in answers)
    answered = max(one.at + one.seconds for one in answers)
    _check(answers, bookings)
    return {"/s": 2 * bookings / (ended - begun), "bookings/s": bookings / (answered - begun)}


def _latencies(rig: Rig, seed: Seed, rate: int, seconds: int) -> dict[str, float]:
    """Book at a steady rate; return within how many milliseconds so many of the messages were taken."""
    sink = RecordingSink(rig)
    with _Running(rig, seed, sink.port) as tocsin:
        answers = steady(tocsin.port, tocsin.headers, _bookings(rate * seconds), rate=rate, stop=lambda: False)
        tocsin.await_sent(2 * (_WARM_UP + rate * seconds))
    _check(answers, rate * seconds)
    waited = _waited(sink.close(), answers)
    return {share: percentile(waited, number) for share, number in _SHARES.items()}


class _Running:
    """One process on a workspace without bookings, warm."""

    def __init__(self, rig: Rig, seed: Seed, relay_port: int) -> None:
        self._database: Database = grow(seed, Crop(bookings=0))
        self._program = Tocsin(rig, self._database, relay_port)
        self.port = self._program.port
        self.headers = Api(self.port, seed.key).headers

    def __enter__(self) -> Self:
        flat_out(self.port, self.headers, _bookings(_WARM_UP, first=10**7), connections=4)
        self.await_sent(2 * _WARM_UP)
        return self

    def __exit__(self, *_: object) -> None:
        self._program.close()
        self._database.drop()

    def await_sent(self, number: int) -> float:
        """Return when so many deliveries were written down as sent."""

        def is_done() -> bool:
            self._program.check()
            return bool(self._database.rows(_OPEN)[0][0] >= number)

        return until(is_done, "all deliveries are sent", every_s=0.05)


def _bookings(number: int, *, first: int = 0) -> Iterator[Request]:
    return (Request(method="POST", path="/bookings", body=a_booking(first + count)) for count in range(number))


def _check(answers: list[Answered], expected: int) -> None:
    made = sum(one.status == 201 for one in answers)
    if made != expected:
        raise FailedError(f"of {expected} bookings {made} were made")


def _waited(taken: list[Taken], answers: list[Answered]) -> list[float]:
    """Return how long each message took, in milliseconds; its subject tells which booking it is of."""
    sent_at = {number: one.at for number, one in enumerate(answers)}
    numbers = [(one.at, int(one.subject.rpartition(" ")[2])) for one in taken]
    waited = [1000 * (at - sent_at[number]) for at, number in numbers if number < 10**7]
    if len(waited) != 2 * len(answers):
        raise FailedError(f"of {2 * len(answers)} messages {len(waited)} arrived")
    return waited


def _result(found: Runs, bookings: int, seconds: int) -> Result:
    fastest = [
        Series(panel=panel, name=store, unit="1/s", values=tuple(found[store][measure]))
        for panel, measure in (
            ("deliveries a second, saturated", "/s"),
            ("bookings answered a second, saturated", "bookings/s"),
        )
        for store in STORES
    ]
    slowest = [
        Series(
            panel=f"until the message was taken, {store}",
            name=f"{rate} bookings/s, {share} within",
            unit="ms",
            values=tuple(found[f"{store}, {rate}"][share]),
        )
        for store in STORES
        for rate in RATES
        for share in _SHARES
    ]
    return Result(
        letter="a",
        title=TITLE,
        series=(*fastest, *slowest),
        notes=(
            "one `tocsin serve`; each booking asks for two deliveries; clients, relay and database share the cores with it",
            f"saturated: {bookings:,} bookings over {CONNECTIONS} connections, each sending the next when it is answered",
            f"at a steady rate: {seconds} s in each run, counted from the moment at which a request was meant to leave",
        ),
    )
