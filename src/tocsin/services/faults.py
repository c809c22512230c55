"""Named places in the code where a test can make the process fail. Inert unless armed at start.

A plan such as `before_mark:kill@17,after_data:raise` is read once, from TOCSIN_FAULTS; without it a point costs one lookup
in an empty table.
"""

import os
import signal
from dataclasses import dataclass

POINTS = frozenset(
    {
        "before_commit",
        "after_commit",
        "after_lease",
        "before_data",
        "after_data",
        "after_accept",
        "before_mark",
        "after_mark",
    }
)


class PlantedFaultError(Exception):
    """A fault that a test planted on purpose."""


@dataclass(slots=True)
class _Fault:
    deed: str
    passes: int


_armed: dict[str, _Fault] = {}


def arm(plan: str) -> None:
    """Arm the faults of `plan`: `point:kill` or `point:raise`, with `@n` for the n-th pass, separated by commas.

    Raises ValueError for a point or a deed that does not exist. An empty plan disarms all.
    """
    _armed.clear()
    for item in filter(None, plan.split(",")):
        point, _, deed = item.strip().partition(":")
        deed, _, number = deed.partition("@")
        if point not in POINTS or deed not in {"kill", "raise"}:
            raise ValueError(f"no such fault: {item}")
        _armed[point] = _Fault(deed=deed, passes=int(number or 1))


def point(name: str) -> None:
    """Fail here, if a test armed this point and this is the pass that it chose."""
    fault = _armed.get(name)
    if fault is None:
        return
    fault.passes -= 1
    if fault.passes == 0:
        if fault.deed == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise PlantedFaultError(name)
