"""Table source_calls: what came from sources and was genuine."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from tocsin.domain.model import WorkspaceId
from tocsin.domain.sources.source import CallState, InboundCall, SourceId
from tocsin.storage.columns import Row, instant, maybe_instant, maybe_micros, micros
from tocsin.storage.database import Connection

_NAMES = (
    "id", "source_id", "digest", "box", "received_at", "last_at", "times", "state", "sentence", "tries", "next_at",
)  # fmt: skip
_COLUMNS = ", ".join(_NAMES)
_CHANGES = ("box", "last_at", "times", "state", "sentence", "tries", "next_at")
_PUT = f"""
    INSERT INTO source_calls (workspace_id, {_COLUMNS}) VALUES (:workspace_id, {", ".join(":" + name for name in _NAMES)})
    ON CONFLICT (workspace_id, id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _CHANGES)}"""
_OF_SOURCE = "WHERE workspace_id = :workspace_id AND source_id = :source_id"


class SqlSourceCalls:
    """The calls that came from the sources of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def put(self, call: InboundCall) -> None:
        """Store a call, new or changed."""
        self._connection.run(
            _PUT,
            workspace_id=self._workspace_id,
            id=call.id,
            source_id=call.source_id,
            digest=call.digest,
            box=call.box,
            received_at=micros(call.received_at),
            last_at=micros(call.last_at),
            times=call.times,
            state=call.state.value,
            sentence=call.sentence,
            tries=call.tries,
            next_at=maybe_micros(call.next_at),
        )

    def get(self, source_id: SourceId, call_id: str) -> InboundCall | None:
        """Return the call of a source with this id."""
        return self._one(f"SELECT {_COLUMNS} FROM source_calls {_OF_SOURCE} AND id = :value", source_id, call_id)

    def by_digest(self, source_id: SourceId, digest: str) -> InboundCall | None:
        """Return the call of a source that had a body with this digest."""
        return self._one(f"SELECT {_COLUMNS} FROM source_calls {_OF_SOURCE} AND digest = :value", source_id, digest)

    def page(self, source_id: SourceId, *, state: str, limit: int, offset: int) -> tuple[list[InboundCall], int]:
        """Return a page of a source's calls, those that came last first, and the number of all."""
        which = f"{_OF_SOURCE} AND (:state = '' OR state = :state)"
        values = {"workspace_id": self._workspace_id, "source_id": source_id, "state": state}
        statement = (
            f"SELECT {_COLUMNS} FROM source_calls {which} ORDER BY last_at DESC, id DESC LIMIT :limit OFFSET :offset"
        )
        found = [_call(row) for row in self._connection.rows(statement, limit=limit, offset=offset, **values)]
        return found, self._connection.number(f"SELECT count(*) AS n FROM source_calls {which}", **values)

    def boxes(self, *, after_id: str, limit: int) -> list[tuple[SourceId, str, bytes]]:
        """Return boxes behind an id, by id, with source and call; a body that was forgotten has none."""
        statement = """
            SELECT source_id, id, box FROM source_calls
             WHERE workspace_id = :workspace_id AND id > :after_id AND box IS NOT NULL ORDER BY id LIMIT :limit"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, after_id=after_id, limit=limit)
        return [(SourceId(row["source_id"]), row["id"], bytes(row["box"])) for row in rows]

    def put_box(self, call_id: str, box: bytes) -> None:
        """Store the box of a call that was sealed anew."""
        statement = "UPDATE source_calls SET box = :box WHERE workspace_id = :workspace_id AND id = :id"
        self._connection.run(statement, workspace_id=self._workspace_id, id=call_id, box=box)

    def tally(self, *, since: datetime) -> Mapping[SourceId, Mapping[CallState, int]]:
        """Return how many calls of each source that came last since a moment are in which state."""
        # By way of the sources, so that each one's calls are found by when they came.
        statement = """
            SELECT s.id AS source_id, c.state, count(*) AS n
              FROM sources s JOIN source_calls c ON c.workspace_id = s.workspace_id AND c.source_id = s.id
             WHERE s.workspace_id = :workspace_id AND c.last_at >= :since GROUP BY s.id, c.state"""
        found: defaultdict[SourceId, dict[CallState, int]] = defaultdict(dict)
        for row in self._connection.rows(statement, workspace_id=self._workspace_id, since=micros(since)):
            found[SourceId(row["source_id"])][CallState(row["state"])] = row["n"]
        return found

    def last(self) -> Mapping[SourceId, datetime]:
        """Return when each source called last; those that never did are not there."""
        statement = """
            SELECT s.id, (SELECT max(c.last_at) FROM source_calls c
                           WHERE c.workspace_id = s.workspace_id AND c.source_id = s.id) AS at
              FROM sources s WHERE s.workspace_id = :workspace_id"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id)
        return {SourceId(row["id"]): instant(row["at"]) for row in rows if row["at"] is not None}

    def _one(self, statement: str, source_id: SourceId, value: str) -> InboundCall | None:
        row = self._connection.row(statement, workspace_id=self._workspace_id, source_id=source_id, value=value)
        return None if row is None else _call(row)


def _call(row: Row) -> InboundCall:
    return InboundCall(
        id=row["id"],
        source_id=SourceId(row["source_id"]),
        digest=row["digest"],
        box=None if row["box"] is None else bytes(row["box"]),
        received_at=instant(row["received_at"]),
        last_at=instant(row["last_at"]),
        times=row["times"],
        state=CallState(row["state"]),
        sentence=row["sentence"],
        tries=row["tries"],
        next_at=maybe_instant(row["next_at"]),
    )
