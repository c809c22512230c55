"""All tables, as far as they speak of one person: found for an export, and put out for an erasure.

Which columns hold text is asked of the database, so that no table is forgotten that is added later.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tocsin.domain.delivery import State
from tocsin.domain.model import WorkspaceId
from tocsin.domain.person import ERASED, finder, tombstone
from tocsin.storage.columns import Row, as_json, containing, micros
from tocsin.storage.database import Connection
from tocsin.storage.retention import BLANK
from tocsin.storage.source_bookings import without_words

_COLUMNS = {
    "sqlite": """
        SELECT m.name AS tab, p.name AS col FROM sqlite_master m, pragma_table_info(m.name) p
         WHERE m.type = 'table' AND p.type = 'TEXT' ORDER BY m.name, p.cid""",
    "postgresql": """
        SELECT table_name AS tab, column_name AS col FROM information_schema.columns
         WHERE table_schema = current_schema() AND data_type = 'text' ORDER BY table_name, ordinal_position""",
}
# By what a row is found again in the same transaction, whatever its key is.
_PLACE = {"sqlite": ("rowid", ":place"), "postgresql": ("CAST(ctid AS text)", "CAST(:place AS text)")}
_SECRET = frozenset({"password_hash", "secret_hash", "token_hash", "seal", "box", "private_key", "factor_recovery"})
# Entries of the log are put out with their seals, by `SqlAudit`.
_APART = frozenset({"migrations", "audit", "audit_heads"})
_IS_CLIENT = "lower(client_email) = :address"
_HIS_BOOKINGS = f"{_IS_CLIENT} OR lower(guests) LIKE :pattern ESCAPE '~'"


class SqlPersons:
    """All that is kept of one address in one workspace, wherever it stands."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id
        self.key = b""

    def tombstone(self, address: str) -> str:
        """Return what stands for an address that was erased."""
        return tombstone(address, workspace_id=self._workspace_id, key=self.key)

    def known(self, address: str) -> dict[str, list[Mapping[str, Any]]]:
        """Return the rows of all tables in which an address stands, without what is secret."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for table, _, row in self._rows(address, apart=frozenset({"migrations"})):
            plain = {
                name: value
                for name, value in row.items()
                if name not in _SECRET and name != "place" and not isinstance(value, bytes | memoryview)
            }
            found.setdefault(table, []).append(plain)
        return found

    def messages(self, address: str) -> list[Mapping[str, Any]]:
        """Return the messages to an address, as they were sent."""
        statement = """
            SELECT m.delivery_id, m.message_id, m.message FROM messages m
              JOIN deliveries d ON d.workspace_id = m.workspace_id AND d.id = m.delivery_id
             WHERE m.workspace_id = :workspace_id AND lower(d.recipient) = :address ORDER BY m.frozen_at, m.delivery_id"""
        rows = self._connection.rows(statement, workspace_id=self._workspace_id, address=address.lower())
        return [{**row, "message": bytes(row["message"]).decode("utf-8", "replace")} for row in rows]

    def obstacles(self, address: str) -> list[str]:
        """Return what somebody has to change first, because it would go on to speak of or write to the person."""
        values = {"workspace_id": self._workspace_id, "address": address.lower()}
        asked = {
            "an account signs in with it (`tocsin account delete`)": """
                SELECT count(*) AS n FROM accounts WHERE workspace_id = :workspace_id AND lower(email) = :address""",
            "a member of the team has it (remove them)": """
                SELECT count(*) AS n FROM members
                 WHERE workspace_id = :workspace_id AND lower(email) = :address AND removed_at IS NULL""",
            "a message to it is on its way (wait a minute)": """
                SELECT count(*) AS n FROM deliveries
                 WHERE workspace_id = :workspace_id AND lower(recipient) = :address AND state = 'sending'""",
        }
        found = [what for what, statement in asked.items() if self._connection.number(statement, **values)]
        rules = [row for table, _, row in self._rows(address) if table == "automation_rules"]
        return found + [f"the rule {row['name']} names it (take it off)" for row in rules]

    def erase(self, address: str, *, now: datetime) -> dict[str, int]:
        """Put a person out of every table; return how many rows changed, by table."""
        self._forget_what_bookings_say(address, now=now)
        at = "UPDATE workspaces SET erased_at = :now WHERE workspace_id = :workspace_id"
        self._connection.run(at, workspace_id=self._workspace_id, now=micros(now))
        changed: dict[str, int] = {}
        find, stone = finder(address), self.tombstone(address)
        for table, columns, row in list(self._rows(address)):
            self._put_out(table, columns, row, find, stone)
            changed[table] = changed.get(table, 0) + 1
        return changed

    def _forget_what_bookings_say(self, address: str, *, now: datetime) -> None:
        """Forget what can hold a person's name or words without the address: messages, answers, what bookings were."""
        asked = {"workspace_id": self._workspace_id, "address": address.lower(), "pattern": containing(address)}
        his = f"""
            SELECT id, client_name, {_IS_CLIENT} AS is_client FROM bookings
             WHERE workspace_id = :workspace_id AND ({_HIS_BOOKINGS})"""
        rows = self._connection.rows(his, **asked)
        about = {
            "workspace_id": self._workspace_id,
            "address": address.lower(),
            "bookings": as_json([row["id"] for row in rows]),
            "nothing": b"",
            "now": micros(now),
        }
        self._connection.changes.counts["ended", State.CANCELLED.value] += self._connection.run(_CANCEL, **about)
        for statement in _FORGOTTEN:
            self._connection.run(statement, **about)
        spoken = f"{BLANK} AND {self._holds_it}"
        self._connection.run(spoken, workspace_id=self._workspace_id, address=address, nothing=b"")
        for row in rows:
            self._forget_what_sources_said(row)
        # A place that the link names is not the client's; whatever else stands there, such as a number to call, is.
        own = """
            UPDATE bookings SET client_name = :erased, form_responses = '[]', cancel_reason = '', reschedule_reason = '',
                   place_details = coalesce((SELECT l.spot_details FROM scheduling_links l
                                              WHERE l.workspace_id = bookings.workspace_id AND l.id = bookings.link_id
                                                AND l.spot_details = bookings.place_details), '')
             WHERE workspace_id = :workspace_id AND lower(client_email) = :address"""
        self._connection.run(own, workspace_id=self._workspace_id, address=address.lower(), erased=ERASED)

    @property
    def _holds_it(self) -> str:
        return _HOLDS_IT[self._connection.dialect.name]

    def _forget_what_sources_said(self, booking: Row) -> None:
        statement = """
            SELECT source_id, id, known FROM source_bookings
             WHERE workspace_id = :workspace_id AND booking_id = :booking_id"""
        name = booking["client_name"]
        for row in self._connection.rows(statement, workspace_id=self._workspace_id, booking_id=booking["id"]):
            known = row["known"]
            for one in {name, as_json(name)[1:-1]} - {""}:
                known = known.replace(one, ERASED)
            self._connection.run(
                """
                UPDATE source_bookings SET known = :known
                 WHERE workspace_id = :workspace_id AND source_id = :source_id AND id = :id""",
                workspace_id=self._workspace_id,
                known=without_words(known) if booking["is_client"] else known,
                source_id=row["source_id"],
                id=row["id"],
            )

    def _rows(self, address: str, *, apart: frozenset[str] = _APART) -> Iterator[tuple[str, list[str], Row]]:
        """Yield each row in which an address stands, with its table and the columns that hold text."""
        find, (place, _) = finder(address), _PLACE[self._connection.dialect.name]
        tables: dict[str, list[str]] = {}
        for row in self._connection.rows(_COLUMNS[self._connection.dialect.name]):
            tables.setdefault(row["tab"], []).append(row["col"])
        # Non-ASCII and encoded spellings differ, so what stands before the @ in ASCII is looked for first.
        for table, columns in tables.items():
            if table in apart or "workspace_id" not in columns:
                continue
            some = " OR ".join(f"lower({column}) LIKE :pattern ESCAPE '~'" for column in columns)
            statement = f"SELECT *, {place} AS place FROM {table} WHERE workspace_id = :workspace_id AND ({some})"
            pattern = containing(max(re.split(r"[^a-z0-9.-]+", address.lower()), key=len))
            for row in self._connection.rows(statement, workspace_id=self._workspace_id, pattern=pattern):
                if any(isinstance(row[column], str) and find.search(row[column]) for column in columns):
                    yield table, columns, row

    def _put_out(self, table: str, columns: list[str], row: Row, find: re.Pattern[str], stone: str) -> None:
        after = {name: find.sub(stone, row[name]) for name in columns if isinstance(row[name], str)}
        changed = {name: value for name, value in after.items() if value != row[name]}
        place, given = _PLACE[self._connection.dialect.name]
        sets = ", ".join(f"{name} = :{name}" for name in changed)
        statement = f"UPDATE {table} SET {sets} WHERE workspace_id = :workspace_id AND {place} = {given}"
        self._connection.run(statement, workspace_id=self._workspace_id, place=row["place"], **changed)


