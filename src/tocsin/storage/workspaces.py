"""Tables workspaces and api_keys: who is asking, before a workspace is known. The only queries that cross workspaces."""

from datetime import datetime

from tocsin.domain.access import ApiKey, Scope
from tocsin.domain.model import Workspace, WorkspaceId
from tocsin.storage.columns import Row, instant, maybe_instant, maybe_micros, micros
from tocsin.storage.database import Connection

_COLUMNS = "workspace_id, subdomain, name, time_zone, locale, mail_from, created_at, restored_at"
_KEY_COLUMNS = "workspace_id, id, name, scopes, created_at, revoked_at, expires_at"


class SqlWorkspaces:
    """Workspaces and their API keys."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, workspace: Workspace) -> bool:
        """Store a workspace; return False if its subdomain is taken."""
        statement = f"""
            INSERT INTO workspaces ({_COLUMNS})
            VALUES (:workspace_id, :subdomain, :name, :time_zone, :locale, :mail_from, :created_at, :restored_at)
            ON CONFLICT DO NOTHING"""
        added = self._connection.run(
            statement,
            workspace_id=workspace.id,
            subdomain=workspace.subdomain,
            name=workspace.name,
            time_zone=workspace.time_zone,
            locale=workspace.locale,
            mail_from=workspace.mail_from,
            created_at=micros(workspace.created_at),
            restored_at=maybe_micros(workspace.restored_at),
        )
        return added == 1

    def all(self) -> list[Workspace]:
        """Return all workspaces by subdomain."""
        return [
            _workspace(row) for row in self._connection.rows(f"SELECT {_COLUMNS} FROM workspaces ORDER BY subdomain")
        ]

    def by_subdomain(self, subdomain: str) -> Workspace | None:
        """Return the workspace at `subdomain`."""
        row = self._connection.row(
            f"SELECT {_COLUMNS} FROM workspaces WHERE subdomain = :subdomain", subdomain=subdomain
        )
        return None if row is None else _workspace(row)

    def by_id(self, workspace_id: WorkspaceId) -> Workspace | None:
        """Return the workspace with this id."""
        row = self._connection.row(f"SELECT {_COLUMNS} FROM workspaces WHERE workspace_id = :id", id=workspace_id)
        return None if row is None else _workspace(row)

    def only(self) -> Workspace | None:
        """Return the one workspace, or None if there are none or several."""
        rows = self._connection.rows(f"SELECT {_COLUMNS} FROM workspaces LIMIT 2")
        return _workspace(rows[0]) if len(rows) == 1 else None

    def change(self, workspace: Workspace) -> None:
        """Store what changed of a workspace: all but its subdomain."""
        statement = """
            UPDATE workspaces SET name = :name, time_zone = :time_zone, locale = :locale, mail_from = :mail_from,
                   restored_at = :restored_at
             WHERE workspace_id = :id"""
        self._connection.run(
            statement,
            id=workspace.id,
            name=workspace.name,
            time_zone=workspace.time_zone,
            locale=workspace.locale,
            mail_from=workspace.mail_from,
            restored_at=maybe_micros(workspace.restored_at),
        )

    def delete(self, workspace_id: WorkspaceId) -> None:
        """Delete a workspace and all that it holds."""
        for table in _OWNED:
            self._connection.run(f"DELETE FROM {table} WHERE workspace_id = :id", id=workspace_id)

    def add_key(self, key: ApiKey, secret_hash: str) -> None:
        """Store a key with the keyed hash of its secret."""
        statement = f"""
            INSERT INTO api_keys ({_KEY_COLUMNS}, secret_hash)
            VALUES (:workspace_id, :id, :name, :scopes, :created_at, NULL, :expires_at, :secret_hash)"""
        self._connection.run(
            statement,
            workspace_id=key.workspace_id,
            id=key.id,
            name=key.name,
            scopes=" ".join(sorted(key.scopes)),
            created_at=micros(key.created_at),
            expires_at=maybe_micros(key.expires_at),
            secret_hash=secret_hash,
        )

    def key(self, key_id: str) -> tuple[ApiKey, str] | None:
        """Return the key with this public id and its keyed hash, of whatever workspace."""
        row = self._connection.row(f"SELECT {_KEY_COLUMNS}, secret_hash FROM api_keys WHERE id = :id", id=key_id)
        return None if row is None else (_key(row), row["secret_hash"])

    def keys(self, workspace_id: WorkspaceId) -> list[ApiKey]:
        """Return all keys of a workspace, the oldest first."""
        statement = f"SELECT {_KEY_COLUMNS} FROM api_keys WHERE workspace_id = :id ORDER BY created_at, id"
        return [_key(row) for row in self._connection.rows(statement, id=workspace_id)]

    def revoke(self, key_id: str, *, workspace_id: WorkspaceId, at: datetime) -> bool:
        """Revoke a key; return False if there is none that is live."""
        statement = """
            UPDATE api_keys SET revoked_at = :at WHERE workspace_id = :workspace_id AND id = :id AND revoked_at IS NULL"""
        return self._connection.run(statement, at=micros(at), workspace_id=workspace_id, id=key_id) == 1


# In an order that no foreign key forbids.
_OWNED = (
    "dry_runs",
    "source_links",
    "source_bookings",
    "source_calls",
    "source_looks",
    "sources",
    "audit",
    "audit_heads",
    "sign_ins",
    "sessions",
    "accounts",
    "inbound_counts",
    "dkim_keys",
    "webhook_secrets",
    "suppressions",
    "recipients",
    "usage",
    "workspace_limits",
    "answers",
    "invitations",
    "inviters",
    "messages",
    "interventions",
    "attempts",
    "deliveries",
    "rule_plans",
    "rule_revisions",
    "rule_links",
    "automation_rules",
    "events",
    "rsvps",
    "booking_revisions",
    "booking_hosts",
    "bookings",
    "meeting_outcomes",
    "link_hosts",
    "scheduling_links",
    "members",
    "api_keys",
    "workspaces",
)


def _workspace(row: Row) -> Workspace:
    return Workspace(
        id=WorkspaceId(row["workspace_id"]),
        subdomain=row["subdomain"],
        name=row["name"],
        time_zone=row["time_zone"],
        locale=row["locale"],
        mail_from=row["mail_from"],
        created_at=instant(row["created_at"]),
        restored_at=maybe_instant(row["restored_at"]),
    )


def _key(row: Row) -> ApiKey:
    return ApiKey(
        id=row["id"],
        workspace_id=WorkspaceId(row["workspace_id"]),
        name=row["name"],
        scopes=frozenset(Scope(scope) for scope in row["scopes"].split()),
        created_at=instant(row["created_at"]),
        revoked_at=maybe_instant(row["revoked_at"]),
        expires_at=maybe_instant(row["expires_at"]),
    )
