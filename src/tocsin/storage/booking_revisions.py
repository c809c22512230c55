"""Table booking_revisions: what a booking was at each of its revisions. It is read in `history.py`."""

from collections.abc import Iterable, Mapping

from tocsin.domain.model import MemberId, WorkspaceId
from tocsin.storage.columns import as_json
from tocsin.storage.database import Connection


def remember(
    connection: Connection, workspace_id: WorkspaceId, values: Mapping[str, object], *, hosts: Iterable[MemberId]
) -> None:
    """Keep a booking as it is at this revision; `values` are those of its own columns."""
    statement = """
        INSERT INTO booking_revisions (workspace_id, booking_id, revision, changed_at, booking)
        VALUES (:workspace_id, :booking_id, :revision, :changed_at, :booking)
        ON CONFLICT (workspace_id, booking_id, revision) DO UPDATE
           SET changed_at = excluded.changed_at, booking = excluded.booking"""
    connection.run(
        statement,
        workspace_id=workspace_id,
        booking_id=values["id"],
        revision=values["revision"],
        changed_at=values["updated_at"],
        booking=as_json({**values, "hosts": list(hosts)}),
    )
