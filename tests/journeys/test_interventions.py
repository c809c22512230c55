"""Paused is not sent, resumed is, skipped never is: through a real SMTP dialogue, and whatever becomes of booking and rule."""

from collections.abc import Callable

import pytest

from tests.builders import DAY, HOUR, MINUTE, SECOND, WORKSPACE_ID, a_client, an_action
from tests.calendars import read
from tests.journeys.world import GREYLISTED, Postbox, World
from tests.smtp_server import Sink
from tocsin.domain.delivery import Cause, Delivery, State
from tocsin.domain.errors import ConflictError
from tocsin.domain.events import EventKind
from tocsin.services import interventions
from tocsin.services.explain import explain
from tocsin.services.ports import DeliveryFilter
from tocsin.workers import maintenance

CONFIRMED, MOVED, CANCELLED = EventKind.BOOKING_CONFIRMED, EventKind.BOOKING_RESCHEDULED, EventKind.BOOKING_CANCELLED
BEFORE, AFTER = EventKind.BEFORE_MEETING_STARTS, EventKind.AFTER_MEETING_ENDS
ANN, BOB = "ann@example.com", "bob@example.org"


def do(world: World, deed: Callable[..., Delivery], delivery: Delivery, by: str = ANN) -> Delivery:
    with world.store.transaction(WORKSPACE_ID) as tx:
        return deed(tx, delivery.id, by=by, now=world.clock())


def pause(world: World, delivery: Delivery) -> Delivery:
    return do(world, interventions.pause, delivery)


def resume(world: World, delivery: Delivery) -> Delivery:
    return do(world, interventions.resume, delivery)


def skip(world: World, delivery: Delivery) -> Delivery:
    return do(world, interventions.skip, delivery)


def steps(world: World, delivery: Delivery) -> list[str]:
    with world.store.reading(WORKSPACE_ID) as tx:
        why = explain(tx, delivery.booking_id)
    (found,) = (one for rule in why.rules for one in rule.deliveries if one.delivery.id == delivery.id)
    return [step.sentence for step in found.steps]


def waiting(world: World, **wanted: str) -> list[Delivery]:
    """Return what is open, as it now is."""
    with world.store.reading(WORKSPACE_ID) as tx:
        found, _ = tx.deliveries.page(DeliveryFilter(**wanted), limit=100, offset=0)
    return sorted((one for one in found if one.settled_at is None), key=lambda one: one.due_at)


def test_paused_is_not_sent_and_resumed_is(world: World, sink: Sink) -> None:
    world.rule(BEFORE, before_or_after=2 * HOUR)
    booking = world.book(ahead=DAY)
    reminder = pause(world, world.delivery(BEFORE))
    assert reminder.reason == "paused by ann@example.com at 2026-11-24 12:00 UTC"

    world.go_to(booking.starts_at - HOUR)
    assert sink.messages == []
    assert world.states() == [State.PAUSED]
    resume(world, reminder)
    world.drain()

    assert [one.recipient for one in sink.messages] == ["ada@example.org"]
    assert world.states() == [State.SENT]
    told = steps(world, reminder)
    assert told[1:3] == ["paused by ann@example.com", "resumed by ann@example.com"]


def test_resumed_in_time_is_sent_at_its_own_moment(world: World, sink: Sink) -> None:
    world.rule(BEFORE, before_or_after=2 * HOUR)
    booking = world.book(ahead=DAY)
    resume(world, pause(world, world.delivery(BEFORE)))

    world.go_to(booking.starts_at - 2 * HOUR - SECOND)
    assert sink.messages == []
    world.go_to(booking.starts_at - 2 * HOUR)

    assert len(sink.messages) == 1


def test_skipped_is_never_sent_whatever_is_planned_anew(world: World, sink: Sink) -> None:
    rule = world.rule(BEFORE, before_or_after=2 * HOUR)
    booking = world.book(ahead=DAY)
    reminder = skip(world, world.delivery(BEFORE))
    assert (reminder.state, reminder.reason) == (State.CANCELLED, "skipped by ann@example.com")

    world.change(booking, name="Eve Miller", place=booking.place)
    world.edit_rule(rule, email_subject="Another")
    world.switch(rule, on=False)
    world.switch(rule, on=True)
    world.go_to(booking.ends_at)

    assert sink.messages == []
    assert world.states() == [State.CANCELLED]
    assert steps(world, reminder)[1:] == [
        "skipped by ann@example.com",
        "ended as cancelled: skipped by ann@example.com",
    ]


