"""A16, A7: whatever a seed brings, nothing is early, lost, untrue or repeated without a reason; each can be lived again."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing import get_context

import pytest

from tests.torture.rig import Rig
from tests.torture.simulation import engine
from tests.torture.simulation.engine import HOURS, BrokenError, Lived, live

_QUICK = 300  # seeds; each takes 0.3 to 0.4 seconds of a processor
_SHARES = 3  # of the seeds, so that the processes of a test run can work side by side


def tried(seed: int) -> Lived | str:
    """Live through a seed; return what it was, or what did not hold."""
    try:
        return live(seed)
    except BrokenError as error:
        return str(error)


def all_of(seeds: Sequence[int], *, side_by_side: bool) -> list[Lived | str]:
    if not side_by_side:
        return [tried(seed) for seed in seeds]
    with get_context("spawn").Pool(os.cpu_count()) as pool:
        return pool.map(tried, seeds, chunksize=20)


@pytest.mark.parametrize("share", range(_SHARES))
def test_nothing_breaks_whatever_a_seed_brings(rig: Rig, share: int) -> None:
    every = range(rig.size(quick=_QUICK, nightly=10_000))
    seeds = every[len(every) * share // _SHARES : len(every) * (share + 1) // _SHARES]
    number = len(seeds)

    found = all_of(seeds, side_by_side=rig.is_nightly)

    broken = [one for one in found if isinstance(one, str)]
    lived = [one for one in found if isinstance(one, Lived)]
    assert sum(one.deaths for one in lived) > number  # else these are lives without a fault
    assert sum(one.repeated for one in lived) > 0
    sent = sum(one.handed_over for one in lived)
    early = [one for one in broken if "early" in one]
    rig.found("A16", f"{len(broken)} breaks in {number:,} seeds of {HOURS:,} hours{_told(broken)}", is_met=not broken)
    rig.found("A7", f"{len(early)} early of {sent:,} messages in {len(lived):,} seeds{_told(early)}", is_met=not early)


def _told(broken: list[str]) -> str:
    return "".join(f"\n{one}" for one in broken[:20])


@pytest.mark.parametrize("seed", [0, 3])
def test_the_same_seed_gives_the_same_trace_in_any_process(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # There the machine has been up for long, and here it has just begun.
    program = f"""
import time; time.monotonic = lambda: 1e9
from tests.torture.simulation.engine import live
print(live({seed}).trace)"""
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}  # noqa: TID251  for another process

    other = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    first, second = live(seed), live(seed)
    assert first == second
    assert other.stdout.strip() == first.trace
    assert live(seed + 1).trace != first.trace


def test_a_seed_that_breaks_says_how_it_is_lived_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "complaints", lambda _engine: ["something is not so"])
    monkeypatch.setattr(engine, "HOURS", 1)

    with pytest.raises(BrokenError) as broken:
        live(7)

    assert str(broken.value) == "seed 7: something is not so; live it again: python -m tests.torture.simulation 7"
