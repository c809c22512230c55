"""The Store that the use cases see: transactions of one workspace, the queue, and what crosses workspaces."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from tocsin.domain.model import WorkspaceId
from tocsin.storage.accounts import SqlAccounts
from tocsin.storage.answers import SqlAnswers
from tocsin.storage.bookings import SqlBookings
from tocsin.storage.database import Connection, Database
from tocsin.storage.deliveries import SqlDeliveries
from tocsin.storage.dkim_keys import SqlDkimKeys
from tocsin.storage.history import SqlHistory
from tocsin.storage.inbound import SqlBounces, SqlInboundCounts
from tocsin.storage.invitations import SqlInvitations
from tocsin.storage.links import SqlLinks
from tocsin.storage.members import SqlMembers
from tocsin.storage.messages import SqlMessages
from tocsin.storage.outcomes import SqlOutcomes
from tocsin.storage.overview import SqlOverview
from tocsin.storage.queue import SqlQueue
from tocsin.storage.recipients import SqlRecipients
from tocsin.storage.record import SqlRecord
from tocsin.storage.rules import SqlRules
from tocsin.storage.sessions import SqlSessions, SqlSignIns
from tocsin.storage.suppressions import SqlSuppressions
from tocsin.storage.sync import SqlSync
from tocsin.storage.usage import SqlUsage
from tocsin.storage.webhooks import SqlWebhookSecrets
from tocsin.storage.workspaces import SqlWorkspaces


class _OverError(Exception):
    """A trial is over, and to be undone."""


class SqlTransaction:
    """All tables of one workspace, in one transaction."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self.workspace_id = workspace_id
        self.workspaces = SqlWorkspaces(connection)
        self.members = SqlMembers(connection, workspace_id)
        self.links = SqlLinks(connection, workspace_id)
        self.outcomes = SqlOutcomes(connection, workspace_id)
        self.bookings = SqlBookings(connection, workspace_id)
        self.rules = SqlRules(connection, workspace_id)
        self.deliveries = SqlDeliveries(connection, workspace_id)
        self.messages = SqlMessages(connection, workspace_id)
        self.invitations = SqlInvitations(connection, workspace_id)
        self.sync = SqlSync(connection, workspace_id)
        self.answers = SqlAnswers(connection, workspace_id)
        self.suppressions = SqlSuppressions(connection, workspace_id)
        self.recipients = SqlRecipients(connection, workspace_id)
        self.usage = SqlUsage(connection, workspace_id)
        self.dkim_keys = SqlDkimKeys(connection, workspace_id)
        self.inbound_counts = SqlInboundCounts(connection, workspace_id)
        self.bounces = SqlBounces(connection, workspace_id)
        self.webhook_secrets = SqlWebhookSecrets(connection, workspace_id)
        self.record = SqlRecord(connection, workspace_id)
        self.history = SqlHistory(connection, workspace_id)
        self.accounts = SqlAccounts(connection, workspace_id)
        self.sessions = SqlSessions(connection, workspace_id)
        self.sign_ins = SqlSignIns(connection, workspace_id)
        self.overview = SqlOverview(connection, workspace_id)


class SqlStore:
    """A Store on SQLite or PostgreSQL. `tables` makes the tables of a workspace in a transaction."""

    def __init__(self, database: Database, tables: type[SqlTransaction] = SqlTransaction) -> None:
        self._database = database
        self._tables = tables
        self.queue = SqlQueue(database)

    @contextmanager
    def transaction(self, workspace_id: WorkspaceId) -> Iterator[SqlTransaction]:
        """Begin; commit durably at the end of the block, or roll back if it raises."""
        with self._database.transaction() as connection:
            yield self._tables(connection, workspace_id)

    @contextmanager
    def together(self) -> Iterator[Callable[[WorkspaceId], SqlTransaction]]:
        """Begin, and give each workspace's tables; what is done in all of them becomes durable in one commit.

        Who works on several workspaces goes through them in the order of their ids, so that nobody waits for each other.
        """
        with self._database.transaction() as connection:
            yield partial(self._tables, connection)

    @contextmanager
    def trial(self, workspace_id: WorkspaceId) -> Iterator[SqlTransaction]:
        """Give one workspace for changing as `transaction` does; nothing of it stays, however the block ends.

        Who only tries something gives way to those who mean it: it waits for no lock for long, so it is never they who fail.
        """
        with suppress(_OverError), self._database.transaction() as connection:
            if connection.dialect.is_remote:
                connection.run("SET LOCAL lock_timeout = '500ms'")
            yield self._tables(connection, workspace_id)
            raise _OverError

    @contextmanager
    def reading(self, workspace_id: WorkspaceId) -> Iterator[SqlTransaction]:
        """Give a consistent view of one workspace for reading."""
        with self._database.reading() as connection:
            yield self._tables(connection, workspace_id)

    @contextmanager
    def registry(self) -> Iterator[SqlWorkspaces]:
        """Give workspaces and keys for changing."""
        with self._database.transaction() as connection:
            yield SqlWorkspaces(connection)

    @contextmanager
    def directory(self) -> Iterator[SqlWorkspaces]:
        """Give workspaces and keys for reading."""
        with self._database.reading() as connection:
            yield SqlWorkspaces(connection)

    def close(self) -> None:
        """Close the database."""
        self._database.close()
