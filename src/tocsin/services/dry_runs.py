"""Dry runs that somebody starts and comes back to: begun in a workspace, carried out by whoever has the time, cancelled."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.domain.dry_run import MOST_KEPT, MOST_LINES, MOST_UNDER_WAY, SILENT_FOR, KeptRun, Line, Report, RunState
from tocsin.domain.errors import ConflictError, InvalidInputError, NotFoundError, TocsinError
from tocsin.domain.model import WorkspaceId
from tocsin.services.dry_run import DryRun, Told, Tried, dry_run
from tocsin.services.past import Past, Wanted, gather
from tocsin.services.ports import NewId, Scratch, Transaction
from tocsin.services.preparation import Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be done for a dry run that was begun. `is_draft`: the rule is not as it is saved."""

    workspace_id: WorkspaceId
    run_id: str
    wanted: Wanted
    is_draft: bool


def start(tx: Transaction, wanted: Wanted, *, is_draft: bool, by: str, now: datetime, new_id: NewId) -> Job:
    """Begin a dry run, for somebody to carry out. Raises ConflictError if the workspace has enough of them under way."""
    tx.dry_runs.turn()
    if tx.dry_runs.under_way(seen_since=now - SILENT_FOR) >= MOST_UNDER_WAY:
        raise ConflictError(
            f"{MOST_UNDER_WAY} dry runs of this workspace are under way; wait for one to end, or cancel one"
        )
    tx.dry_runs.forget(keep=MOST_KEPT - 1)
    run = KeptRun(
        id=new_id(),
        rule_id=wanted.rule_id,
        name=wanted.draft.name,
        is_draft=is_draft,
        start=wanted.span.start,
        end=wanted.span.end,
        made_by=by,
        made_at=now,
        seen_at=now,
    )
    tx.dry_runs.add(run)
    return Job(workspace_id=tx.workspace_id, run_id=run.id, wanted=wanted, is_draft=is_draft)


def get(tx: Transaction, run_id: str) -> KeptRun:
    """Return a dry run. Raises NotFoundError."""
    found = tx.dry_runs.get(run_id)
    if found is None:
        raise NotFoundError("there is no such dry run; they are kept for a day")
    return found


def cancel(tx: Transaction, run_id: str, *, now: datetime) -> None:
    """End a dry run; whoever works on it notices. Raises NotFoundError; ConflictError if it has ended."""
    get(tx, run_id)
    if not tx.dry_runs.end(run_id, RunState.CANCELLED, now=now):
        raise ConflictError("this dry run has ended already")


def carry_out(sender: Sender, scratch: Scratch, job: Job, *, told: Told) -> Report:
    """Do what a dry run asks for, and return what it found. Raises as `gather` and `dry_run` do, and what `told` raises."""
    with sender.store.reading(job.workspace_id) as tx:
        workspace = tx.workspaces.by_id(job.workspace_id)
        if workspace is None:
            raise NotFoundError("the workspace is gone")
        past, wanted = _compared(gather(tx, workspace, job.wanted), job)
    return _report(dry_run(sender, scratch, past, wanted, now=sender.clock(), told=told))


def _compared(past: Past, job: Job) -> tuple[Past, Wanted]:
    """Return what a rule is compared with: a change of one with the rule as it is, and one as it is with the others alone."""
    if job.is_draft:
        return past, job.wanted
    others = tuple(rule for rule in past.rules if rule.id != job.wanted.rule_id)
    return replace(past, rules=others), replace(job.wanted, rule_id="")


def why(error: TocsinError) -> str:
    """Return an error as a sentence for whoever did not fill in the field that it names."""
    if isinstance(error, InvalidInputError):
        return "; ".join(problem.message for problem in error.problems)
    return str(error)


def _report(found: DryRun) -> Report:
    return Report(
        bookings=found.bookings,
        deliveries=len(found.deliveries),
        sent=sum(one.is_sent for one in found.deliveries),
        new=sum(one.is_sent and not one.is_told_anyway for one in found.deliveries),
        no_longer=len(found.no_longer),
        lines=_lines(found.deliveries),
        lost_lines=_lines(found.no_longer),
    )


def _lines(some: Iterable[Tried]) -> tuple[Line, ...]:
    return tuple(map(_line, list(some)[:MOST_LINES]))


def _line(one: Tried) -> Line:
    delivery = one.delivery
    return Line(
        booking_id=delivery.booking_id,
        recipient=delivery.recipient,
        due_at=delivery.due_at,
        event=delivery.event,
        cause=delivery.cause,
        action=delivery.action,
        state=delivery.state,
        reason=delivery.reason,
        is_told_anyway=one.is_told_anyway,
        known_since=one.known_since,
    )
