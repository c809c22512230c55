"""A21: a row that holds what no version of Tocsin has written harms nobody but whom it is about.

Each column of each table in turn is set to nothing, to the most, and to garbage, in a row of one workspace. What the
database itself refuses is no case. Meanwhile a message of another workspace has to leave, and its pages have to open.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.faces.client import Client, an_action
from tests.faces.dry_runs import workspace_of
from tests.storage.shelf import tables
from tests.torture.rig import Rig
from tests.torture.tenants import Tenant, settled, some
from tocsin.api import app as api
from tocsin.domain.model import WorkspaceId
from tocsin.services import limits
from tocsin.storage.sqlite import SqliteDatabase

VALUES: dict[str, object] = {
    "nothing": None,
    "the most": 2**63 - 1,
    "less than none": -1,
    "much": "x" * 100_000,
    "garbage": "{\u202e{{garbage}}\x00",
    "empty": "",
    "another structure": '[{"type": "none", "value": null}]',
}
ROUNDS = 5  # times that a lease may lapse before a message of somebody else has left
MOST_ROUNDS = 100  # until there is nothing to take: what was in hand at a failure is tried alone
# One damaged row stands for all workspaces, or says who is asked.
OF_ALL = {"migrations"}


@dataclass(frozen=True, slots=True)
class Damage:
    """What a column of the newest row of a table is set to."""

    table: str
    column: str
    value: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} {self.value}"


def damages(database: SqliteDatabase) -> Iterator[Damage]:
    with database.reading() as connection:
        for table in tables(connection):
            if table not in OF_ALL:
                for row in connection.rows(f"SELECT name FROM pragma_table_info('{table}')"):
                    yield from (Damage(table, row["name"], value) for value in VALUES)


@contextmanager
def damaged(database: SqliteDatabase, damage: Damage, workspace_id: str) -> Iterator[bool]:
    """Damage the newest row of a workspace until the end of the block; give whether the database takes it."""
    execute, table, column = database._writer.execute, damage.table, damage.column
    newest = f"SELECT rowid, {column} FROM {table} WHERE workspace_id = ? ORDER BY rowid DESC LIMIT 1"
    rowid, former = execute(newest, (workspace_id,)).fetchone() or (None, None)
    change = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"
    try:
        is_damaged = execute(change, (VALUES[damage.value], rowid)).rowcount == 1
    except sqlite3.Error:
        is_damaged = False
    yield is_damaged
    if is_damaged:
        try:
            execute(change, (former, rowid))
        except sqlite3.IntegrityError:  # meanwhile another row was written in its place
            execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))


def sent_elsewhere(neighbour: Client, number: int) -> bool:
    """Book in another workspace, and tell whether its message leaves within a few rounds of a worker."""
    email = f"eve-{number}@elsewhere.example"
    neighbour.book(meeting_slug="elsewhere", email=email, **tomorrow(neighbour))
    for _ in range(ROUNDS):
        _drained(neighbour)
        if any(one.recipient == email for one in neighbour.letterbox.envelopes):
            return True
        neighbour.clock.advance(timedelta(minutes=6))  # longer than a lease
    return False


def _drained(client: Client) -> None:
    """Deliver in rounds, as a worker does: one that fails is followed by the next, which takes what is left."""
    for _ in range(MOST_ROUNDS):
        with suppress(Exception):
            client.drain()
            return


def tomorrow(client: Client) -> dict[str, object]:
    return {"slot_date": f"{client.clock() + timedelta(days=1):%Y-%m-%d}", "override_availability": True}


def broken_listings(neighbour: Tenant) -> Iterator[str]:
    """Yield what of another workspace does not open."""
    for version, route in api.table():
        if route.method == "GET" and version.number == 2 and "{" not in route.path and route.path != "/invitations":
            answer = asked(neighbour.client, version.path(route.path))
            yield from [] if answer == 200 else [f"{route.path} {answer}"]


def asked(client: Client, path: str) -> int:
    headers = [("Host", client.host), ("X-Api-Key", client.key)]
    return client.line.call("GET", path, None, headers).status_code


def test_a_damaged_row_harms_no_other_workspace_and_stops_no_worker(sqlite_client: Client, rig: Rig) -> None:
    client, other = sqlite_client, sqlite_client.neighbour()
    settled(client)
    neighbour = settled(other)
    other.a_rule(other.a_link(slug="elsewhere"), actions=[an_action(emails=["{{client.email}}"])])
    # Without limits, so that no crowd waits for them: of a crowd each is tried alone, which takes long.
    with client.app.store.transaction(WorkspaceId(workspace_of(client))) as tx:
        limits.override(tx, workspace="", recipient="", domain="", now=client.clock())
    database = client.app.store._database
    assert isinstance(database, SqliteDatabase)
    database._writer.execute("PRAGMA foreign_keys=OFF")
    every = list(damages(database))
    wrong, number, refused = list[str](), 0, 0

    for damage in every[:: rig.size(quick=29, nightly=1)]:
        client.book(meeting_slug="slug-acme", **tomorrow(client))
        with damaged(database, damage, workspace_of(client)) as is_damaged:
            refused += not is_damaged
            if is_damaged:
                number += 1
                wrong += [] if sent_elsewhere(other, number) else [f"{damage}: nothing leaves"]
                wrong += [f"{damage}: {one}" for one in broken_listings(neighbour)]

    assert number + refused == len(every[:: rig.size(quick=29, nightly=1)])
    found = f"{len(wrong)} times others were harmed by {number:,} damaged rows; {refused:,} more the database refuses"
    rig.found("A21", f"{found}{some(wrong)}", is_met=not wrong)


@pytest.mark.parametrize("column", ["event", "due_at", "cause", "action", "created_at"])
def test_a_delivery_that_cannot_be_read_is_set_aside_and_the_others_are_sent_and_shown(
    sqlite_client: Client, column: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = sqlite_client
    client.a_rule(client.a_link(), actions=[an_action(emails=["{{client.email}}"])])
    client.book(email="broken@example.net")
    client.book(email="whole@example.net", override_availability=True)
    database = client.app.store._database
    assert isinstance(database, SqliteDatabase)
    database._writer.execute(f"UPDATE deliveries SET {column} = '\u202egarbage' WHERE recipient = 'broken@example.net'")

    client.drain()
    shown = client.v2.get("/deliveries").json()["deliveries"]

    assert [one.recipient for one in client.letterbox.envelopes] == ["whole@example.net"]
    assert [one["recipient"] for one in shown] == ["whole@example.net"]
    (row,) = database._writer.execute("SELECT state, reason FROM deliveries WHERE recipient = 'broken@example.net'")
    assert tuple(row) == ("failed", "its row in the database cannot be read; the log says what is wrong with it")
    assert "cannot be read: " in caplog.text
    assert "\u202e" not in caplog.text


@pytest.mark.parametrize("change", ["rule_id = 'other'", "conditions = '{'", "actions = '[]'", "actions = '[5]'"])
def test_of_a_rule_that_cannot_be_read_as_it_was_nothing_leaves_and_everything_else_does(
    sqlite_client: Client, change: str
) -> None:
    client = sqlite_client
    link = client.a_link()
    broken = client.a_rule(link, actions=[an_action(emails=["broken@example.org"])])
    client.a_rule(link, name="Whole", actions=[an_action(emails=["whole@example.org"])])
    client.book()
    database = client.app.store._database
    assert isinstance(database, SqliteDatabase)
    database._writer.execute("PRAGMA foreign_keys=OFF")
    database._writer.execute(f"UPDATE rule_revisions SET {change} WHERE rule_id = ?", (broken["id"],))

    client.drain()
    shown = {one["recipient"]: one for one in client.v2.get("/deliveries").json()["deliveries"]}

    assert [one.recipient for one in client.letterbox.envelopes] == ["whole@example.org"]
    assert shown["broken@example.org"]["state"] == "failed"
    assert "is not in the database, or cannot be read" in str(shown["broken@example.org"])
