"""The Store that the use cases see: transactions of one workspace, the queue, and what crosses workspaces."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from tocsin.domain.audit import THE_SERVER, By
from tocsin.domain.model import BookingId, WorkspaceId
from tocsin.services.ports_audit import Trail
from tocsin.services.ports_telemetry import Pool, Silence, Telemetry
from tocsin.storage import migrate
from tocsin.storage.accounts import SqlAccounts
from tocsin.storage.answers import SqlAnswers
from tocsin.storage.audit import SqlAudit
from tocsin.storage.bookings import SqlBookings
from tocsin.storage.coming import SqlComing
from tocsin.storage.database import Connection, Copied, Database
from tocsin.storage.deliveries import SqlDeliveries
from tocsin.storage.dkim_keys import SqlDkimKeys
from tocsin.storage.dry_runs import SqlDryRuns
from tocsin.storage.held import SqlHeld
from tocsin.storage.history import SqlHistory
from tocsin.storage.inbound import SqlBounces, SqlInboundCounts, SqlOwnIds
from tocsin.storage.interventions import SqlInterventions
from tocsin.storage.invitations import SqlInvitations
from tocsin.storage.lazily import Table
from tocsin.storage.links import SqlLinks
from tocsin.storage.members import SqlMembers
from tocsin.storage.messages import SqlMessages
from tocsin.storage.outcomes import SqlOutcomes
from tocsin.storage.overview import SqlOverview
from tocsin.storage.persons import SqlPersons
from tocsin.storage.queue import SqlQueue
from tocsin.storage.recipients import SqlRecipients
from tocsin.storage.record import SqlRecord
from tocsin.storage.retention import SqlRetention
from tocsin.storage.rules import SqlRules
from tocsin.storage.sessions import SqlSessions, SqlSignIns
from tocsin.storage.source_bookings import SqlSourceBookings
from tocsin.storage.source_calls import SqlSourceCalls
from tocsin.storage.source_looks import SqlSourceLooks
from tocsin.storage.sources import SqlSources
from tocsin.storage.suppressions import SqlSuppressions
from tocsin.storage.sync import SqlSync
from tocsin.storage.usage import SqlUsage
from tocsin.storage.webhooks import SqlWebhookSecrets
from tocsin.storage.workspaces import SqlWorkspaces


class _OverError(Exception):
    """A trial is over, and to be undone."""


class SqlTransaction:
    """All tables of one workspace, in one transaction."""

    workspaces = Table(lambda connection, _workspace_id: SqlWorkspaces(connection))
    members = Table(SqlMembers)
    links = Table(SqlLinks)
    outcomes = Table(SqlOutcomes)
    bookings = Table(SqlBookings)
    rules = Table(SqlRules)
    deliveries = Table(SqlDeliveries)
    messages = Table(SqlMessages)
    invitations = Table(SqlInvitations)
    sync = Table(SqlSync)
    answers = Table(SqlAnswers)
    suppressions = Table(SqlSuppressions)
    recipients = Table(SqlRecipients)
    usage = Table(SqlUsage)
    dkim_keys = Table(SqlDkimKeys)
    inbound_counts = Table(SqlInboundCounts)
    bounces = Table(SqlBounces)
    own_ids = Table(SqlOwnIds)
    webhook_secrets = Table(SqlWebhookSecrets)
    record = Table(SqlRecord)
    history = Table(SqlHistory)
    dry_runs = Table(SqlDryRuns)
    accounts = Table(SqlAccounts)
    sessions = Table(SqlSessions)
    sign_ins = Table(SqlSignIns)
    sources = Table(SqlSources)
    source_calls = Table(SqlSourceCalls)
    source_bookings = Table(SqlSourceBookings)
    source_looks = Table(SqlSourceLooks)
    overview = Table(SqlOverview)
    audit = Table(SqlAudit)
    interventions = Table(SqlInterventions)
    coming = Table(SqlComing)
    held = Table(SqlHeld)
    persons = Table(SqlPersons)
    retention = Table(SqlRetention)

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self.workspace_id = workspace_id
        self.connection = connection

    def only_about(self, booking_ids: Iterable[BookingId]) -> None:
        """Let nothing else of a rule be withdrawn than what is about these bookings: for a trial that looks at no others."""
        self.deliveries = SqlDeliveries(self.connection, self.workspace_id, among=booking_ids)


class SqlStore:
    """A Store on SQLite or PostgreSQL. `tables` makes the tables of a workspace in a transaction.

    Without a `trail` no audit log is kept. `telemetry` hears what became durable.
    """

    def __init__(
        self,
        database: Database,
        tables: type[SqlTransaction] = SqlTransaction,
        trail: Trail | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._database = database
        self._tables = tables
        self._trail = trail
        self._telemetry = telemetry or Silence()
        self.queue = SqlQueue(database, self._telemetry)

    @contextmanager
    def transaction(self, workspace_id: WorkspaceId, *, by: By = THE_SERVER) -> Iterator[SqlTransaction]:
        """Begin; commit durably at the end of the block, or roll back if it raises. The audit log names `by`."""
        began = time.perf_counter()
        with self._database.transaction() as connection:
            tx = self._begun(connection, workspace_id, by)
            yield tx
            tx.audit.write()
        self._tell(connection, began)

    @contextmanager
    def together(self) -> Iterator[Callable[[WorkspaceId], SqlTransaction]]:
        """Begin, and give each workspace's tables; what is done in all of them becomes durable in one commit.

        Who works on several workspaces goes through them in the order of their ids, so that nobody waits for each other.
        """
        began = time.perf_counter()
        with self._database.transaction() as connection:
            begun: dict[WorkspaceId, SqlTransaction] = {}

            def of(workspace_id: WorkspaceId) -> SqlTransaction:
                if workspace_id not in begun:
                    begun[workspace_id] = self._begun(connection, workspace_id, THE_SERVER)
                return begun[workspace_id]

            yield of
            for workspace_id in sorted(begun):
                begun[workspace_id].audit.write()
        self._tell(connection, began)

    @contextmanager
    def trial(self, workspace_id: WorkspaceId) -> Iterator[SqlTransaction]:
        """Give one workspace for changing as `transaction` does; nothing of it stays, however the block ends.

        Who only tries something gives way to those who mean it: it waits for no lock for long, so it is never they who fail.
        """
        with suppress(_OverError), self._database.transaction() as connection:
            if connection.dialect.is_remote:
                connection.run("SET LOCAL lock_timeout = '500ms'")
            yield self._keyed(connection, workspace_id)
            raise _OverError

    @contextmanager
    def reading(self, workspace_id: WorkspaceId) -> Iterator[SqlTransaction]:
        """Give a consistent view of one workspace for reading."""
        with self._database.reading() as connection:
            yield self._keyed(connection, workspace_id)

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

    def misfit(self) -> str | None:
        """Return why this program cannot work on the database as it is now, in a sentence; None if it can."""
        return self._database.damage or migrate.misfit(self._database)

    def check_integrity(self) -> str | None:
        """Look whether the database's files are whole; return what is wrong, and write nothing from then on."""
        return self._database.check_integrity()

    def scrub(self) -> None:
        """Leave nothing in the database's files of what was deleted. Raises UnavailableError if somebody reads for long."""
        self._database.scrub()

    def setup(self) -> Mapping[str, str]:
        """Return what the database is set to, as far as its safety goes by it; nothing where we set it ourselves."""
        return self._database.setup()

    def copy_to(self, place: Path, *, taken_at: datetime) -> Copied:
        """Write what is committed now into a new file. Raises ConflictError if that is another program's to do."""
        return self._database.copy_to(place, taken_at=taken_at)

    def pool(self) -> Pool:
        """Return how the connections of this process are used."""
        return self._database.pool()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _tell(self, connection: Connection, began: float) -> None:
        if connection.changes.counts:
            self._telemetry.changed(connection.changes, seconds=time.perf_counter() - began)

    def _begun(self, connection: Connection, workspace_id: WorkspaceId, by: By) -> SqlTransaction:
        tx = self._keyed(connection, workspace_id)
        tx.audit.by, tx.audit.trail = by, self._trail
        return tx

    def _keyed(self, connection: Connection, workspace_id: WorkspaceId) -> SqlTransaction:
        tx = self._tables(connection, workspace_id)
        connection.changes.workspace = workspace_id
        if self._trail is not None:
            tx.suppressions.key = tx.persons.key = self._trail.key
        return tx
