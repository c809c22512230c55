"""Table members: the people of a workspace, who can host."""

from datetime import datetime

from tocsin.domain.model import Member, MemberId, WorkspaceId
from tocsin.storage.columns import Row, instant, micros
from tocsin.storage.database import Connection

COLUMNS = "m.id, m.name, m.email, m.time_zone, m.role, m.created_at"


class SqlMembers:
    """The members of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def put(self, member: Member) -> None:
        """Store a member, new or changed; one that was removed is there again."""
        statement = """
            INSERT INTO members (workspace_id, id, name, email, time_zone, role, created_at)
            VALUES (:workspace_id, :id, :name, :email, :time_zone, :role, :created_at)
            ON CONFLICT (workspace_id, id) DO UPDATE
               SET name = excluded.name, time_zone = excluded.time_zone, role = excluded.role, removed_at = NULL"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            id=member.id,
            name=member.name,
            email=member.email,
            time_zone=member.time_zone,
            role=member.role,
            created_at=micros(member.created_at),
        )

    def get(self, member_id: str) -> Member | None:
        """Return a member who was not removed."""
        statement = (
            f"SELECT {COLUMNS} FROM members m WHERE workspace_id = :workspace_id AND id = :id AND removed_at IS NULL"
        )
        row = self._connection.row(statement, workspace_id=self._workspace_id, id=member_id)
        return None if row is None else member_of(row)

    def by_email(self, email: str) -> Member | None:
        """Return the member with this address, removed or not."""
        statement = f"SELECT {COLUMNS} FROM members m WHERE workspace_id = :workspace_id AND email = :email"
        row = self._connection.row(statement, workspace_id=self._workspace_id, email=email)
        return None if row is None else member_of(row)

    def page(self, *, email: str, limit: int, offset: int) -> tuple[list[Member], int]:
        """Return a page of members by name and the number of all; `email` filters unless it is empty."""
        values = {"workspace_id": self._workspace_id, "email": email}
        where = "WHERE workspace_id = :workspace_id AND removed_at IS NULL AND (:email = '' OR email = :email)"
        statement = f"SELECT {COLUMNS} FROM members m {where} ORDER BY name, id LIMIT :limit OFFSET :offset"
        rows = self._connection.rows(statement, limit=limit, offset=offset, **values)
        return [member_of(row) for row in rows], self._connection.number(
            f"SELECT count(*) AS n FROM members m {where}", **values
        )

    def remove(self, member_id: MemberId, *, at: datetime) -> None:
        """Take a member off the lists; bookings keep their hosts."""
        statement = "UPDATE members SET removed_at = :at WHERE workspace_id = :workspace_id AND id = :id"
        self._connection.run(statement, at=micros(at), workspace_id=self._workspace_id, id=member_id)

    def lock(self, member_ids: list[MemberId]) -> None:
        """Make others who book these members wait until this transaction ends."""
        statement = "SELECT id FROM members WHERE workspace_id = :workspace_id AND id = :id {for_update}"
        for member_id in sorted(member_ids):
            self._connection.lock(statement, workspace_id=self._workspace_id, id=member_id)


def member_of(row: Row) -> Member:
    """Return the member in a row with COLUMNS."""
    return Member(
        id=MemberId(row["id"]),
        name=row["name"],
        email=row["email"],
        time_zone=row["time_zone"],
        role=row["role"],
        created_at=instant(row["created_at"]),
    )
