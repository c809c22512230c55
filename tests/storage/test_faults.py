import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.services import faults
from tocsin.services.faults import POINTS, PlantedFaultError, arm, point

pytestmark = pytest.mark.usefixtures("planted_faults")


def test_nothing_fails_unless_it_is_armed() -> None:
    for name in POINTS:
        point(name)


def test_an_armed_point_fails_once_and_names_itself() -> None:
    arm("before_mark:raise")

    point("after_mark")
    with pytest.raises(PlantedFaultError, match="before_mark"):
        point("before_mark")
    point("before_mark")


def test_a_point_can_fail_at_its_nth_pass() -> None:
    arm("after_lease:raise@3")

    point("after_lease")
    point("after_lease")
    with pytest.raises(PlantedFaultError):
        point("after_lease")


def test_several_points_can_be_armed_at_once() -> None:
    arm("before_data:raise, after_data:raise@2")

    with pytest.raises(PlantedFaultError, match="before_data"):
        point("before_data")
    point("after_data")
    with pytest.raises(PlantedFaultError, match="after_data"):
        point("after_data")


def test_an_empty_plan_disarms_all() -> None:
    arm("before_commit:raise")

    arm("")

    point("before_commit")


@pytest.mark.parametrize(
    "plan", ["nowhere:raise", "before_mark:explode", "before_mark", "before_mark:raise@x", ":raise"]
)
def test_a_plan_is_refused_that_names(plan: str) -> None:
    with pytest.raises(ValueError, match=r"no such fault|invalid literal"):
        arm(plan)


def test_an_armed_kill_ends_the_process_at_once_and_at_the_chosen_pass() -> None:
    program = """if True:
        from tocsin.services.faults import arm, point
        arm("after_accept:kill@2")
        try:
            for number in (1, 2, 3):
                print(number, flush=True)
                point("after_accept")
        finally:
            print("cleaned up")
    """

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout.split() == ["1", "2"]


def test_every_point_stands_somewhere_in_the_code() -> None:
    assert faults.__file__ is not None
    source = "".join(path.read_text() for path in Path(faults.__file__).parents[1].rglob("*.py"))

    assert [name for name in sorted(POINTS) if f'faults.point("{name}")' not in source] == []
