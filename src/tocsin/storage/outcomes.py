"""Table meeting_outcomes."""

from datetime import datetime

from tocsin.domain.model import MeetingOutcome, OutcomeId, OutcomeKind, WorkspaceId
from tocsin.storage.columns import Row, micros
from tocsin.storage.database import Connection

_COLUMNS = "id, name, color, kind"


class SqlOutcomes:
    """The meeting outcomes of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def put(self, outcome: MeetingOutcome, *, now: datetime) -> None:
        """Store an outcome, new or changed; one that was deleted is there again."""
        statement = f"""
            INSERT INTO meeting_outcomes (workspace_id, {_COLUMNS}, created_at)
            VALUES (:workspace_id, :id, :name, :color, :kind, :now)
            ON CONFLICT (workspace_id, id) DO UPDATE
               SET name = excluded.name, color = excluded.color, deleted_at = NULL"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            id=outcome.id,
            name=outcome.name,
            color=outcome.color,
            kind=outcome.kind.value,
            now=micros(now),
        )

    def all(self) -> list[MeetingOutcome]:
        """Return all outcomes, the oldest first."""
        statement = f"""
            SELECT {_COLUMNS} FROM meeting_outcomes
             WHERE workspace_id = :workspace_id AND deleted_at IS NULL ORDER BY created_at, id"""
        return [_outcome(row) for row in self._connection.rows(statement, workspace_id=self._workspace_id)]

    def get(self, outcome_id: str) -> MeetingOutcome | None:
        """Return an outcome that was not deleted."""
        return self._one("id = :value AND deleted_at IS NULL", outcome_id)

    def by_name(self, name: str) -> MeetingOutcome | None:
        """Return the outcome with this name, deleted or not."""
        return self._one("name = :value", name)

    def delete(self, outcome_id: OutcomeId, *, at: datetime) -> None:
        """Take an outcome off the list; bookings that have it keep it."""
        statement = "UPDATE meeting_outcomes SET deleted_at = :at WHERE workspace_id = :workspace_id AND id = :id"
        self._connection.run(statement, at=micros(at), workspace_id=self._workspace_id, id=outcome_id)

    def _one(self, condition: str, value: str) -> MeetingOutcome | None:
        statement = f"SELECT {_COLUMNS} FROM meeting_outcomes WHERE workspace_id = :workspace_id AND {condition}"
        row = self._connection.row(statement, workspace_id=self._workspace_id, value=value)
        return None if row is None else _outcome(row)


def _outcome(row: Row) -> MeetingOutcome:
    return MeetingOutcome(id=OutcomeId(row["id"]), name=row["name"], color=row["color"], kind=OutcomeKind(row["kind"]))
