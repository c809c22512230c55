"""Tables sessions and sign_ins: who is signed in to the pages of a workspace, and how often that was tried."""

from datetime import datetime

from tocsin.domain.accounts import Account, Tries
from tocsin.domain.model import WorkspaceId
from tocsin.domain.sessions import Seat, Session
from tocsin.storage.accounts import COLUMNS as ACCOUNT_COLUMNS
from tocsin.storage.accounts import account_of
from tocsin.storage.columns import Row, instant, micros
from tocsin.storage.database import Connection

# Half of the hash tells sessions apart, and neither half of it is of any use without the cookie.
_NAME_LENGTH = 16
_COLUMNS = "s.token_hash, s.account_id, s.created_at AS began_at, s.seen_at, s.way, s.browser, s.source"


class SqlSessions:
    """The sessions of one workspace."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def add(self, session: Session, token_hash: str) -> None:
        """Store a session."""
        statement = """
            INSERT INTO sessions (workspace_id, token_hash, account_id, created_at, seen_at, way, browser, source)
            VALUES (:workspace_id, :token_hash, :account_id, :created_at, :seen_at, :way, :browser, :source)"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            token_hash=token_hash,
            account_id=session.account_id,
            created_at=micros(session.created_at),
            seen_at=micros(session.seen_at),
            way=session.way,
            browser=session.seat.browser,
            source=session.seat.source,
        )

    def get(self, token_hash: str) -> tuple[Session, Account] | None:
        """Return the session with this hash, run out or not, and its account; None if either is not there."""
        statement = f"""
            SELECT {_COLUMNS}, {ACCOUNT_COLUMNS}
              FROM sessions s JOIN accounts a ON a.workspace_id = s.workspace_id AND a.id = s.account_id
             WHERE s.workspace_id = :workspace_id AND s.token_hash = :token_hash"""
        row = self._connection.row(statement, workspace_id=self._workspace_id, token_hash=token_hash)
        return None if row is None else (_session(row), account_of(row))

    def of(self, account_id: str) -> list[Session]:
        """Return the sessions of an account, run out or not, the one that was used last first."""
        statement = f"""
            SELECT {_COLUMNS} FROM sessions s WHERE s.workspace_id = :workspace_id AND s.account_id = :account_id
             ORDER BY s.seen_at DESC, s.created_at DESC, s.token_hash"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, account_id=account_id)
        return [_session(row) for row in rows]

    def see(self, token_hash: str, *, at: datetime) -> None:
        """Note that a session was used."""
        statement = "UPDATE sessions SET seen_at = :at WHERE workspace_id = :workspace_id AND token_hash = :token_hash"
        self._connection.run(statement, workspace_id=self._workspace_id, token_hash=token_hash, at=micros(at))

    def end(self, token_hash: str) -> None:
        """End a session."""
        statement = "DELETE FROM sessions WHERE workspace_id = :workspace_id AND token_hash = :token_hash"
        self._connection.run(statement, workspace_id=self._workspace_id, token_hash=token_hash)

    def end_named(self, account_id: str, name: str) -> bool:
        """End the session of an account that is known by `name`; tell whether there was one."""
        statement = """
            DELETE FROM sessions
             WHERE workspace_id = :workspace_id AND account_id = :account_id AND substr(token_hash, 1, 16) = :name"""
        return self._connection.run(statement, workspace_id=self._workspace_id, account_id=account_id, name=name) > 0

    def end_others(self, account_id: str, name: str) -> int:
        """End the sessions of an account but the one that is known by `name`; return how many."""
        statement = """
            DELETE FROM sessions
             WHERE workspace_id = :workspace_id AND account_id = :account_id AND substr(token_hash, 1, 16) <> :name"""
        return self._connection.run(statement, workspace_id=self._workspace_id, account_id=account_id, name=name)

    def keep_newest(self, account_id: str, most: int) -> None:
        """End the oldest sessions of an account, so that no more than `most` are left."""
        statement = """
            DELETE FROM sessions
             WHERE workspace_id = :workspace_id AND account_id = :account_id AND token_hash NOT IN (
                 SELECT token_hash FROM sessions WHERE workspace_id = :workspace_id AND account_id = :account_id
                  ORDER BY created_at DESC, token_hash LIMIT :most)"""
        self._connection.run(statement, workspace_id=self._workspace_id, account_id=account_id, most=most)

    def end_all(self, account_id: str) -> None:
        """End all sessions of an account."""
        statement = "DELETE FROM sessions WHERE workspace_id = :workspace_id AND account_id = :account_id"
        self._connection.run(statement, workspace_id=self._workspace_id, account_id=account_id)

    def end_of_everybody(self) -> int:
        """End the sessions of all accounts; return how many."""
        statement = "DELETE FROM sessions WHERE workspace_id = :workspace_id"
        return self._connection.run(statement, workspace_id=self._workspace_id)

    def forget(self, *, created_before: datetime, seen_before: datetime) -> None:
        """Delete what has run out."""
        statement = """
            DELETE FROM sessions
             WHERE workspace_id = :workspace_id AND (created_at < :created_before OR seen_at < :seen_before)"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            created_before=micros(created_before),
            seen_before=micros(seen_before),
        )


class SqlSignIns:
    """How often signing in to one workspace was tried."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    def count(self, kind: str, name: str, *, now: datetime, since: datetime) -> Tries:
        """Count one more try, from 1 again if the first is older than `since`; return how many there were."""
        statement = """
            INSERT INTO sign_ins (workspace_id, kind, name, tries, since_at)
            VALUES (:workspace_id, :kind, :name, 1, :now)
            ON CONFLICT (workspace_id, kind, name) DO UPDATE
               SET tries = CASE WHEN sign_ins.since_at < :since THEN 1 ELSE sign_ins.tries + 1 END,
                   since_at = CASE WHEN sign_ins.since_at < :since THEN :now ELSE sign_ins.since_at END
            RETURNING tries, since_at"""
        (row,) = self._connection.rows(
            statement, workspace_id=self._workspace_id, kind=kind, name=name, now=micros(now), since=micros(since)
        )
        return Tries(number=row["tries"], since_at=instant(row["since_at"]))

    def clear(self, kind: str, name: str) -> None:
        """Count anew from the next try."""
        statement = "DELETE FROM sign_ins WHERE workspace_id = :workspace_id AND kind = :kind AND name = :name"
        self._connection.run(statement, workspace_id=self._workspace_id, kind=kind, name=name)

    def forget(self, *, before: datetime) -> None:
        """Delete what was counted from a moment before."""
        statement = "DELETE FROM sign_ins WHERE workspace_id = :workspace_id AND since_at < :before"
        self._connection.run(statement, workspace_id=self._workspace_id, before=micros(before))


def _session(row: Row) -> Session:
    return Session(
        account_id=row["account_id"],
        created_at=instant(row["began_at"]),
        seen_at=instant(row["seen_at"]),
        seat=Seat(source=row["source"], browser=row["browser"]),
        way=row["way"],
        name=row["token_hash"][:_NAME_LENGTH],
    )
