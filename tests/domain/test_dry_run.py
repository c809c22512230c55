"""A dry run that is kept: where it stands, how far it is, and how long the rest takes."""

from datetime import timedelta

import pytest

from tests.builders import DAY, MINUTE, NOON, SECOND, a_kept_run, a_line, a_report
from tocsin.domain.delivery import State
from tocsin.domain.dry_run import SILENT_FOR, UNDER_WAY, Progress, RunState


@pytest.mark.parametrize("state", sorted(UNDER_WAY))
def test_one_that_gives_no_sign_of_life_is_lost(state: RunState) -> None:
    run = a_kept_run(state=state, seen_at=NOON)

    assert run.standing(NOON + SILENT_FOR) is state
    assert run.is_under_way(NOON + SILENT_FOR)
    assert run.standing(NOON + SILENT_FOR + SECOND) is RunState.LOST
    assert not run.is_under_way(NOON + SILENT_FOR + SECOND)


@pytest.mark.parametrize("state", [RunState.DONE, RunState.CANCELLED, RunState.FAILED])
def test_one_that_has_ended_stays_as_it_ended(state: RunState) -> None:
    assert a_kept_run(state=state).standing(NOON + DAY) is state
    assert not a_kept_run(state=state).is_under_way(NOON)


def test_progress_counts_each_part() -> None:
    assert (Progress().done, Progress().total) == (0, 0)
    assert (Progress(bookings=10, lived=4).done, Progress(bookings=10, lived=4).total) == (4, 10)
    second = Progress(bookings=10, lived=4, part=2, parts=2)
    assert (second.done, second.total) == (14, 20)


@pytest.mark.parametrize(
    ("lived", "after", "left"),
    [
        pytest.param(50, 10 * SECOND, 10 * SECOND, id="half is done"),
        pytest.param(25, 10 * SECOND, 30 * SECOND, id="a quarter is done"),
        pytest.param(100, MINUTE, timedelta(0), id="all is done"),
        pytest.param(5, MINUTE, None, id="too little is done to tell"),
        pytest.param(50, 4 * SECOND, None, id="it is too soon to tell"),
    ],
)
def test_how_long_the_rest_takes_is_told_once_it_can_be(lived: int, after: timedelta, left: timedelta | None) -> None:
    run = a_kept_run(state=RunState.RUNNING, began_at=NOON, progress=Progress(bookings=100, lived=lived))

    assert run.left(NOON + after) == left


def test_nobody_can_tell_before_it_begins_or_the_bookings_are_found() -> None:
    assert a_kept_run(progress=Progress(bookings=2, lived=1)).left(NOON + MINUTE) is None
    assert a_kept_run(began_at=NOON).left(NOON + MINUTE) is None


def test_a_report_is_whole_if_all_lines_are_kept() -> None:
    assert a_report().is_whole
    assert not a_report(deliveries=2).is_whole
    assert not a_report(no_longer=1).is_whole


def test_a_line_was_sent_or_not() -> None:
    assert a_line().is_sent
    assert not a_line(state=State.SUPPRESSED).is_sent
