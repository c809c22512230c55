"""Dry runs in their table: how far each is, how it ended, and what it found; on both databases."""

from tests.builders import MINUTE, NOON, RULE_ID, WORKSPACE_ID, a_kept_run, a_line, a_report
from tests.storage.shelf import NASTY, OTHER_ID
from tocsin.domain.delivery import State
from tocsin.domain.dry_run import KeptRun, Progress, RunState
from tocsin.domain.model import WorkspaceId
from tocsin.storage.store import SqlStore

LATER = NOON + MINUTE
HALF = Progress(bookings=10, lived=5, part=1, parts=2)


def put(store: SqlStore, *runs: KeptRun, workspace_id: WorkspaceId = WORKSPACE_ID) -> None:
    with store.transaction(workspace_id) as tx:
        for run in runs:
            tx.dry_runs.add(run)


def got(store: SqlStore, run_id: str = a_kept_run().id) -> KeptRun | None:
    with store.reading(WORKSPACE_ID) as tx:
        return tx.dry_runs.get(run_id)


def test_one_comes_back_as_it_was_stored(two: SqlStore) -> None:
    run = a_kept_run(name=NASTY, is_draft=True, state=RunState.RUNNING, began_at=NOON, progress=HALF, sentence=NASTY)
    put(two, run)

    assert got(two) == run


def test_it_goes_on_and_ends_with_what_it_found(two: SqlStore) -> None:
    put(two, a_kept_run())
    unsent = a_line(state=State.SUPPRESSED, reason=NASTY, recipient=NASTY, is_told_anyway=True, known_since=NOON)
    report = a_report(deliveries=2, lines=(a_line(), unsent), no_longer=1, lost_lines=(a_line(due_at=LATER),))

    with two.transaction(WORKSPACE_ID) as tx:
        assert tx.dry_runs.begin(a_kept_run().id, now=NOON)
        assert tx.dry_runs.see(a_kept_run().id, HALF, now=LATER)
    begun = got(two)
    with two.transaction(WORKSPACE_ID) as tx:
        assert tx.dry_runs.end(a_kept_run().id, RunState.DONE, now=LATER, report=report)

    running = a_kept_run(state=RunState.RUNNING, began_at=NOON, seen_at=LATER, progress=HALF)
    assert begun == running
    assert got(two) == a_kept_run(
        state=RunState.DONE, began_at=NOON, seen_at=LATER, ended_at=LATER, progress=HALF, report=report
    )


def test_how_it_ended_stays(two: SqlStore) -> None:
    put(two, a_kept_run())
    with two.transaction(WORKSPACE_ID) as tx:
        tx.dry_runs.end(a_kept_run().id, RunState.CANCELLED, now=NOON)

        assert not tx.dry_runs.begin(a_kept_run().id, now=LATER)
        assert not tx.dry_runs.see(a_kept_run().id, HALF, now=LATER)
        assert not tx.dry_runs.end(a_kept_run().id, RunState.DONE, now=LATER, report=a_report())
        assert not tx.dry_runs.end("nothing", RunState.DONE, now=LATER)

    assert got(two) == a_kept_run(state=RunState.CANCELLED, ended_at=NOON)


def test_those_of_a_rule_are_listed_the_latest_first(two: SqlStore) -> None:
    put(two, a_kept_run(id="old"), a_kept_run(id="new", made_at=LATER), a_kept_run(id="other", rule_id="other"))
    put(two, a_kept_run(id="theirs"), workspace_id=OTHER_ID)

    with two.reading(WORKSPACE_ID) as tx:
        assert [run.id for run in tx.dry_runs.latest(RULE_ID, limit=9)] == ["new", "old"]
        assert [run.id for run in tx.dry_runs.latest(RULE_ID, limit=1)] == ["new"]


def test_those_that_are_alive_and_have_not_ended_are_counted(two: SqlStore) -> None:
    put(two, a_kept_run(id="lost"), a_kept_run(id="alive", seen_at=LATER), a_kept_run(id="over", seen_at=LATER))
    put(two, a_kept_run(id="theirs", seen_at=LATER), workspace_id=OTHER_ID)
    with two.transaction(WORKSPACE_ID) as tx:
        tx.dry_runs.end("over", RunState.DONE, now=LATER)

        assert tx.dry_runs.under_way(seen_since=LATER) == 1


def test_the_latest_that_ended_are_kept_and_those_that_have_not(two: SqlStore) -> None:
    put(two, a_kept_run(id="open", made_at=NOON - MINUTE))
    for number in range(4):
        put(two, a_kept_run(id=f"{number}", made_at=NOON + number * MINUTE))
        with two.transaction(WORKSPACE_ID) as tx:
            tx.dry_runs.end(f"{number}", RunState.DONE, now=LATER)
    put(two, a_kept_run(id="0"), workspace_id=OTHER_ID)

    with two.transaction(WORKSPACE_ID) as tx:
        tx.dry_runs.forget(keep=2)

        assert [run.id for run in tx.dry_runs.latest(RULE_ID, limit=9)] == ["3", "2", "open"]
    with two.reading(OTHER_ID) as tx:
        assert tx.dry_runs.get("0") is not None


def test_what_was_started_before_a_moment_is_forgotten_in_every_workspace(two: SqlStore) -> None:
    put(two, a_kept_run(), a_kept_run(id="later", made_at=LATER))
    put(two, a_kept_run(), workspace_id=OTHER_ID)

    assert two.queue.forget_dry_runs(before=LATER) == 2

    assert got(two) is None
    assert got(two, "later") is not None
