"""Table webhook_secrets: which secrets calls of a URL are signed with."""

from datetime import datetime

from tocsin.domain.model import WorkspaceId
from tocsin.domain.webhook import WebhookSecret
from tocsin.storage.columns import instant, micros
from tocsin.storage.database import Connection


class SqlWebhookSecrets:
    """The numbers of the secrets of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def of(self, url: str, *, limit: int) -> list[WebhookSecret]:
        """Return the secrets of a URL, the latest first."""
        statement = """
            SELECT generation, made_at FROM webhook_secrets WHERE workspace_id = :workspace_id AND url = :url
             ORDER BY generation DESC LIMIT :limit"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, url=url, limit=limit)
        return [WebhookSecret(generation=row["generation"], made_at=instant(row["made_at"])) for row in rows]

    def make(self, url: str, *, now: datetime) -> WebhookSecret:
        """Keep that another secret is in use for a URL from now on. Raises ConflictError if somebody makes one meanwhile."""
        last = self.of(url, limit=1)
        made = WebhookSecret(generation=last[0].generation + 1 if last else 1, made_at=now)
        statement = """
            INSERT INTO webhook_secrets (workspace_id, url, generation, made_at)
            VALUES (:workspace_id, :url, :generation, :made_at)"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            url=url,
            generation=made.generation,
            made_at=micros(made.made_at),
        )
        return made

    def urls(self) -> list[str]:
        """Return the URLs for which a secret was made."""
        statement = "SELECT DISTINCT url FROM webhook_secrets WHERE workspace_id = :workspace_id ORDER BY url"
        return [row["url"] for row in self._connection.rows(statement, workspace_id=self._workspace_id)]
