"""How the storage tests put things in and take them out, and wait for what other threads do."""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import pytest

from tests.builders import (
    DAY,
    DELIVERY_ID,
    MINUTE,
    NOON,
    SOURCE_ID,
    WORKSPACE_ID,
    a_booking,
    a_client,
    a_deed,
    a_dkim_key,
    a_frozen,
    a_kept_run,
    a_key,
    a_link,
    a_look,
    a_member,
    a_planned,
    a_reminder,
    a_session,
    a_settlement,
    a_source,
    a_suppression,
    a_workspace,
    an_account,
    an_event,
    an_external,
    an_inbound_call,
    an_invitation,
    an_inviter,
    an_outcome,
)
from tocsin.domain.delivery import Delivery, Settlement, State
from tocsin.domain.events import Event
from tocsin.domain.intervention import Deed, Intervention
from tocsin.domain.invite import Answered, Invitation
from tocsin.domain.limits import Buckets
from tocsin.domain.model import Booking, MeetingOutcome, Member, SchedulingLink, WorkspaceId
from tocsin.domain.plan import Planned
from tocsin.domain.recipients import RecipientSettings
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.rules import AutomationRule
from tocsin.services.ports import DeliveryFilter
from tocsin.services.ports_answers import Answer
from tocsin.services.ports_recipients import Meter, Overrides
from tocsin.storage.database import Connection, Database
from tocsin.storage.store import SqlStore, SqlTransaction

OTHER_ID = WorkspaceId("a0000000-0000-4000-8000-000000000002")
NASTY = "Zoë 👩‍💻 'single' \"double\" back\\slash 100% _ -- ; NULL :id %s %(id)s {for_update} {{x}}\n\tend"
MOMENT = NOON + timedelta(microseconds=123_457)

Thing = Member | SchedulingLink | MeetingOutcome | Booking | Event | AutomationRule | Planned | Invitation


_PUT: dict[type, Callable[[SqlTransaction, Any, datetime], object]] = {
    Member: lambda tx, thing, _: tx.members.put(thing),
    SchedulingLink: lambda tx, thing, _: tx.links.put(thing),
    MeetingOutcome: lambda tx, thing, now: tx.outcomes.put(thing, now=now),
    Booking: lambda tx, thing, _: tx.bookings.put(thing),
    Event: lambda tx, thing, _: tx.bookings.record(thing),
    AutomationRule: lambda tx, thing, _: tx.rules.put(thing),
    Planned: lambda tx, thing, now: tx.deliveries.add([thing], new_id=lambda: f"id of {thing.key}", now=now),
    Invitation: lambda tx, thing, _: tx.invitations.put(thing),
}


class OnPurposeError(Exception):
    """What a test raises where it wants something to fail."""


def keep(store: SqlStore, *things: Thing, workspace_id: WorkspaceId = WORKSPACE_ID, now: datetime = NOON) -> None:
    """Store all of `things` in one transaction."""
    with store.transaction(workspace_id) as tx:
        for thing in things:
            _PUT[type(thing)](tx, thing, now)


def undone(store: SqlStore, work: Callable[[SqlTransaction], object]) -> None:
    """Do `work` in a transaction that fails after it."""

    def fail() -> None:
        with store.transaction(WORKSPACE_ID) as tx:
            work(tx)
            raise OnPurposeError

    with pytest.raises(OnPurposeError):
        fail()


def delivery(store: SqlStore, key: str = "key-1", *, workspace_id: WorkspaceId = WORKSPACE_ID) -> Delivery:
    """Return the delivery that was planned with `key`."""
    with store.reading(workspace_id) as tx:
        found = tx.deliveries.get(f"id of {key}")
    assert found is not None
    return found


def states(store: SqlStore, *, workspace_id: WorkspaceId = WORKSPACE_ID) -> dict[str, State]:
    """Return the state of every delivery by its key."""
    with store.reading(workspace_id) as tx:
        found, _ = tx.deliveries.page(DeliveryFilter(), limit=1000, offset=0)
    return {one.id.removeprefix("id of "): one.state for one in found}


def claim(store: SqlStore, *, worker: str = "w1", now: datetime = NOON, limit: int = 1000) -> list[Delivery]:
    """Claim for a minute."""
    return store.queue.claim(worker=worker, now=now, lease_ends=now + MINUTE, limit=limit)


def claimed(store: SqlStore, *, worker: str = "w1", now: datetime = NOON, limit: int = 1000) -> list[str]:
    """Claim for a minute; return the keys of what was claimed, in order."""
    return [one.id.removeprefix("id of ") for one in claim(store, worker=worker, now=now, limit=limit)]


