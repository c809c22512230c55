"""A14: the disk is full to its last page, while bookings are made and while messages are marked as sent."""

import http.client
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic

from tests.journeys.program import RECIPIENTS, Program, a_body, prepare, running, until
from tests.smtp_server import OK, Received, Sink
from tests.torture.disks import fill, small_disk, why_not
from tests.torture.rig import Rig

DISK_MIB = 16
REFUSED = {503, 507}
TOLD_S, GOES_ON_S = 1.0, 10.0
MOST = 5000  # bookings that may still find room, before one has to be refused


@dataclass
class Found:
    """How long it took to say so and to go on, in seconds, and what is wrong in the end."""

    told: list[float] = field(default_factory=list)
    went_on: list[float] = field(default_factory=list)
    duplicates: int = 0
    wrong: list[str] = field(default_factory=list)


class Clients:
    """One after the other books, and keeps the ids of what was acknowledged."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._numbers = count()
        self.acknowledged: list[str] = []

    def book(self) -> tuple[int, float]:
        """Post a booking; return the status (0: no answer at all) and after how many seconds it came."""
        began, number = monotonic(), next(self._numbers)
        try:
            status, body = self._program.call("POST", "/bookings", a_body(number), Idempotency_Key=f"key-{number}")
        except (OSError, http.client.HTTPException):
            status, body = 0, None
        if status == 201:
            self.acknowledged.append(body["booking"]["id"])
        return status, monotonic() - began

    def is_taken(self) -> bool:
        return self.book()[0] == 201


@contextmanager
def no_room(place: Path) -> Iterator[None]:
    """Let there be no room on a disk while the block runs."""
    ballast = fill(place)
    try:
        yield
    finally:
        ballast.unlink()


def while_planning(program: Program, clients: Clients, place: Path, found: Found) -> None:
    """Book on a full disk until one is refused, which has to be soon; then go on when there is room."""
    with no_room(place):
        status, took = next(answer for answer in (clients.book() for _ in range(MOST)) if answer[0] != 201)
        if status not in REFUSED:
            found.wrong.append(f"a booking without room was answered with {status}")
        if program.call("GET", "/bookings?page_size=1")[0] != 200:
            found.wrong.append("nothing could be read")
    began = monotonic()
    until(clients.is_taken)
    found.told.append(took)
    found.went_on.append(monotonic() - began)


def while_marking(program: Program, clients: Clients, sink: Sink, place: Path, found: Found) -> None:
    """Let the disk fill up just before a message is accepted, so that nobody can write that it has left."""
    until(lambda: _sent(program) == len(RECIPIENTS) * len(clients.acknowledged))
    before, full = len(sink.messages), threading.Event()

    def accepted_on_a_full_disk(_received: Received) -> str:
        if not full.is_set():
            fill(place)
            full.set()
        return OK

    sink.on_data = accepted_on_a_full_disk
    if not clients.is_taken():
        found.wrong.append("a booking with room was refused")
    sink.wait_for(before + len(RECIPIENTS), timeout_s=60)
    # It is tried in vain every half second.
    threading.Event().wait(1.2)
    if _sent(program) != before:
        found.wrong.append("a message was marked without room, so this proves nothing")
    (place / "ballast").unlink()
    began = monotonic()
    until(lambda: _sent(program) == len(RECIPIENTS) * len(clients.acknowledged))
    found.went_on.append(monotonic() - began)


def _sent(program: Program) -> int:
    return program.count("sent")


def look(place: Path, clients: Clients, sink: Sink, found: Found) -> None:
    """Compare what is in the file in the end with what clients were told and what the relay took."""
    with closing(sqlite3.connect(place / "tocsin.db")) as connection:
        integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
        stored = {row[0] for row in connection.execute("SELECT id FROM bookings")}
        states = dict(connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))
    taken = [message.message_id for message in sink.messages]
    found.duplicates += len(taken) - len(set(taken))
    if integrity != "ok":
        found.wrong.append(integrity)
    if stored != set(clients.acknowledged):
        found.wrong.append(f"{len(clients.acknowledged)} bookings were acknowledged and {len(stored)} are there")
    if states != {"sent": len(set(taken))} or len(set(taken)) != len(RECIPIENTS) * len(stored):
        found.wrong.append(f"{len(stored)} bookings, {states}, and {len(set(taken))} messages taken")


def test_a_full_disk_is_told_at_once_harms_nothing_and_all_goes_on_when_there_is_room(rig: Rig, tmp_path: Path) -> None:
    rig.leave_out("A14", why_not())
    times, found = rig.size(quick=1, nightly=20), Found()
    for number in range(times):
        with small_disk(tmp_path / f"disk{number}", mib=DISK_MIB) as place, Sink() as sink:
            program = prepare(f"sqlite:///{place / 'tocsin.db'}", sink, lease_s=60)
            with running(program):
                program.start()
                clients = Clients(program)
                until(clients.is_taken)
                while_planning(program, clients, place, found)
                while_marking(program, clients, sink, place, found)
                if program.stop() != [0]:
                    found.wrong.append("it did not end in order")
            look(place, clients, sink, found)

    is_soon = max(found.told) <= TOLD_S and max(found.went_on) <= GOES_ON_S
    rig.found(
        "A14",
        f"{2 * times} times full, {len(found.wrong)} things wrong{''.join(': ' + one for one in found.wrong[:3])};"
        f" told within {max(found.told):.2f} s, went on within {max(found.went_on):.1f} s; {found.duplicates} duplicates",
        is_met=not found.wrong and found.duplicates <= len(RECIPIENTS) * times and (is_soon or not rig.is_nightly),
    )
