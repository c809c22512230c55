"""Table answers: what was answered to requests with an Idempotency-Key."""

from datetime import datetime

from tocsin.domain.errors import ConflictError
from tocsin.domain.model import WorkspaceId
from tocsin.services.ports_answers import Answer
from tocsin.storage.columns import bucket, micros
from tocsin.storage.database import Connection


class SqlAnswers:
    """The kept answers of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def get(self, key: str) -> tuple[str, Answer] | None:
        """Return the digest of the request that came with this key, and its answer.

        Raises ConflictError while such a request still runs. (On SQLite none can: one unit of work runs at a time.)
        """
        if self._connection.dialect.name == "postgresql" and not self._lock(key):
            raise ConflictError("a request with this Idempotency-Key still runs; try again in a moment")
        statement = "SELECT digest, status, body FROM answers WHERE workspace_id = :workspace_id AND key = :key"
        row = self._connection.row(statement, workspace_id=self._workspace_id, key=key)
        return None if row is None else (row["digest"], Answer(status=row["status"], body=row["body"]))

    def put(self, key: str, digest: str, answer: Answer, *, now: datetime) -> None:
        """Keep an answer."""
        statement = """
            INSERT INTO answers (workspace_id, key, digest, status, body, answered_at)
            VALUES (:workspace_id, :key, :digest, :status, :body, :now)"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            key=key,
            digest=digest,
            status=answer.status,
            body=answer.body,
            now=micros(now),
        )

    def _lock(self, key: str) -> bool:
        statement = "SELECT pg_try_advisory_xact_lock(:space, hashtext(:key)) AS taken"
        row = self._connection.rows(statement, space=bucket(self._workspace_id), key=f"{self._workspace_id}/{key}")[0]
        return bool(row["taken"])
