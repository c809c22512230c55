"""Tables sources and source_links."""

from tocsin.domain.model import LinkId, WorkspaceId
from tocsin.domain.sources.source import Source, SourceId, SourceKind
from tocsin.storage.columns import Row, instant, micros
from tocsin.storage.database import Connection

_COLUMNS = "id, kind, name, header, api_url, user_id, host_email, box, created_at"


class SqlSources:
    """The sources of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def add(self, source: Source) -> None:
        """Store a new source."""
        statement = f"""
            INSERT INTO sources (workspace_id, {_COLUMNS})
            VALUES (:workspace_id, :id, :kind, :name, :header, :api_url, :user_id, :host_email, :box, :created_at)"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            id=source.id,
            kind=source.kind.value,
            name=source.name,
            header=source.header,
            api_url=source.api_url,
            user_id=source.user_id,
            host_email=source.host_email,
            box=source.box,
            created_at=micros(source.created_at),
        )

    def get(self, source_id: str, *, lock: bool = False) -> Source | None:
        """Return the source with this id; locked, nobody else works on calls of the workspace until the end.

        Not only on those of this source: two may make the same link or host.
        """
        if lock:
            locking = "SELECT id FROM sources WHERE workspace_id = :workspace_id ORDER BY id {for_update}"
            self._connection.rows(locking, workspace_id=self._workspace_id)
        statement = f"SELECT {_COLUMNS} FROM sources WHERE workspace_id = :workspace_id AND id = :id"
        row = self._connection.row(statement, workspace_id=self._workspace_id, id=source_id)
        return None if row is None else _source(row)

    def all(self) -> list[Source]:
        """Return all sources, the oldest first."""
        statement = f"SELECT {_COLUMNS} FROM sources WHERE workspace_id = :workspace_id ORDER BY created_at, id"
        return [_source(row) for row in self._connection.rows(statement, workspace_id=self._workspace_id)]

    def put_box(self, source_id: SourceId, box: bytes) -> None:
        """Store the box of a source that was sealed anew."""
        statement = "UPDATE sources SET box = :box WHERE workspace_id = :workspace_id AND id = :id"
        self._connection.run(statement, workspace_id=self._workspace_id, id=source_id, box=box)

    def delete(self, source_id: SourceId) -> None:
        """Delete a source and what is known through it; the bookings stay."""
        for table in ("source_links", "source_bookings", "source_calls", "source_looks"):
            self._connection.run(
                f"DELETE FROM {table} WHERE workspace_id = :workspace_id AND source_id = :id",
                workspace_id=self._workspace_id,
                id=source_id,
            )
        statement = "DELETE FROM sources WHERE workspace_id = :workspace_id AND id = :id"
        self._connection.run(statement, workspace_id=self._workspace_id, id=source_id)

    def link_of(self, source_id: SourceId, external_id: str) -> LinkId | None:
        """Return which link an event type of a source is."""
        statement = """
            SELECT link_id FROM source_links WHERE workspace_id = :workspace_id AND source_id = :source_id AND id = :id"""
        row = self._connection.row(statement, workspace_id=self._workspace_id, source_id=source_id, id=external_id)
        return None if row is None else LinkId(row["link_id"])

    def is_taken(self, link_id: LinkId) -> bool:
        """Tell whether a link is an event type of any source."""
        statement = "SELECT count(*) AS n FROM source_links WHERE workspace_id = :workspace_id AND link_id = :link_id"
        return self._connection.number(statement, workspace_id=self._workspace_id, link_id=link_id) > 0

    def put_link(self, source_id: SourceId, external_id: str, link_id: LinkId) -> None:
        """Keep which link an event type of a source is."""
        statement = """
            INSERT INTO source_links (workspace_id, source_id, id, link_id)
            VALUES (:workspace_id, :source_id, :id, :link_id)
            ON CONFLICT (workspace_id, source_id, id) DO UPDATE SET link_id = excluded.link_id"""
        self._connection.run(
            statement, workspace_id=self._workspace_id, source_id=source_id, id=external_id, link_id=link_id
        )


def _source(row: Row) -> Source:
    return Source(
        id=SourceId(row["id"]),
        kind=SourceKind(row["kind"]),
        name=row["name"],
        header=row["header"],
        api_url=row["api_url"],
        user_id=row["user_id"],
        host_email=row["host_email"],
        box=bytes(row["box"]),
        created_at=instant(row["created_at"]),
    )
