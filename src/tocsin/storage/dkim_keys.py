"""Table dkim_keys: what a workspace signs its messages with."""

from datetime import datetime

from tocsin.domain.dkim import Algorithm, DkimKey
from tocsin.domain.model import WorkspaceId
from tocsin.storage.columns import Row, instant, maybe_instant, maybe_micros, micros
from tocsin.storage.database import Connection

_COLUMNS = "domain, selector, algorithm, private_key, public_record, created_at, activated_at, retired_at"


class SqlDkimKeys:
    """The DKIM keys of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def add(self, key: DkimKey) -> bool:
        """Store a new key; return False if there is or was one of its domain and selector."""
        statement = f"""
            INSERT INTO dkim_keys (workspace_id, {_COLUMNS})
            VALUES (:workspace_id, :domain, :selector, :algorithm, :private_key, :public_record, :created_at,
                    :activated_at, :retired_at)
            ON CONFLICT DO NOTHING"""
        added = self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            domain=key.domain,
            selector=key.selector,
            algorithm=key.algorithm.value,
            private_key=key.private_key,
            public_record=key.public_record,
            created_at=micros(key.created_at),
            activated_at=maybe_micros(key.activated_at),
            retired_at=maybe_micros(key.retired_at),
        )
        return added == 1

    def all(self) -> list[DkimKey]:
        """Return all keys, by domain, the oldest first."""
        statement = f"""
            SELECT {_COLUMNS} FROM dkim_keys
             WHERE workspace_id = :workspace_id ORDER BY domain, created_at, selector"""
        return [_key(row) for row in self._connection.rows(statement, workspace_id=self._workspace_id)]

    def get(self, domain: str, selector: str) -> DkimKey | None:
        """Return the key of this domain and selector."""
        statement = f"""
            SELECT {_COLUMNS} FROM dkim_keys
             WHERE workspace_id = :workspace_id AND domain = :domain AND selector = :selector"""
        row = self._connection.row(statement, workspace_id=self._workspace_id, domain=domain, selector=selector)
        return None if row is None else _key(row)

    def signing(self, domain: str) -> DkimKey | None:
        """Return the key that was activated last for this very domain and is not retired."""
        statement = f"""
            SELECT {_COLUMNS} FROM dkim_keys
             WHERE workspace_id = :workspace_id AND domain = :domain AND activated_at IS NOT NULL AND retired_at IS NULL
             ORDER BY activated_at DESC, created_at DESC, selector DESC LIMIT 1"""
        row = self._connection.row(statement, workspace_id=self._workspace_id, domain=domain)
        return None if row is None else _key(row)

    def activate(self, domain: str, selector: str, *, at: datetime) -> bool:
        """Let a key sign from now on; return False if it does already, is retired, or is not there."""
        statement = """
            UPDATE dkim_keys SET activated_at = :at
             WHERE workspace_id = :workspace_id AND domain = :domain AND selector = :selector
               AND activated_at IS NULL AND retired_at IS NULL"""
        return self._change(statement, domain, selector, at=at)

    def retire(self, domain: str, selector: str, *, at: datetime) -> bool:
        """End a key and forget its private half; return False if that was done before, or if it is not there."""
        # The empty blob comes as a parameter because the databases write one differently.
        statement = """
            UPDATE dkim_keys SET retired_at = :at, private_key = :nothing
             WHERE workspace_id = :workspace_id AND domain = :domain AND selector = :selector AND retired_at IS NULL"""
        return self._change(statement, domain, selector, at=at, nothing=b"")

    def put_box(self, domain: str, selector: str, box: bytes) -> None:
        """Store the box of a private key that was sealed anew."""
        statement = """
            UPDATE dkim_keys SET private_key = :box
             WHERE workspace_id = :workspace_id AND domain = :domain AND selector = :selector AND retired_at IS NULL"""
        self._connection.run(statement, workspace_id=self._workspace_id, domain=domain, selector=selector, box=box)

    def _change(self, statement: str, domain: str, selector: str, *, at: datetime, **values: bytes) -> bool:
        changed = self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            domain=domain,
            selector=selector,
            at=micros(at),
            **values,
        )
        return changed == 1


def _key(row: Row) -> DkimKey:
    return DkimKey(
        domain=row["domain"],
        selector=row["selector"],
        algorithm=Algorithm(row["algorithm"]),
        private_key=bytes(row["private_key"]),
        public_record=row["public_record"],
        created_at=instant(row["created_at"]),
        activated_at=maybe_instant(row["activated_at"]),
        retired_at=maybe_instant(row["retired_at"]),
    )
