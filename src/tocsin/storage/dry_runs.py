"""Table dry_runs: those that somebody started, how far they are, and what they found."""

import json
from datetime import datetime
from typing import Any

from tocsin.domain.actions import ActionType
from tocsin.domain.delivery import Cause, State
from tocsin.domain.dry_run import KeptRun, Line, Progress, Report, RunState
from tocsin.domain.events import EventKind
from tocsin.domain.model import BookingId, WorkspaceId
from tocsin.storage.columns import Row, as_json, instant, maybe_instant, maybe_micros, micros
from tocsin.storage.database import Connection

_NAMES = (
    "id", "rule_id", "name", "is_draft", "start_at", "end_at", "made_by", "made_at", "seen_at", "state", "began_at",
    "ended_at", "bookings", "lived", "part", "parts", "sentence",
)  # fmt: skip
_COLUMNS = ", ".join(_NAMES)
_ADD = f"""
    INSERT INTO dry_runs (workspace_id, {_COLUMNS})
    VALUES (:workspace_id, {", ".join(":" + name for name in _NAMES)})"""
_OPEN = "WHERE workspace_id = :workspace_id AND id = :id AND ended_at IS NULL"


class SqlDryRuns:
    """The dry runs of one workspace that somebody started on the pages."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def turn(self) -> None:
        """Wait for whoever else begins one in this workspace, and be the only one to do so until the end."""
        # A change of nothing locks the workspace's row for changes only: what refers to it is stored meanwhile.
        statement = "UPDATE workspaces SET name = name WHERE workspace_id = :workspace_id"
        self._connection.run(statement, workspace_id=self._workspace_id)

    def add(self, run: KeptRun) -> None:
        """Store a new one."""
        self._connection.run(
            _ADD,
            workspace_id=self._workspace_id,
            id=run.id,
            rule_id=run.rule_id,
            name=run.name,
            is_draft=run.is_draft,
            start_at=micros(run.start),
            end_at=micros(run.end),
            made_by=run.made_by,
            made_at=micros(run.made_at),
            seen_at=micros(run.seen_at),
            state=run.state.value,
            began_at=maybe_micros(run.began_at),
            ended_at=maybe_micros(run.ended_at),
            sentence=run.sentence,
            **_progress_columns(run.progress),
        )

    def get(self, run_id: str) -> KeptRun | None:
        """Return the one with this id, with its report."""
        statement = f"SELECT {_COLUMNS}, report FROM dry_runs WHERE workspace_id = :workspace_id AND id = :id"
        row = self._connection.row(statement, workspace_id=self._workspace_id, id=run_id)
        return None if row is None else _run(row, report=row["report"])

    def latest(self, rule_id: str, *, limit: int) -> list[KeptRun]:
        """Return those of a rule, the latest first, without their reports."""
        statement = f"""
            SELECT {_COLUMNS} FROM dry_runs WHERE workspace_id = :workspace_id AND rule_id = :rule_id
             ORDER BY made_at DESC, id DESC LIMIT :limit"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, rule_id=rule_id, limit=limit)
        return [_run(row) for row in rows]

    def under_way(self, *, seen_since: datetime) -> int:
        """Return how many have not ended and gave a sign of life since a moment."""
        statement = """
            SELECT count(*) AS n FROM dry_runs
             WHERE workspace_id = :workspace_id AND ended_at IS NULL AND seen_at >= :since"""
        return self._connection.number(statement, workspace_id=self._workspace_id, since=micros(seen_since))

    def begin(self, run_id: str, *, now: datetime) -> bool:
        """Keep that somebody works on it from now on; return False if it has ended."""
        return self._changed("state = 'running', began_at = :now, seen_at = :now", run_id, now=micros(now))

    def see(self, run_id: str, progress: Progress, *, now: datetime) -> bool:
        """Keep a sign of life, and how far it is; return False if it has ended."""
        changes = "seen_at = :now, bookings = :bookings, lived = :lived, part = :part, parts = :parts"
        return self._changed(changes, run_id, now=micros(now), **_progress_columns(progress))

    def end(
        self, run_id: str, state: RunState, *, now: datetime, sentence: str = "", report: Report | None = None
    ) -> bool:
        """Keep how it ended; return False if it had ended before, which stays."""
        return self._changed(
            "state = :state, ended_at = :now, sentence = :sentence, report = :report",
            run_id,
            now=micros(now),
            state=state.value,
            sentence=sentence,
            report=None if report is None else as_json(_report_json(report)),
        )

    def forget(self, *, keep: int) -> None:
        """Forget those that have ended, but for the latest."""
        statement = """
            DELETE FROM dry_runs
             WHERE workspace_id = :workspace_id AND ended_at IS NOT NULL
               AND id NOT IN (SELECT id FROM dry_runs WHERE workspace_id = :workspace_id AND ended_at IS NOT NULL
                               ORDER BY made_at DESC, id DESC LIMIT :keep)"""
        self._connection.run(statement, workspace_id=self._workspace_id, keep=keep)

    def _changed(self, changes: str, run_id: str, **values: object) -> bool:
        statement = f"UPDATE dry_runs SET {changes} {_OPEN}"
        return self._connection.run(statement, workspace_id=self._workspace_id, id=run_id, **values) == 1


