"""The thread that carries out dry runs: one after the other, with signs of life, until they end or are ended."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.builders import DAY, WORKSPACE_ID, a_rule_draft
from tests.faces.dry_runs import Held
from tests.journeys.world import World
from tests.storage.shelf import until
from tocsin.domain.dry_run import UNDER_WAY, KeptRun, Progress, RunState
from tocsin.domain.errors import UnavailableError
from tocsin.domain.events import EventKind
from tocsin.services import dry_runs
from tocsin.services.past import Span, Wanted
from tocsin.storage.dry_runs import SqlDryRuns
from tocsin.storage.scratch import Scratch
from tocsin.storage.store import SqlStore
from tocsin.workers import dry_runs as runner
from tocsin.workers.dry_runs import DryRunner


def taken(runner: DryRunner, world: World) -> str:
    """Begin a dry run; return its id."""
    now = world.clock()
    wanted = Wanted(draft=a_rule_draft(), rule_id="", span=Span(start=now - DAY, end=now + DAY))

    def begin() -> dry_runs.Job:
        with world.store.transaction(WORKSPACE_ID) as tx:
            return dry_runs.start(tx, wanted, is_draft=True, by="ann", now=now, new_id=world.chance.ordered_id)

    return runner.take(world.sender, begin).run_id


def run(world: World, run_id: str) -> KeptRun:
    with world.store.reading(WORKSPACE_ID) as tx:
        return dry_runs.get(tx, run_id)


def ended(world: World, run_id: str) -> KeptRun:
    until(lambda: run(world, run_id).state not in UNDER_WAY)
    return run(world, run_id)


def cancel(world: World, run_id: str) -> None:
    with world.store.transaction(WORKSPACE_ID) as tx:
        dry_runs.cancel(tx, run_id, now=world.clock())


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[Progress]:
    """Give all that is told of how far a dry run is, which is told at each step."""
    monkeypatch.setattr(runner, "TELL_EVERY", 0.0)
    monkeypatch.setattr(runner, "SIGN_EVERY", 0.0)
    told, see = list[Progress](), SqlDryRuns.see

    def seen(self: SqlDryRuns, run_id: str, progress: Progress, **more: Any) -> bool:
        told.append(progress)
        return see(self, run_id, progress, **more)

    monkeypatch.setattr(SqlDryRuns, "see", seen)
    return told


def test_it_tells_how_many_bookings_are_lived_through_in_each_part(office: World, watched: list[Progress]) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED)
    office.book()

    found = ended(office, taken(DryRunner(Scratch().open), office))

    assert [(one.part, one.parts, one.bookings) for one in watched] == sorted(
        (one.part, 2, 1) for one in watched
    )  # the first part comes first
    assert {one.done for one in watched} >= {1, 2}
    done = [one.done for one in watched]
    assert done == sorted(done)
    assert found.progress.done == found.progress.total == 2
    assert found.report is not None
    assert found.report.bookings == 1


def test_one_that_is_cancelled_while_it_is_at_work_is_let_go_of(office: World, watched: list[Progress]) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED)
    office.book()
    held = Held()
    line = DryRunner(held.open)
    first, second = taken(line, office), taken(line, office)
    assert held.is_asked_for.wait(60)

    cancel(office, first)
    held.goes.set()

    assert ended(office, second).state is RunState.DONE
    assert held.times == 1 + 2  # the second part of the first one was never begun
    assert (run(office, first).state, run(office, first).report) == (RunState.CANCELLED, None)


def test_those_that_wait_give_signs_of_life_and_one_that_is_cancelled_never_begins(
    office: World, watched: list[Progress]
) -> None:
    office.book()
    held = Held()
    line = DryRunner(held.open)
    first, second, third = (taken(line, office) for _ in range(3))
    assert held.is_asked_for.wait(60)
    office.clock.advance(DAY)

    cancel(office, second)
    held.goes.set()

    assert ended(office, third).state is RunState.DONE
    assert ended(office, first).state is RunState.DONE
    assert run(office, second).began_at is None
    # The first one, before the third began, gave a sign for it: the one without bookings.
    assert Progress() in watched


def test_trouble_of_the_store_while_it_tells_how_far_it_is_passes(
    office: World, watched: list[Progress], monkeypatch: pytest.MonkeyPatch
) -> None:
    office.book()

    def fail(*_: Any, **__: Any) -> bool:
        raise UnavailableError("the database is away")

    monkeypatch.setattr(SqlDryRuns, "see", fail)

    assert ended(office, taken(DryRunner(Scratch().open), office)).state is RunState.DONE


def test_what_is_not_foreseen_ends_it_with_a_sentence_and_the_next_one_goes_on(
    office: World, caplog: pytest.LogCaptureFixture
) -> None:
    office.book()
    goes_wrong = iter([True, False])

    @contextmanager
    def scratch() -> Iterator[SqlStore]:
        if next(goes_wrong):
            raise ZeroDivisionError
        with Scratch().open() as store:
            yield store

    line = DryRunner(scratch)
    with caplog.at_level(logging.CRITICAL, logger="tocsin.dry_runs"):
        first, second = taken(line, office), taken(line, office)
        found = ended(office, first)

        assert ended(office, second).state is RunState.DONE
    assert (found.state, found.sentence) == (RunState.FAILED, "something went wrong at the server")


def test_if_its_end_cannot_be_kept_the_next_one_goes_on(
    office: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    office.book()
    end, goes_wrong = SqlDryRuns.end, iter([True, False])

    def once(self: SqlDryRuns, *what: Any, **more: Any) -> bool:
        if next(goes_wrong):
            raise UnavailableError("the database is away")
        return end(self, *what, **more)

    monkeypatch.setattr(SqlDryRuns, "end", once)
    line = DryRunner(Scratch().open)
    with caplog.at_level(logging.CRITICAL, logger="tocsin.dry_runs"):
        first, second = taken(line, office), taken(line, office)

        assert ended(office, second).state is RunState.DONE
    assert run(office, first).state is RunState.RUNNING


def test_one_whose_beginning_fails_takes_no_place(office: World) -> None:
    line = DryRunner(Scratch().open)

    def fail() -> dry_runs.Job:
        raise UnavailableError("the database is away")

    for _ in range(runner.MOST + 1):
        with pytest.raises(UnavailableError, match="the database is away"):
            line.take(office.sender, fail)

    assert ended(office, taken(line, office)).state is RunState.DONE


def test_one_of_a_workspace_that_is_gone_ends_nowhere(office: World) -> None:
    held = Held()
    line = DryRunner(held.open)
    office.book()
    taken(line, office)
    taken(line, office)
    assert held.is_asked_for.wait(60)

    with office.store.registry() as registry:
        registry.delete(WORKSPACE_ID)
    held.goes.set()
    line.close()

    with office.store.directory() as directory:
        assert directory.all() == []


def test_nothing_is_to_be_closed_where_nothing_was_begun() -> None:
    DryRunner(Scratch().open).close()