def settle(store: SqlStore, *settlements: Settlement, now: datetime = NOON) -> list[Settlement]:
    return store.queue.settle(settlements, now=now)


def fill(store: SqlStore, workspace_id: WorkspaceId, *, words: str) -> None:
    """Put something in every table for a workspace; all workspaces that are filled have the same ids."""
    booking = a_booking(client=a_client(name=words))
    with store.transaction(workspace_id) as tx:
        tx.workspaces.add(a_workspace(id=workspace_id, subdomain=words))
        tx.workspaces.add_key(a_key(id=f"key of {words}", workspace_id=workspace_id), "hash")
        tx.members.put(a_member(name=words))
        tx.links.put(a_link(name=words))
        tx.outcomes.put(an_outcome(name=words), now=NOON)
        tx.bookings.put(booking)
        tx.bookings.record(an_event(booking=booking))
        tx.rules.put(a_reminder(name=words))
        tx.rules.planned_until(a_reminder().id, after_id="b")
        tx.deliveries.add([a_planned()], new_id=lambda: DELIVERY_ID, now=NOON)
        tx.invitations.put(an_invitation(calendar=words))
        tx.invitations.answer(an_invitation(), Answered(rsvp=Rsvp.ACCEPTED, sequence=0, stamp=NOON, at=NOON))
        tx.sync.invited([(booking.id, words, an_inviter())])
        tx.answers.put("key", "digest", Answer(status=201, body=words), now=NOON)
        tx.suppressions.add(a_suppression(note=words))
        tx.recipients.put(RecipientSettings(address=words, time_zone=words, locale=words, updated_at=NOON))
        tx.usage.override(Overrides(domain=words))
        tx.usage.write({Meter(kind="recipient", name=words, window=DAY): Buckets(counts=((1, 1),))})
        tx.dkim_keys.add(a_dkim_key(public_record=words))
        tx.webhook_secrets.make(words, now=NOON)
        tx.inbound_counts.add(words, now=NOON)
        tx.accounts.add(an_account(email=f"{words}@example.com", workspace_id=workspace_id), "hash")
        tx.sessions.add(a_session(), "token")
        tx.sources.add(a_source(name=words))
        tx.sources.put_link(SOURCE_ID, "event type", a_link().id)
        tx.source_calls.put(an_inbound_call(sentence=words))
        tx.source_bookings.put(SOURCE_ID, an_external(booking_id=booking.id), is_waiting=False)
        tx.source_looks.put(a_look(trouble=words))
        made = Intervention(delivery_id=DELIVERY_ID, deed=Deed.PAUSED, by=words, at=NOON)
        tx.interventions.record(made, reason=words)
        tx.sign_ins.count("account", words, now=NOON, since=NOON)
        tx.dry_runs.add(a_kept_run(name=words))
        tx.audit.note(a_deed(name=words))
    (taken,) = claim(store)
    with store.transaction(workspace_id) as tx:
        tx.messages.freeze({taken.id: a_frozen(message=words.encode())})
    settle(store, a_settlement(taken))


def tables(connection: Connection) -> list[str]:
    """Return the names of all tables, as the database itself knows them."""
    statement = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        "postgresql": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    }[connection.dialect.name]
    return sorted(row["name"] for row in connection.rows(statement))


def rows(database: Database, workspace_id: WorkspaceId) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of a workspace in every table but that of the migrations."""
    found = {}
    with database.reading() as connection:
        for table in tables(connection):
            if table != "migrations":
                statement = f"SELECT * FROM {table} WHERE workspace_id = :workspace_id ORDER BY 1, 2, 3"
                taken = connection.rows(statement, workspace_id=workspace_id)
                found[table] = [tuple(row[name] for name in row.keys()) for row in taken]  # noqa: SIM118  sqlite3.Row
    return found


def in_threads(works: Iterable[Callable[[], object]]) -> list[Exception | None]:
    """Run each of `works` in a thread of its own; return what each raised, in order."""
    works = list(works)
    raised: list[Exception | None] = [None] * len(works)

    def run(place: int, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  the test looks at it
            raised[place] = error

    threads = [threading.Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def until(condition: Callable[[], object], *, limit_s: float = 60.0) -> None:
    """Wait until `condition` holds, for what nobody announces; fail if it never does."""
    ends = monotonic() + limit_s
    while not condition():
        assert monotonic() < ends, "what was waited for never came"
        threading.Event().wait(0.001)
