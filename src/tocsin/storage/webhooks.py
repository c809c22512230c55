"""Table webhook_secrets: which secret calls of a URL are signed with."""

from tocsin.domain.model import WorkspaceId
from tocsin.domain.webhook import WebhookSecret
from tocsin.storage.columns import instant, micros
from tocsin.storage.database import Connection


class SqlWebhookSecrets:
    """The numbers of the secrets of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def get(self, url: str, *, lock: bool = False) -> WebhookSecret | None:
        """Return which secret is in use for a URL, or None if none was ever made; with `lock` nobody else makes one."""
        statement = """
            SELECT generation, replaced_at FROM webhook_secrets WHERE workspace_id = :workspace_id AND url = :url"""
        locking = f"{statement} {{for_update}}" if lock else statement
        row = self._connection.row(locking, workspace_id=self._workspace_id, url=url)
        if row is None:
            return None
        return WebhookSecret(url=url, generation=row["generation"], replaced_at=instant(row["replaced_at"]))

    def put(self, found: WebhookSecret) -> None:
        """Keep which secret is in use for a URL from now on."""
        statement = """
            INSERT INTO webhook_secrets (workspace_id, url, generation, replaced_at)
            VALUES (:workspace_id, :url, :generation, :replaced_at)
            ON CONFLICT (workspace_id, url) DO UPDATE
               SET generation = excluded.generation, replaced_at = excluded.replaced_at"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            url=found.url,
            generation=found.generation,
            replaced_at=micros(found.replaced_at),
        )