# A rule's own words can name somebody in messages to others.
_HOLDS_IT = {
    "sqlite": "instr(message, CAST(:address AS BLOB)) > 0",
    "postgresql": "position(convert_to(CAST(:address AS text), 'UTF8') IN message) > 0",
}
_ABOUT = "booking_id {any_of}(:bookings)"
_OF_DELIVERIES = f"""delivery_id IN (SELECT d.id FROM deliveries d
     WHERE d.workspace_id = :workspace_id AND (d.{_ABOUT} OR lower(d.recipient) = :address)"""
_CANCEL = """
    UPDATE deliveries SET state = 'cancelled', reason = 'the recipient was erased', settled_at = :now, next_at = :now
     WHERE workspace_id = :workspace_id AND lower(recipient) = :address AND settled_at IS NULL"""
_FORGOTTEN = (
    # What was to be sent again as the same bytes is written anew; by the revision, that of no booking, also what is retried.
    f"DELETE FROM messages WHERE workspace_id = :workspace_id AND {_OF_DELIVERIES} AND d.settled_at IS NULL)",
    f"{BLANK} AND {_OF_DELIVERIES})",
    f"""
    UPDATE invitations SET calendar = '', digest = '', answer_comment = '', proposal_comment = ''
     WHERE workspace_id = :workspace_id AND ({_ABOUT} OR lower(recipient) = :address)""",
    f"DELETE FROM booking_revisions WHERE workspace_id = :workspace_id AND {_ABOUT}",
    "DELETE FROM answers WHERE workspace_id = :workspace_id",
    "UPDATE source_calls SET box = NULL WHERE workspace_id = :workspace_id AND next_at IS NULL",
    "DELETE FROM recipients WHERE workspace_id = :workspace_id AND lower(address) = :address",
    "UPDATE members SET name = 'erased' WHERE workspace_id = :workspace_id AND lower(email) = :address",
    "UPDATE suppressions SET note = '' WHERE workspace_id = :workspace_id AND lower(recipient) = :address",
)
