"""Table recipients: in which zone and language somebody is written to."""

from collections.abc import Iterable

from tocsin.domain.model import WorkspaceId
from tocsin.domain.recipients import RecipientSettings, recipient_key
from tocsin.storage.columns import Row, as_json, instant, micros
from tocsin.storage.database import Connection

_COLUMNS = "address, time_zone, locale, updated_at"


class SqlRecipients:
    """What is set for addresses in one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def put(self, settings: RecipientSettings) -> None:
        """Set what is set for an address, in the place of what was."""
        statement = f"""
            INSERT INTO recipients (workspace_id, recipient_key, {_COLUMNS})
            VALUES (:workspace_id, :recipient_key, :address, :time_zone, :locale, :updated_at)
            ON CONFLICT (workspace_id, recipient_key) DO UPDATE
               SET address = excluded.address, time_zone = excluded.time_zone, locale = excluded.locale,
                   updated_at = excluded.updated_at"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            recipient_key=recipient_key(settings.address),
            address=settings.address,
            time_zone=settings.time_zone,
            locale=settings.locale,
            updated_at=micros(settings.updated_at),
        )

    def get(self, address: str) -> RecipientSettings | None:
        """Return what is set for an address."""
        return self.of([address]).get(recipient_key(address))

    def of(self, addresses: Iterable[str]) -> dict[str, RecipientSettings]:
        """Return what is set for these addresses, by `recipient_key`; nothing for one for which nothing is."""
        statement = f"""
            SELECT recipient_key, {_COLUMNS} FROM recipients
             WHERE workspace_id = :workspace_id AND recipient_key {{any_of}}(:keys)"""
        keys = as_json(sorted(set(map(recipient_key, addresses))))
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, keys=keys)
        return {row["recipient_key"]: _settings(row) for row in rows}

    def page(self, *, limit: int, offset: int) -> tuple[list[RecipientSettings], int]:
        """Return a page by address, and the number of all."""
        statement = f"""
            SELECT {_COLUMNS} FROM recipients WHERE workspace_id = :workspace_id
             ORDER BY recipient_key LIMIT :limit OFFSET :offset"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, limit=limit, offset=offset)
        counting = "SELECT count(*) AS n FROM recipients WHERE workspace_id = :workspace_id"
        return [_settings(row) for row in rows], self._connection.number(counting, workspace_id=self._workspace_id)

    def remove(self, address: str) -> bool:
        """Forget what is set for an address; return False if nothing is."""
        statement = "DELETE FROM recipients WHERE workspace_id = :workspace_id AND recipient_key = :recipient_key"
        key = recipient_key(address)
        return self._connection.run(statement, workspace_id=self._workspace_id, recipient_key=key) == 1


def _settings(row: Row) -> RecipientSettings:
    return RecipientSettings(
        address=row["address"],
        time_zone=row["time_zone"],
        locale=row["locale"],
        updated_at=instant(row["updated_at"]),
    )