def test_a_paused_message_holds_up_nothing_that_comes_later(world: World, sink: Sink) -> None:
    world.rule(CONFIRMED)
    world.rule(MOVED)
    booking = world.book(ahead=DAY)
    invite = pause(world, world.delivery(CONFIRMED))
    world.rule(BEFORE, before_or_after=HOUR)

    world.go_to(booking.starts_at - HOUR)

    assert world.states(BEFORE) == [State.SENT]
    resume(world, invite)
    world.drain()
    assert world.states(CONFIRMED) == [State.SENT]
    found = [read(one.message) for one in sink.messages]
    assert [(one.uid, one.sequence) for one in found] == [(booking.uid, 0), (booking.uid, 0)]


def test_a_paused_invite_makes_way_for_the_move_and_is_not_sent(world: World, sink: Sink) -> None:
    world.rule(CONFIRMED)
    world.rule(MOVED)
    booking = world.book(ahead=DAY)
    pause(world, world.delivery(CONFIRMED))

    world.move(booking)
    world.drain()

    assert world.states(CONFIRMED) == [State.SUPERSEDED]
    assert len(sink.messages) == 1


def test_a_paused_invite_that_made_way_is_paused_again_when_the_move_is_skipped(office: World) -> None:
    office.rule(CONFIRMED)
    office.rule(MOVED)
    booking = office.book(ahead=DAY)
    invite = pause(office, office.delivery(CONFIRMED))
    office.move(booking)

    skip(office, office.delivery(MOVED))

    assert office.delivery(CONFIRMED).reason == invite.reason
    assert office.states(CONFIRMED) == [State.PAUSED]


def test_what_had_made_way_goes_after_all_when_the_newer_is_skipped(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED)
    office.rule(MOVED)
    office.move(office.book(ahead=DAY))
    skip(office, office.delivery(MOVED))

    office.drain()

    assert office.states(CONFIRMED) == [State.SENT]
    assert len(postbox.taken) == 1


def test_a_paused_reminder_stays_paused_when_the_booking_moves_there_and_back(office: World) -> None:
    office.rule_with(BEFORE, an_action(emails=("ada@example.org", BOB)), offsets=(DAY, HOUR))
    booking = office.book(ahead=3 * DAY)
    first = next(one for one in office.deliveries() if one.recipient == BOB)
    pause(office, first)

    moved = office.move(booking, by=DAY)
    now_open = waiting(office)
    assert [(one.recipient, one.due_at) for one in now_open if one.state is State.PAUSED] == [
        (BOB, moved.starts_at - DAY)
    ]
    assert len(now_open) == 4
    office.move(moved, by=-DAY)

    assert [(one.id, one.reason) for one in waiting(office) if one.state is State.PAUSED] == [
        (first.id, "paused by ann@example.com at 2026-11-24 12:00 UTC")
    ]


def test_a_paused_reminder_stays_paused_when_its_rule_gets_another_offset(office: World) -> None:
    rule = office.rule(BEFORE, before_or_after=HOUR)
    booking = office.book(ahead=3 * DAY)
    pause(office, office.delivery(BEFORE))

    office.set_offsets(rule, 2 * HOUR)

    assert [(one.state, one.due_at) for one in waiting(office)] == [(State.PAUSED, booking.starts_at - 2 * HOUR)]


def test_a_new_offset_is_not_paused_beside_one_that_is(office: World) -> None:
    rule = office.rule(BEFORE, before_or_after=HOUR)
    office.book(ahead=3 * DAY)
    pause(office, office.delivery(BEFORE))

    office.set_offsets(rule, 2 * HOUR, HOUR)

    assert [one.state for one in waiting(office)] == [State.SCHEDULED, State.PAUSED]


def test_a_pause_goes_over_to_the_client_s_new_address(office: World) -> None:
    office.rule(BEFORE, "{{client.email}}", before_or_after=HOUR)
    office.rule(CONFIRMED, "{{client.email}}")
    booking = office.book(ahead=3 * DAY)
    for one in waiting(office):
        pause(office, one)

    office.change(booking, email="mended@example.net")

    assert [(one.recipient, one.state) for one in waiting(office)] == [("mended@example.net", State.PAUSED)] * 2


