"""A store that a restore has brought back: what may have left is not sent by itself, and calendars follow what comes next."""

import pytest

from tests.builders import DAY, HOUR, MINUTE, WORKSPACE_ID, a_session, an_account, an_inbound_call
from tests.calendars import read
from tests.journeys.world import GREYLISTED, Postbox, World
from tocsin.domain.delivery import Delivery, State
from tocsin.domain.errors import ConflictError
from tocsin.domain.events import EventKind
from tocsin.domain.restore import GAP, HELD
from tocsin.domain.sources.source import CallState
from tocsin.services import interventions, restore
from tocsin.services.explain import explain

CONFIRMED, CANCELLED = EventKind.BOOKING_CONFIRMED, EventKind.BOOKING_CANCELLED
BEFORE = EventKind.BEFORE_MEETING_STARTS
ANN = "ann@example.com"


def restored(world: World) -> dict[str, int]:
    """Let the store be what a restore has brought back an hour later."""
    world.clock.now += HOUR
    return restore.quarantine(world.sender, taken_at=world.clock() - HOUR)


def held(world: World) -> list[Delivery]:
    with world.store.reading(WORKSPACE_ID) as tx:
        found = tx.held.page(limit=100)
        assert tx.held.number() == len(found)
    return found


def take_as_sent(world: World, delivery: Delivery) -> Delivery:
    with world.store.transaction(WORKSPACE_ID) as tx:
        return restore.take_as_sent(tx, world.sender, delivery.id, by=ANN, now=world.clock())


def send(world: World, delivery: Delivery) -> Delivery:
    with world.store.transaction(WORKSPACE_ID) as tx:
        return restore.send(tx, delivery.id, by=ANN, now=world.clock())


def claim(world: World) -> list[Delivery]:
    now = world.clock()
    return world.store.queue.claim(worker="w", now=now, lease_ends=now + MINUTE, limit=10)


def test_what_was_due_is_held_and_what_comes_later_is_sent(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED)
    office.rule(BEFORE, before_or_after=2 * HOUR)
    booking = office.book(ahead=DAY)

    assert restored(office) == {"acme": 1}
    office.go_to(booking.starts_at - 3 * HOUR)

    assert [one.event for one in held(office)] == [CONFIRMED]
    assert held(office)[0].reason.startswith(HELD)
    assert postbox.handed == []
    office.go_to(booking.starts_at)
    assert [one.event for one in office.deliveries(state="sent")] == [BEFORE]


def test_what_was_on_its_way_or_waited_for_its_next_try_is_held_too(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, "ada@example.org", "bob@example.org")
    office.book()
    postbox.answers(GREYLISTED)
    office.drain()
    office.book()
    assert len(claim(office)) == 2

    assert restored(office) == {"acme": 3}
    assert office.states().count(State.PAUSED) == 3
    office.drain()
    assert len(postbox.taken) == 1


def test_what_a_person_has_paused_stays_his(office: World) -> None:
    office.rule(CONFIRMED)
    office.book()
    with office.store.transaction(WORKSPACE_ID) as tx:
        interventions.pause(tx, office.delivery().id, by=ANN, now=office.clock())

    assert restored(office) == {"acme": 0}
    assert office.delivery().reason.startswith("paused by ann@example.com")


def test_taken_as_sent_nothing_leaves_and_the_cancellation_reaches_the_same_entry(
    office: World, postbox: Postbox
) -> None:
    office.rule(CONFIRMED, keep_in_sync=True)
    booking = office.book()
    restored(office)

    done = take_as_sent(office, held(office)[0])
    office.drain()

    assert (done.state, done.reason) == (State.SENT, f"taken as sent before the restore, by {ANN}")
    assert postbox.handed == []
    assert office.invitation(booking).is_held
    with office.store.reading(WORKSPACE_ID) as tx:
        (told,) = (one for rule in explain(tx, booking.id).rules for one in rule.deliveries)
    assert f"taken as sent by {ANN}" in [step.sentence for step in told.steps]
    office.cancel(booking)
    office.drain()
    (withdrawal,) = [read(one.message) for one in postbox.taken]
    assert (withdrawal.method, withdrawal.uid) == ("CANCEL", booking.uid)
    assert withdrawal.sequence > GAP


def test_sent_after_all_it_has_a_number_that_was_never_used(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, keep_in_sync=True)
    booking = office.book()
    restored(office)

    office.clock.now += MINUTE
    send(office, held(office)[0])
    office.drain()
    office.move(booking)
    office.go_to(office.clock() + MINUTE)

    first, second = (read(one.message) for one in postbox.taken)
    assert (first.sequence, second.sequence) == (GAP, GAP + 1)
    assert first.uid == second.uid == booking.uid


