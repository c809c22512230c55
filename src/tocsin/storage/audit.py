"""Tables audit and audit_heads: the log of who did what in a workspace. Entries are added, and forgotten from the oldest on.

What is noted in a transaction is written when its work is done, because the head is locked for it: whoever waits for the head
has all other locks already, and whoever holds it asks for no other.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from tocsin.domain.audit import (
    THE_SERVER,
    By,
    Deed,
    Entry,
    Fault,
    Head,
    appended,
    continued,
    first_fault,
    is_whole,
    pruned,
    sealed,
    sealed_head,
)
from tocsin.domain.model import WorkspaceId
from tocsin.domain.person import finder
from tocsin.services.ports_audit import AuditFilter, Trail
from tocsin.storage.columns import Row, containing, instant, micros
from tocsin.storage.database import Connection

_COLUMNS = "number, at, who, through, verb, thing, name, before_json, after_json, seal"
_HEAD = "number, last, since, first, torn_at, seal"
_PART = 1000  # entries that are sealed anew at once


class SqlAudit:
    """The log of one workspace, in a transaction that `by` has opened. Without a trail nothing is kept."""

    def __init__(self, connection: Connection, workspace_id: WorkspaceId) -> None:
        self._connection = connection
        self._workspace_id = workspace_id
        self._noted: list[tuple[By, Deed]] = []
        self.by = THE_SERVER
        self.trail: Trail | None = None

    def note(self, deed: Deed) -> None:
        """Have a deed written at the end of the transaction."""
        self._noted.append((self.by, deed))

    def write(self) -> None:
        """Write what was noted. Nobody else adds to this log until the transaction ends."""
        noted, self._noted = self._noted, []
        if not noted or self.trail is None:
            return
        key, at = self.trail.key, self.trail.clock()
        head = self._locked_end(key)
        after, entries = appended(head, noted, at=at, workspace_id=self._workspace_id, key=key)
        statement = f"""
            INSERT INTO audit (workspace_id, {_COLUMNS})
            VALUES (:workspace_id, :number, :at, :who, :through, :verb, :thing, :name, :before_json, :after_json, :seal)"""
        self._connection.run_each(statement, [_values(self._workspace_id, entry) for entry in entries])
        self._put_head(after)

    def page(self, wanted: AuditFilter, *, limit: int, offset: int) -> tuple[list[Entry], int]:
        """Return the entries that are wanted, the newest first, and the number of all."""
        where, values = _condition(wanted)
        statement = f"""
            SELECT {_COLUMNS} FROM audit WHERE workspace_id = :workspace_id{where}
             ORDER BY number DESC LIMIT :limit OFFSET :offset"""
        counted = f"SELECT count(*) AS n FROM audit WHERE workspace_id = :workspace_id{where}"
        values["workspace_id"] = self._workspace_id
        found = self._connection.rows(statement, **values, limit=limit, offset=offset)
        return [_entry(row) for row in found], self._connection.number(counted, **values)

    def after(self, number: int, *, limit: int) -> list[Entry]:
        """Return the entries behind one, the oldest first."""
        statement = f"""
            SELECT {_COLUMNS} FROM audit
             WHERE workspace_id = :workspace_id AND number > :number ORDER BY number LIMIT :limit"""
        found = self._connection.rows(statement, workspace_id=self._workspace_id, number=number, limit=limit)
        return [_entry(row) for row in found]

    def head(self) -> Head:
        """Return where the log ends."""
        statement = f"SELECT {_HEAD} FROM audit_heads WHERE workspace_id = :workspace_id"
        row = self._connection.row(statement, workspace_id=self._workspace_id)
        return Head() if row is None else Head(**row)

    def forget(self, *, before: datetime) -> int:
        """Forget the oldest entries up to the first that is not from before a moment; return how many went."""
        if self.trail is None:
            return 0
        head = self._locked_end(self.trail.key)
        last = self._last_older(before)
        if last is None:
            return 0
        statement = "DELETE FROM audit WHERE workspace_id = :workspace_id AND number <= :number"
        gone = self._connection.run(statement, workspace_id=self._workspace_id, number=last.number)
        self._put_head(pruned(head, last, workspace_id=self._workspace_id, key=self.trail.key))
        return gone

    def erase(self, address: str, *, stone: str) -> int:
        """Put `stone` in the place of an address in all entries, and seal them anew; return how many changed."""
        if self.trail is None:
            return 0
        head, find = self._locked_end(self.trail.key), finder(address)
        previous, changed, key = head.first, 0, self.trail.key
        statement = """
            UPDATE audit SET who = :who, thing = :thing, name = :name, before_json = :before_json, after_json = :after_json,
                   seal = :seal WHERE workspace_id = :workspace_id AND number = :number"""
        for entry in self.after(head.since, limit=head.number - head.since):
            put_out = _without(entry, find, stone)
            changed += put_out != entry
            made = sealed(put_out, previous=previous, workspace_id=self._workspace_id, key=key)
            if made != entry:
                values = _values(self._workspace_id, made)
                del values["at"], values["through"], values["verb"]
                self._connection.run(statement, **values)
            previous = made.seal
        if changed:
            self._put_head(sealed_head(replace(head, last=previous), workspace_id=self._workspace_id, key=key))
        return changed

    def seal_anew(self, former: bytes) -> int | Fault:
        """Write all seals anew with the key that the trail has now, of a log that the key `former` sealed.

        Return of how many entries; or the first fault, and nothing is changed. What was verified is locked, and nothing
        else is sealed, so it does not matter what others do to the table meanwhile.
        """
        if self.trail is None:
            return 0
        head, _ = self._locked_head()
        found = first_fault(self._locked_entries(head.since), head, workspace_id=self._workspace_id, key=former)
        return found or self._sealed_anew(head, self.trail.key)

    def _sealed_anew(self, head: Head, key: bytes) -> int:
        number, previous = head.since, head.first
        statement = "UPDATE audit SET seal = :seal WHERE workspace_id = :workspace_id AND number = :number"
        while number < head.number:
            made = []
            for entry in self.after(number, limit=min(_PART, head.number - number)):
                one = sealed(entry, previous=previous, workspace_id=self._workspace_id, key=key)
                made.append({"workspace_id": self._workspace_id, "number": one.number, "seal": one.seal})
                number, previous = one.number, one.seal
            self._connection.run_each(statement, made)
        if head != Head():
            self._put_head(sealed_head(replace(head, last=previous), workspace_id=self._workspace_id, key=key))
        return head.number - head.since

    def _locked_entries(self, number: int) -> Iterator[Entry]:
        statement = f"""
            SELECT {_COLUMNS} FROM audit
             WHERE workspace_id = :workspace_id AND number > :number ORDER BY number LIMIT {_PART} {{for_update}}"""
        while found := self._connection.rows(statement, workspace_id=self._workspace_id, number=number):
            yield from map(_entry, found)
            number = found[-1]["number"]

    def _last_older(self, before: datetime) -> Entry | None:
        # By number and not by moment: clocks go back, and a chain has no holes.
        statement = f"""
            SELECT {_COLUMNS} FROM audit
             WHERE workspace_id = :workspace_id AND number < coalesce(
                   (SELECT min(number) FROM audit WHERE workspace_id = :workspace_id AND at >= :before),
                   (SELECT max(number) + 1 FROM audit WHERE workspace_id = :workspace_id))
             ORDER BY number DESC LIMIT 1"""
        row = self._connection.row(statement, workspace_id=self._workspace_id, before=micros(before))
        return None if row is None else _entry(row)

    def _locked_end(self, key: bytes) -> Head:
        """Lock the head; return where the log goes on, which is elsewhere if somebody has put back or taken away the head."""
        head, newest = self._locked_head()
        if newest <= head.number and is_whole(head, workspace_id=self._workspace_id, key=key):
            return head
        found, _ = self.page(AuditFilter(), limit=1, offset=0)
        return continued(head, found[0] if found else None)

    def _locked_head(self) -> tuple[Head, int]:
        """Lock the head; return it with the number of the newest entry that is there."""
        statement = f"""
            INSERT INTO audit_heads (workspace_id, {_HEAD}) VALUES (:workspace_id, 0, '', 0, '', 0, '')
            ON CONFLICT (workspace_id) DO UPDATE SET number = audit_heads.number
            RETURNING {_HEAD}, (SELECT max(number) FROM audit WHERE workspace_id = :workspace_id) AS newest"""
        (row,) = self._connection.rows(statement, workspace_id=self._workspace_id)
        values = dict(row)
        newest = values.pop("newest")
        return Head(**values), newest or 0

    def _put_head(self, head: Head) -> None:
        statement = """
            UPDATE audit_heads SET number = :number, last = :last, since = :since, first = :first, torn_at = :torn_at,
                   seal = :seal WHERE workspace_id = :workspace_id"""
        self._connection.run(
            statement,
            workspace_id=self._workspace_id,
            number=head.number,
            last=head.last,
            since=head.since,
            first=head.first,
            torn_at=head.torn_at,
            seal=head.seal,
        )


def _without(entry: Entry, find: re.Pattern[str], stone: str) -> Entry:
    deed = entry.deed
    put_out = {name: find.sub(stone, getattr(deed, name)) for name in ("thing", "name", "before", "after")}
    if find.search(deed.thing) or find.search(deed.name):
        put_out |= {"before": "", "after": ""}  # of what was done to a person, all values are the person's
    return replace(entry, by=replace(entry.by, who=find.sub(stone, entry.by.who)), deed=replace(deed, **put_out))


def _condition(wanted: AuditFilter) -> tuple[str, dict[str, Any]]:
    asked: list[tuple[str, str, object]] = []
    if wanted.who:
        asked.append((" AND lower(who) LIKE :who ESCAPE '~'", "who", containing(wanted.who)))
    if wanted.what:
        # A verb as it is, or all verbs of a kind.
        asked.append((" AND (verb = :what OR verb LIKE :what || '.%')", "what", wanted.what))
    if wanted.thing:
        asked.append((" AND thing = :thing", "thing", wanted.thing))
    if wanted.since is not None:
        asked.append((" AND at >= :since", "since", micros(wanted.since)))
    if wanted.until is not None:
        asked.append((" AND at < :until", "until", micros(wanted.until)))
    return "".join(text for text, _, _ in asked), {name: value for _, name, value in asked}


def _values(workspace_id: WorkspaceId, entry: Entry) -> dict[str, object]:
    return {
        "workspace_id": workspace_id,
        "number": entry.number,
        "at": micros(entry.at),
        "who": entry.by.who,
        "through": str(entry.by.through),
        "verb": str(entry.deed.verb),
        "thing": entry.deed.thing,
        "name": entry.deed.name,
        "before_json": entry.deed.before,
        "after_json": entry.deed.after,
        "seal": entry.seal,
    }


def _entry(row: Row) -> Entry:
    deed = Deed(
        verb=row["verb"],
        thing=row["thing"],
        name=row["name"],
        before=row["before_json"],
        after=row["after_json"],
    )
    by = By(who=row["who"], through=row["through"])
    return Entry(number=row["number"], at=_moment(row["at"]), by=by, deed=deed, seal=row["seal"])


def _moment(value: int) -> datetime:
    try:
        return instant(value)
    except OverflowError:
        return instant(0)  # somebody has changed it, and the seal will tell
