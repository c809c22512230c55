"""A15: the program is killed with a message in hand, on a large database, and started again."""

import threading
from time import monotonic

import pytest

from tests.journeys.program import RECIPIENTS, Program, a_body, until
from tests.smtp_server import DROP, OK, Received, Sink
from tests.torture.crops import NewDatabase, now_us, sown
from tests.torture.rig import Rig

READY_S, RESENT_S = 5.0, 75.0
_DAY = 86_400_000_000  # microseconds
_MINUTE = 60_000_000


class Held:
    """Lets a relay take messages only once it is told to; what it had before it drops without an answer."""

    def __init__(self) -> None:
        self.taken = threading.Event()
        self._released = threading.Event()

    def __call__(self, _received: Received) -> str:
        if self._released.is_set():
            return OK
        self.taken.set()
        self._released.wait(60)
        return DROP

    def release(self) -> None:
        self._released.set()


def killed_with_a_message_in_hand(program: Program, sink: Sink) -> tuple[str, float]:
    """Book, and kill the program while the relay has a message; return its Message-ID and when that was."""
    held = Held()
    sink.on_data = held
    program.start()
    status, body = program.call("POST", "/bookings", a_body(1))
    assert status == 201, body
    assert held.taken.wait(60)
    program.kill()
    at = monotonic()
    held.release()
    return sink.wait_for(1)[0].message_id, at


@pytest.mark.parametrize("sort", ["SQLite", "PostgreSQL"])
def test_it_is_back_soon_after_a_kill_whatever_waits_and_sends_what_was_in_hand(
    sort: str, new_database: NewDatabase, rig: Rig
) -> None:
    rows, lease_s = rig.size(quick=20_000, nightly=1_000_000), rig.size(quick=3, nightly=60)
    with Sink() as sink, sown(new_database(sort), sink, lease_s=lease_s, reminds=True) as field:
        later = field.moved_to(now_us() + 20 * _DAY)
        with field.grown(rows // 2, moved=f"{later} + (n % 100000) * {_MINUTE}") as (program, database):
            message_id, killed_at = killed_with_a_message_in_hand(program, sink)
            began = monotonic()
            program.start()
            until(lambda: program.readiness()[0] == 200)
            ready = monotonic() - began
            until(lambda: [one.message_id for one in sink.messages].count(message_id) == 2)
            resent = monotonic() - killed_at
            until(lambda: program.count("sent") == len(RECIPIENTS))
            waiting = database.rows("SELECT count(*) FROM deliveries WHERE state = 'scheduled'")[0][0]
            codes = program.stop()

    is_soon = ready <= READY_S and resent <= RESENT_S
    rig.found(
        "A15",
        f"{sort}, {waiting:,} rows: ready after {ready:.1f} s, resent after {resent:.1f} s at a lease of {lease_s} s",
        is_met=waiting == rows + len(RECIPIENTS) and set(codes) == {0} and (is_soon or not rig.is_nightly),
    )
