"""Table accounts: who may sign in to the pages of a workspace."""

from tocsin.domain.accounts import Account, Role, Subject
from tocsin.domain.model import WorkspaceId
from tocsin.domain.second_factor import Factor
from tocsin.storage.columns import Row, instant, micros
from tocsin.storage.database import Connection

COLUMNS = (
    "a.workspace_id, a.id, a.email, a.role, a.created_at, a.time_zone, a.locale, a.issuer, a.subject, a.factor_since"
)


class SqlAccounts:
    """The accounts of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def add(self, account: Account, password_hash: str) -> bool:
        """Store an account; return False if there is one with its address."""
        statement = """
            INSERT INTO accounts (workspace_id, id, email, role, password_hash, created_at)
            VALUES (:workspace_id, :id, :email, :role, :password_hash, :created_at)
            ON CONFLICT DO NOTHING"""
        added = self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            id=account.id,
            email=account.email,
            role=account.role.value,
            password_hash=password_hash,
            created_at=micros(account.created_at),
        )
        return added == 1

    def all(self) -> list[Account]:
        """Return all accounts by address."""
        statement = f"SELECT {COLUMNS} FROM accounts a WHERE workspace_id = :workspace_id ORDER BY email"
        return [account_of(row) for row in self._connection.rows(statement, workspace_id=self._workspace_id)]

    def by_email(self, email: str) -> tuple[Account, str] | None:
        """Return the account with this address, and the hash of its password."""
        statement = (
            f"SELECT {COLUMNS}, a.password_hash FROM accounts a WHERE workspace_id = :workspace_id AND email = :email"
        )
        row = self._connection.row(statement, workspace_id=self._workspace_id, email=email)
        return None if row is None else (account_of(row), row["password_hash"])

    def by_subject(self, subject: Subject) -> Account | None:
        """Return the account that somebody has whom a provider knows."""
        statement = f"""
            SELECT {COLUMNS} FROM accounts a
             WHERE workspace_id = :workspace_id AND issuer = :issuer AND subject = :subject"""
        row = self._connection.row(
            statement, workspace_id=self._workspace_id, issuer=subject.issuer, subject=subject.name
        )
        return None if row is None else account_of(row)

    def by_id(self, account_id: str, *, lock: bool = False) -> tuple[Account, str] | None:
        """Return the account with this id, and the hash of its password; nobody else changes it meanwhile with `lock`."""
        statement = f"""
            SELECT {COLUMNS}, a.password_hash FROM accounts a
             WHERE workspace_id = :workspace_id AND id = :id {"{for_update}" if lock else ""}"""
        row = self._connection.row(statement, workspace_id=self._workspace_id, id=account_id)
        return None if row is None else (account_of(row), row["password_hash"])

    def admins(self) -> list[Account]:
        """Return all accounts that may change things; nobody changes them until the transaction ends."""
        statement = f"""
            SELECT {COLUMNS} FROM accounts a
             WHERE workspace_id = :workspace_id AND role = 'admin' ORDER BY id {{for_update}}"""
        return [account_of(row) for row in self._connection.rows(statement, workspace_id=self._workspace_id)]

    def set_subject(self, account_id: str, subject: Subject | None) -> None:
        """Set who has an account at the sign-in service; None: whoever comes next with its address."""
        statement = """
            UPDATE accounts SET issuer = :issuer, subject = :subject WHERE workspace_id = :workspace_id AND id = :id"""
        issuer, name = (None, None) if subject is None else (subject.issuer, subject.name)
        self._connection.run(statement, workspace_id=self._workspace_id, id=account_id, issuer=issuer, subject=name)

    def factor(self, account_id: str) -> Factor | None:
        """Return the second factor of an account, confirmed or not."""
        statement = """
            SELECT factor_box, factor_since, factor_step, factor_recovery FROM accounts
             WHERE workspace_id = :workspace_id AND id = :id AND factor_box IS NOT NULL"""
        row = self._connection.row(statement, workspace_id=self._workspace_id, id=account_id)
        if row is None:
            return None
        return Factor(
            box=bytes(row["factor_box"]),
            since=None if row["factor_since"] is None else instant(row["factor_since"]),
            step=row["factor_step"],
            recovery=tuple(row["factor_recovery"].split()),
        )

    def set_factor(self, account_id: str, factor: Factor | None) -> None:
        """Set the second factor of an account, or take it away."""
        statement = """
            UPDATE accounts
               SET factor_box = :box, factor_since = :since, factor_step = :step, factor_recovery = :recovery
             WHERE workspace_id = :workspace_id AND id = :id"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            id=account_id,
            box=None if factor is None else factor.box,
            since=None if factor is None or factor.since is None else micros(factor.since),
            step=0 if factor is None else factor.step,
            recovery="" if factor is None else "\n".join(factor.recovery),
        )

    def set_role(self, account_id: str, role: Role) -> None:
        """Give an account another role."""
        statement = "UPDATE accounts SET role = :role WHERE workspace_id = :workspace_id AND id = :id"
        self._connection.run(statement, workspace_id=self._workspace_id, id=account_id, role=role.value)

    def set_password(self, account_id: str, password_hash: str) -> None:
        """Give an account another password."""
        statement = "UPDATE accounts SET password_hash = :hash WHERE workspace_id = :workspace_id AND id = :id"
        self._connection.run(statement, workspace_id=self._workspace_id, id=account_id, hash=password_hash)

    def set_reading(self, account_id: str, *, time_zone: str | None, locale: str | None) -> None:
        """Set in which zone and language an account reads the pages."""
        statement = """
            UPDATE accounts SET time_zone = :time_zone, locale = :locale WHERE workspace_id = :workspace_id AND id = :id"""
        self._connection.run(
            statement, workspace_id=self._workspace_id, id=account_id, time_zone=time_zone, locale=locale
        )

    def delete(self, account_id: str) -> None:
        """Delete an account."""
        statement = "DELETE FROM accounts WHERE workspace_id = :workspace_id AND id = :id"
        self._connection.run(statement, workspace_id=self._workspace_id, id=account_id)


def account_of(row: Row) -> Account:
    """Return the account in a row with COLUMNS."""
    return Account(
        id=row["id"],
        workspace_id=WorkspaceId(row["workspace_id"]),
        email=row["email"],
        role=Role(row["role"]),
        created_at=instant(row["created_at"]),
        time_zone=row["time_zone"],
        locale=row["locale"],
        has_second_factor=row["factor_since"] is not None,
        subject=None if row["subject"] is None else Subject(issuer=row["issuer"], name=row["subject"]),
    )
