"""A11: the relay takes connections and drops them, for minutes; then it is back."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from tests.journeys.program import RECIPIENTS
from tests.ports import free_port
from tests.smtp_server import Sink
from tests.torture.crops import NewDatabase, await_sent, now_us, sown
from tests.torture.rig import Rig

BEGINNING_S, PAUSE_S = 60, 30  # the first probes come sooner, because a relay that restarts is back in a second
FIRST_S, DRAINED_S = 60.0, 300.0
LIMIT_S = 400


@dataclass
class Away:
    """A relay that hangs up on everybody; `probes` is when somebody came, in seconds of the monotonic clock."""

    port: int
    probes: list[float] = field(default_factory=list)


@contextmanager
def away(port: int) -> Iterator[Away]:
    """Hang up on whoever comes to a port, while the block runs."""
    found, stop = Away(port), threading.Event()

    def hang_up(listener: socket.socket) -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            found.probes.append(monotonic())
            connection.close()

    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=hang_up, args=(listener,))
        thread.start()
        try:
            yield found
        finally:
            stop.set()
            thread.join()


def test_a_relay_that_is_away_costs_nothing_and_gets_everything_when_it_is_back(
    new_database: NewDatabase, rig: Rig
) -> None:
    number, away_s = rig.size(quick=100, nightly=10_000), rig.size(quick=4, nightly=600)
    relay = Away(free_port())
    with sown(new_database("SQLite"), relay) as ground, ground.grown(number // len(RECIPIENTS)) as (program, database):
        with away(relay.port) as relay:
            program.start()
            threading.Event().wait(away_s)
        sent_meanwhile = program.count("sent")
        with Sink(port=relay.port) as sink:
            back = monotonic()
            await_sent(database, due_before=now_us() + 10**12, limit_s=LIMIT_S)
            drained = monotonic() - back
            states, codes = program.counts(), program.stop()
            taken = sink.messages
    late = [at for at in relay.probes if at - relay.probes[0] > BEGINNING_S]
    most = max(0, away_s - BEGINNING_S) // PAUSE_S + 1

    assert set(codes) == {0}
    assert relay.probes
    assert sent_meanwhile == 0
    assert Counter(one.message_id for one in taken).total() == len({one.message_id for one in taken})
    first = taken[0].at - back
    is_soon = len(late) <= most and first <= FIRST_S and drained <= DRAINED_S
    rig.found(
        "A11",
        f"SQLite, away for {away_s} s: {number - len(taken):,} of {number:,} lost, {states}; {len(relay.probes)} probes, of"
        f" them {len(late)} after the first minute; first sent {first:.0f} s after its return, all {drained:.0f} s after it",
        is_met=states == {"sent": number} and len(taken) == number and (is_soon or not rig.is_nightly),
    )
