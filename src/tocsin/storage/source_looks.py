"""Table source_looks: how the looks of sources go."""

from tocsin.domain.model import WorkspaceId
from tocsin.domain.sources.looks import Look
from tocsin.domain.sources.source import SourceId
from tocsin.storage.columns import Row, maybe_instant, maybe_micros
from tocsin.storage.database import Connection

_NAMES = (
    "source_id", "position", "began_at", "steps", "found", "looked_at", "trouble", "failures", "turn", "next_at",
)  # fmt: skip
_COLUMNS = ", ".join(_NAMES)
_PUT = f"""
    INSERT INTO source_looks (workspace_id, {_COLUMNS}) VALUES (:workspace_id, {", ".join(":" + name for name in _NAMES)})
    ON CONFLICT (workspace_id, source_id) DO UPDATE
       SET {", ".join(f"{name} = excluded.{name}" for name in _NAMES if name != "source_id")}"""


class SqlSourceLooks:
    """The looks of the sources of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def put(self, look: Look) -> None:
        """Store how the looks of a source go."""
        self._connection.run(
            _PUT,
            workspace_id=self._workspace_id,
            source_id=look.source_id,
            position=look.position,
            began_at=maybe_micros(look.began_at),
            steps=look.steps,
            found=look.found,
            looked_at=maybe_micros(look.looked_at),
            trouble=look.trouble,
            failures=look.failures,
            turn=look.turn,
            next_at=maybe_micros(look.next_at),
        )

    def get(self, source_id: SourceId) -> Look | None:
        """Return how the looks of a source go."""
        statement = f"SELECT {_COLUMNS} FROM source_looks WHERE workspace_id = :workspace_id AND source_id = :source_id"
        row = self._connection.row(statement, workspace_id=self._workspace_id, source_id=source_id)
        return None if row is None else _look(row)

    def all(self) -> dict[SourceId, Look]:
        """Return how the looks of all sources go."""
        statement = f"SELECT {_COLUMNS} FROM source_looks WHERE workspace_id = :workspace_id"
        found = [_look(row) for row in self._connection.rows(statement, workspace_id=self._workspace_id)]
        return {look.source_id: look for look in found}


def _look(row: Row) -> Look:
    return Look(
        source_id=SourceId(row["source_id"]),
        position=row["position"],
        began_at=maybe_instant(row["began_at"]),
        steps=row["steps"],
        found=row["found"],
        looked_at=maybe_instant(row["looked_at"]),
        trouble=row["trouble"],
        failures=row["failures"],
        turn=row["turn"],
        next_at=maybe_instant(row["next_at"]),
    )
