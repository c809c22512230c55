"""A2: the power is cut again and again while bookings are made. What was acknowledged is on the disk, or the test is blind."""

import random
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from tests.faces.running import Program as Shell
from tests.journeys.nursery import Nursery
from tests.journeys.program import RECIPIENTS, Client, Program, SinkProcess, prepare, running
from tests.torture.disks import Disk, disk, only_flushed, why_not
from tests.torture.pauses import paused
from tests.torture.rig import Rig

REAL, CONTROL = "tocsin", "tests.torture.careless"
CLIENTS = 3
FIRST, LAST = 0.1, 0.4  # seconds from one cut to the next
CUTS_OF_A_DISK = 25  # then it is a new one, because each cut copies all that was written
CONTROLS = 20  # at most: a cut between a flush and the next write loses nothing even there
DISK_MIB = 256


@dataclass
class Cuts:
    """What was found on the disks: how many cuts there were, and in which of them how much was missing."""

    writes: int = 0
    lost: list[int] = field(default_factory=list)  # bookings that were acknowledged, by the cut
    broken: list[str] = field(default_factory=list)  # what SQLite or we have to say of a file

    @property
    def lossy(self) -> int:
        """How many of the cuts lost anything."""
        return sum(map(bool, self.lost))


@contextmanager
def booked_without_end(client: Client) -> Iterator[None]:
    """Make bookings from several clients at once while the block runs."""
    stop, numbers = threading.Event(), count()

    def book() -> None:
        while not stop.is_set():
            client.book(next(numbers))

    with ThreadPoolExecutor(CLIENTS) as pool:
        try:
            futures = [pool.submit(book) for _ in range(CLIENTS)]
            yield
        finally:
            stop.set()
        for one in futures:
            one.result()


def look(after: Path, acknowledged: list[str], taken: set[str], found: Cuts) -> None:
    """Compare the file on a disk after a cut with what clients were told and what the relay took before it."""
    with closing(sqlite3.connect(after / "tocsin.db")) as connection:
        integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
        stored = {row[0] for row in connection.execute("SELECT id FROM bookings")}
        planned = connection.execute("SELECT count(*) FROM deliveries").fetchone()[0]
        frozen = {row[0] for row in connection.execute("SELECT delivery_id FROM messages")}
    found.lost.append(len(set(acknowledged) - stored))
    if integrity != "ok":
        found.broken.append(integrity)
    if planned != len(RECIPIENTS) * len(stored):
        found.broken.append(f"{planned} deliveries of {len(stored)} bookings")
    # The control loses those too, so it is only asked for bookings.
    if taken - frozen and not found.lost[-1]:
        found.broken.append(f"{len(taken - frozen)} messages have left that are not in the file")


def cut_the_power(
    program: Program, client: Client, sink: SinkProcess, one: Disk, *, times: int, chance: random.Random, found: Cuts
) -> None:
    """Cut the power of the program's disk so many times while bookings are made; the program itself never hears of it.

    The control ends with the first cut that loses anything.
    """
    with booked_without_end(client):
        for _ in range(times):
            threading.Event().wait(chance.uniform(FIRST, LAST))
            with paused(program):
                acknowledged = client.acknowledged
                taken = {row["message_id"].partition(".")[0] for row in sink.taken}
                with one.cut() as after:
                    look(after, acknowledged, taken, found)
            if program.module != REAL and found.lossy:
                break
    found.writes += len(client.acknowledged)


def goes_on(program: Program, one: Disk) -> dict[str, int]:
    """Start the program on the disk after a cut, without a person's help; return how all that it finds there ends."""
    with one.cut() as after:
        url = f"sqlite:///{after / 'tocsin.db'}"
        again = replace(program, environment={**program.environment, "TOCSIN_DATABASE_URL": url}, _running={})
        with running(again):
            again.start()
            states = again.await_end()
            again.stop()
    return states


def a_campaign(folder: Path, *, module: str, cuts: int) -> tuple[Cuts, list[dict[str, int]]]:
    """Cut the power so many times; return what was missing, and how the program went on after the last cut of each disk."""
    found, ends, chance = Cuts(), [], random.Random(2026)
    for number, first in enumerate(range(0, cuts, CUTS_OF_A_DISK)):
        here = folder / f"{module}-{number}"
        here.mkdir()
        with ExitStack() as stack:
            one = stack.enter_context(disk(here, mib=DISK_MIB))
            sink = stack.enter_context(closing(SinkProcess(here / "sink.jsonl")))
            nursery = stack.enter_context(closing(Nursery()))
            url = f"sqlite:///{one.place / 'tocsin.db'}"
            program = replace(prepare(url, sink, lease_s=5, nursery=nursery), module=module)
            stack.enter_context(running(program))
            program.start()
            client = Client(program, here / "acknowledged.txt", most=0)
            times = min(CUTS_OF_A_DISK, cuts - first)
            cut_the_power(program, client, sink, one, times=times, chance=chance, found=found)
            program.kill()
            if module == REAL:
                ends.append(goes_on(program, one))
    return found, ends


def test_the_key_of_a_new_store_outlives_a_power_cut_too(rig: Rig, tmp_path: Path) -> None:
    rig.leave_out("A2", why_not())
    with only_flushed(), disk(tmp_path, mib=16) as one:
        shell = Shell(folder=tmp_path, environment={"TOCSIN_DATABASE_URL": f"sqlite:///{one.place / 'tocsin.db'}"})
        shell.done("workspace", "create", "acme")
        with one.cut() as after:
            told = shell.run("key", "create", "acme", TOCSIN_DATABASE_URL=f"sqlite:///{after / 'tocsin.db'}").stderr

    rig.found(
        "A2",
        f"after a cut behind its first command a new store has its key{told and f', but: {told}'}",
        is_met=not told,
    )


def test_what_was_acknowledged_outlives_every_power_cut(rig: Rig, tmp_path: Path) -> None:
    rig.leave_out("A2", why_not())
    cuts = rig.size(quick=20, nightly=200)
    with only_flushed():
        found, ends = a_campaign(tmp_path, module=REAL, cuts=cuts)
        control, _ = a_campaign(tmp_path, module=CONTROL, cuts=CONTROLS)

    assert len(found.lost) == cuts
    assert found.broken == []
    assert all(set(states) == {"sent"} for states in ends), ends
    rig.found(
        "A2",
        f"{sum(found.lost)} of {found.writes:,} acknowledged bookings lost in {cuts} cuts; at NORMAL cut {len(control.lost)}"
        f" lost {max(control.lost)}",
        is_met=found.lossy == 0 and control.lossy > 0,
    )