def test_what_was_written_before_the_backup_is_sent_as_the_same_bytes(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED)
    office.book()
    postbox.answers(GREYLISTED)
    office.drain()
    restored(office)

    send(office, held(office)[0])
    office.drain()

    assert len(postbox.handed) == 2
    assert postbox.handed[0].message == postbox.handed[1].message


def test_a_reminder_of_the_entry_that_he_holds_is_the_same_entry_and_a_change_jumps(
    office: World, postbox: Postbox
) -> None:
    office.rule(CONFIRMED, keep_in_sync=True)
    office.rule(BEFORE, before_or_after=2 * HOUR)
    booking = office.book(ahead=DAY)
    office.drain()
    restored(office)

    office.go_to(booking.starts_at - HOUR)
    office.cancel(booking)
    office.drain()

    assert [read(one.message).sequence for one in postbox.taken] == [0, 0, GAP + 1]


def test_a_rule_that_was_still_being_planned_does_not_send_what_may_have_left(office: World, postbox: Postbox) -> None:
    office.book(ahead=HOUR * 3)
    rule = office.rule(BEFORE, before_or_after=4 * HOUR)
    first = office.delivery()
    with office.store.transaction(WORKSPACE_ID) as tx:
        tx.deliveries.drop_timed(
            [first.booking_id], keep=(), now=office.clock(), reason="as if it were not planned yet"
        )
        tx.rules.planned_until(rule.id, after_id="")

    assert restored(office) == {"acme": 1}
    office.drain()
    assert postbox.handed == []


def test_what_sources_have_reported_and_everybody_who_is_signed_in_waits_for_a_person(office: World) -> None:
    call = an_inbound_call(state=CallState.NEW, next_at=office.clock())
    with office.store.transaction(WORKSPACE_ID) as tx:
        tx.source_calls.put(call)
        tx.accounts.add(an_account(), "")
        tx.sessions.add(a_session(), "hash")
    restored(office)

    with office.store.reading(WORKSPACE_ID) as tx:
        kept = tx.source_calls.get(call.source_id, call.id)
        workspace = tx.workspaces.by_id(WORKSPACE_ID)
        entries = tx.audit.after(0, limit=10)
    assert kept is not None
    assert (kept.state, kept.next_at) == (CallState.FAILED, None)
    assert "replay it" in kept.sentence
    assert workspace is not None
    assert workspace.restored_at == office.clock()
    assert "workspace.restored" in [entry.deed.verb for entry in entries]


def test_a_change_that_was_about_to_be_told_is_held_too(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, keep_in_sync=True)
    booking = office.book()
    office.drain()
    office.move(booking)
    office.clock.now += MINUTE / 60

    assert restore.quarantine(office.sender, taken_at=None) == {"acme": 1}
    office.go_to(office.clock() + HOUR)
    assert len(postbox.handed) == 1


def test_only_what_is_held_can_be_decided_about(office: World) -> None:
    office.rule(CONFIRMED)
    office.book()
    waiting = office.delivery()

    for deed in (take_as_sent, send):
        with pytest.raises(ConflictError, match="no restore holds this delivery; it is scheduled"):
            deed(office, waiting)


def test_a_message_that_is_too_late_ends_as_such_and_not_as_sent(office: World) -> None:
    office.rule(BEFORE, before_or_after=2 * HOUR)
    office.book(ahead=2 * HOUR + MINUTE)
    restored(office)
    office.clock.now += DAY

    assert take_as_sent(office, held(office)[0]).state is State.EXPIRED


def test_what_does_not_fit_together_is_told(office: World) -> None:
    office.rule(CONFIRMED)
    office.book()
    office.drain()
    with office.store.reading(WORKSPACE_ID) as tx:
        assert tx.held.misfits() == []

    with office.store._database.transaction() as connection:
        connection.run("UPDATE deliveries SET settled_at = NULL WHERE state = 'sent'")
        connection.run("UPDATE invitations SET held_sequence = sequence + 1")
        connection.run("UPDATE messages SET delivery_id = 'x'")
        connection.run("UPDATE attempts SET delivery_id = 'x'")
        connection.run("UPDATE invitations SET booking_id = 'x'")
    with office.store.reading(WORKSPACE_ID) as tx:
        assert [one.split(" ", 1)[1] for one in tx.held.misfits()] == [
            "deliveries that are neither open nor ended",
            "attempts without their delivery",
            "messages without their delivery",
            "invitations whose recipients hold what they were never told",
            "invitations without their booking",
        ]
