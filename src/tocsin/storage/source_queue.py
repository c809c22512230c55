"""What of sources waits for a worker, over all workspaces: calls to be read on, bookings that waited long enough."""

from collections.abc import Collection
from datetime import datetime

from tocsin.domain.model import WorkspaceId
from tocsin.domain.sources.source import SourceId, SourceKind
from tocsin.services.ports_telemetry import Silence, Telemetry
from tocsin.storage.columns import Row, as_json, micros
from tocsin.storage.database import Database


class SqlSourceQueue:
    """The work on sources of all workspaces, for workers."""

    def __init__(self, database: Database, telemetry: Telemetry | None = None) -> None:
        self._database = database
        self._telemetry = telemetry or Silence()

    def due_source_calls(self, *, now: datetime, limit: int) -> list[tuple[WorkspaceId, SourceId, str]]:
        """Return the calls for which the other product is to be asked now, those that have waited longest first."""
        statement = """
            SELECT workspace_id, source_id, id FROM source_calls WHERE next_at <= :now ORDER BY next_at LIMIT :limit"""
        return self._places(statement, now, limit)

    def due_source_bookings(self, *, now: datetime, limit: int) -> list[tuple[WorkspaceId, SourceId, str]]:
        """Return the bookings whose other half was waited for long enough."""
        statement = """
            SELECT workspace_id, source_id, id FROM source_bookings WHERE is_waiting AND waits_until <= :now
             ORDER BY waits_until LIMIT :limit"""
        return self._places(statement, now, limit)

    def due_source_looks(
        self, *, now: datetime, kinds: Collection[SourceKind], limit: int
    ) -> list[tuple[WorkspaceId, SourceId]]:
        """Return the sources that are to look now, those that have waited longest first.

        Of `kinds` also those that never did: they may be older than looks.
        """
        statement = """
            SELECT workspace_id, source_id, next_at FROM source_looks WHERE next_at <= :now
             UNION ALL
            SELECT s.workspace_id, s.id, 0 FROM sources s
             WHERE s.kind {any_of}(:kinds) AND NOT EXISTS (
                   SELECT 1 FROM source_looks l WHERE l.workspace_id = s.workspace_id AND l.source_id = s.id)
             ORDER BY 3 LIMIT :limit"""
        with self._database.reading() as connection:
            rows = connection.rows(statement, now=micros(now), kinds=as_json(sorted(kinds)), limit=limit)
            return [(WorkspaceId(row["workspace_id"]), SourceId(row["source_id"])) for row in rows]

    def forget_source_calls(self, *, bodies_before: datetime, calls_before: datetime) -> None:
        """Forget the bodies of calls that came last before a moment, and calls that did before another."""
        with self._database.transaction() as connection:
            connection.run(
                "UPDATE source_calls SET box = NULL WHERE box IS NOT NULL AND last_at < :before",
                before=micros(bodies_before),
            )
            connection.run("DELETE FROM source_calls WHERE last_at < :before", before=micros(calls_before))

    def _places(self, statement: str, now: datetime, limit: int) -> list[tuple[WorkspaceId, SourceId, str]]:
        with self._database.reading() as connection:
            return [_place(row) for row in connection.rows(statement, now=micros(now), limit=limit)]


def _place(row: Row) -> tuple[WorkspaceId, SourceId, str]:
    return WorkspaceId(row["workspace_id"]), SourceId(row["source_id"]), row["id"]