def _progress_columns(progress: Progress) -> dict[str, object]:
    return {name: getattr(progress, name) for name in ("bookings", "lived", "part", "parts")}


def _run(row: Row, *, report: str | None = None) -> KeptRun:
    return KeptRun(
        id=row["id"],
        rule_id=row["rule_id"],
        name=row["name"],
        is_draft=bool(row["is_draft"]),
        start=instant(row["start_at"]),
        end=instant(row["end_at"]),
        made_by=row["made_by"],
        made_at=instant(row["made_at"]),
        seen_at=instant(row["seen_at"]),
        state=RunState(row["state"]),
        began_at=maybe_instant(row["began_at"]),
        ended_at=maybe_instant(row["ended_at"]),
        progress=Progress(bookings=row["bookings"], lived=row["lived"], part=row["part"], parts=row["parts"]),
        sentence=row["sentence"],
        report=None if report is None else _report(json.loads(report)),
    )


_NUMBERS = ("bookings", "deliveries", "sent", "new", "no_longer")


def _report_json(report: Report) -> dict[str, Any]:
    numbers = {name: getattr(report, name) for name in _NUMBERS}
    lists = {"lines": report.lines, "lost_lines": report.lost_lines}
    return numbers | {name: [_line_json(one) for one in lines] for name, lines in lists.items()}


def _report(value: dict[str, Any]) -> Report:
    return Report(
        **{name: value[name] for name in _NUMBERS},
        lines=tuple(map(_line, value["lines"])),
        lost_lines=tuple(map(_line, value["lost_lines"])),
    )


def _line_json(line: Line) -> dict[str, Any]:
    return {
        "booking_id": line.booking_id,
        "recipient": line.recipient,
        "due_at": micros(line.due_at),
        "event": line.event.value,
        "cause": line.cause.value,
        "action": line.action.value,
        "state": line.state.value,
        "reason": line.reason,
        "is_told_anyway": line.is_told_anyway,
        "known_since": maybe_micros(line.known_since),
    }


def _line(value: dict[str, Any]) -> Line:
    return Line(
        booking_id=BookingId(value["booking_id"]),
        recipient=value["recipient"],
        due_at=instant(value["due_at"]),
        event=EventKind(value["event"]),
        cause=Cause(value["cause"]),
        action=ActionType(value["action"]),
        state=State(value["state"]),
        reason=value["reason"],
        is_told_anyway=value["is_told_anyway"],
        known_since=maybe_instant(value["known_since"]),
    )