@pytest.mark.parametrize("end", ["cancel", "off", "delete"])
def test_what_is_paused_ends_with_its_booking_and_its_rule(office: World, end: str) -> None:
    rule = office.rule(BEFORE, before_or_after=HOUR)
    booking = office.book(ahead=3 * DAY)
    pause(office, office.delivery(BEFORE))

    deeds: dict[str, Callable[[], object]] = {
        "cancel": lambda: office.cancel(booking),
        "off": lambda: office.switch(rule, on=False),
        "delete": lambda: office.delete_rule(rule),
    }
    deeds[end]()

    assert office.states() == [State.CANCELLED]


def test_what_is_resumed_too_late_expires_with_its_reason(office: World) -> None:
    office.rule(BEFORE, before_or_after=HOUR)
    office.rule(AFTER, before_or_after=HOUR)
    booking = office.book(ahead=DAY)
    before, after = (pause(office, one) for one in office.deliveries())

    office.clock.now = booking.starts_at
    assert resume(office, before).state is State.EXPIRED
    office.clock.now = booking.ends_at + 20 * HOUR
    assert resume(office, after).state is State.SCHEDULED
    office.drain()

    assert office.states() == [State.EXPIRED, State.SENT]
    assert "and not resumed by" in office.delivery(BEFORE).reason


def test_what_nobody_resumes_expires_by_itself(office: World) -> None:
    office.rule(BEFORE, before_or_after=HOUR)
    booking = office.book(ahead=DAY)
    pause(office, office.delivery(BEFORE))

    office.clock.now = booking.starts_at - SECOND
    maintenance.tend(office.sender)
    assert office.states() == [State.PAUSED]
    office.clock.now = booking.starts_at
    maintenance.tend(office.sender)

    assert office.states() == [State.EXPIRED]


def test_a_paused_update_takes_further_moves_in_and_yields_to_the_end(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, keep_in_sync=True)
    booking = office.book(ahead=5 * DAY)
    office.drain()
    booking = office.move(booking, by=DAY)
    update = pause(office, next(one for one in office.deliveries() if one.cause is Cause.KEEP_IN_SYNC))

    booking = office.move(booking, by=DAY)
    office.go_to(office.clock() + HOUR)
    assert [(one.id, one.state) for one in waiting(office)] == [(update.id, State.PAUSED)]
    assert len(postbox.taken) == 1
    office.cancel(booking)
    office.drain()

    assert [read(one.message).method for one in postbox.taken] == ["REQUEST", "CANCEL"]
    assert waiting(office) == []


def test_an_update_that_keeps_an_invite_true_cannot_be_skipped(office: World) -> None:
    office.rule(CONFIRMED, keep_in_sync=True)
    booking = office.book(ahead=5 * DAY)
    office.drain()
    office.move(booking, by=DAY)
    update = next(one for one in office.deliveries() if one.cause is Cause.KEEP_IN_SYNC)

    with pytest.raises(ConflictError, match="keeps an invite true"):
        skip(office, update)

    resume(office, pause(office, update))
    office.go_to(office.clock() + MINUTE)
    assert office.states()[-1] is State.SENT


def test_a_skipped_message_of_a_rule_does_not_keep_its_recipient_from_being_told(
    office: World, postbox: Postbox
) -> None:
    office.rule(CONFIRMED, keep_in_sync=True)
    office.rule(CANCELLED)
    booking = office.book(ahead=5 * DAY)
    office.drain()
    office.cancel(booking)

    skip(office, next(one for one in office.deliveries() if one.event is CANCELLED and one.cause is Cause.RULE_FIRED))
    office.go_to(office.clock() + MINUTE)

    assert [read(one.message).method for one in postbox.taken] == ["REQUEST", "CANCEL"]


def test_what_is_to_be_tried_again_can_be_paused_and_skipped(office: World, postbox: Postbox) -> None:
    postbox.answers(GREYLISTED)
    office.rule(CONFIRMED)
    office.book(client=a_client())
    office.drain()

    invite = pause(office, office.delivery())
    assert resume(office, invite).state is State.RETRYING
    skip(office, invite)
    office.go_to(office.clock() + DAY)

    assert len(postbox.taken) == 0
    assert office.states() == [State.CANCELLED]
