"""Deliveries before and after the meeting: planned, moved, dropped, and never early."""

from datetime import timedelta

import pytest

from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    OUTCOME_ID,
    SECOND,
    WORKSPACE_ID,
    a_booking,
    a_client,
)
from tests.journeys.world import ACCEPTED, EVERYBODY, GREYLISTED, Postbox, World
from tocsin.domain.delivery import Outcome, State
from tocsin.domain.events import EventKind
from tocsin.domain.letter import Envelope
from tocsin.domain.model import BookingId
from tocsin.services.automation import BATCH
from tocsin.workers import maintenance

BEFORE, AFTER = EventKind.BEFORE_MEETING_STARTS, EventKind.AFTER_MEETING_ENDS
TICK = timedelta(microseconds=1)


def test_a_reminder_is_planned_when_the_booking_is_confirmed(office: World) -> None:
    office.rule(BEFORE, before_or_after=HOUR)
    office.rule(AFTER, before_or_after=2 * HOUR)

    booking = office.book(ahead=DAY)

    assert office.delivery(BEFORE).due_at == booking.starts_at - HOUR
    assert office.delivery(AFTER).due_at == booking.ends_at + 2 * HOUR


def test_a_booking_that_awaits_approval_plans_nothing_until_it_is_approved(office: World) -> None:
    office.rule(BEFORE, before_or_after=HOUR)

    booking = office.book(awaits_approval=True)
    assert office.deliveries() == []
    office.change(booking, status="approved")

    assert office.states() == [State.SCHEDULED]


def test_nothing_is_sent_early_and_it_is_sent_at_the_very_moment(office: World) -> None:
    office.rule(BEFORE, before_or_after=HOUR)
    booking = office.book(ahead=DAY)

    office.go_to(booking.starts_at - HOUR - TICK)
    assert office.states() == [State.SCHEDULED]
    office.clock.advance(TICK)
    office.drain()

    assert office.states() == [State.SENT]


def test_an_offset_of_zero_is_due_at_the_start_and_at_the_end(office: World) -> None:
    office.rule(BEFORE, before_or_after=timedelta(0))
    office.rule(AFTER, before_or_after=timedelta(0))
    booking = office.book(ahead=DAY)

    office.go_to(booking.starts_at - TICK)
    assert office.states() == [State.SCHEDULED, State.SCHEDULED]
    office.go_to(booking.starts_at)
    assert office.states() == [State.SENT, State.SCHEDULED]
    office.go_to(booking.ends_at)

    assert office.states() == [State.SENT, State.SENT]


def test_a_rule_without_an_offset_has_the_default_one(office: World) -> None:
    office.rule(BEFORE)
    office.rule(AFTER)

    booking = office.book()

    assert [one.due_at for one in office.deliveries()] == [booking.starts_at - 30 * MINUTE, booking.ends_at]


def test_a_move_supersedes_the_old_reminder_and_plans_a_new_one(office: World) -> None:
    office.rule(BEFORE, before_or_after=HOUR)
    booking = office.book(ahead=DAY)

    moved = office.move(booking, by=DAY)

    old, new = office.deliveries()
    assert (old.state, old.reason) == (State.SUPERSEDED, "the booking changed; planned anew")
    assert (new.state, new.due_at) == (State.SCHEDULED, moved.starts_at - HOUR)
    office.go_to(moved.ends_at)
    assert office.states() == [State.SUPERSEDED, State.SENT]


def test_a_move_there_and_back_sends_one_reminder(office: World) -> None:
    office.rule(BEFORE, before_or_after=HOUR)
    booking = office.book(ahead=DAY)

    moved = office.move(booking, by=DAY)
    office.move(moved, by=-DAY)
    office.go_to(moved.ends_at)

    assert office.states() == [State.SENT, State.SUPERSEDED]


def test_a_reminder_that_was_sent_is_sent_anew_for_a_new_time_only(office: World) -> None:
    office.rule(BEFORE, before_or_after=HOUR)
    booking = office.book(ahead=DAY)
    office.go_to(booking.starts_at - HOUR)

    office.change(booking, place=a_booking().place, name="Eve Miller")
    office.drain()
    assert office.states() == [State.SENT]
    moved = office.move(booking, by=DAY)
    office.go_to(moved.ends_at)

    assert office.states() == [State.SENT, State.SENT]


@pytest.mark.parametrize("change", [{"name": "Eve Miller"}, {"time_zone": "Asia/Tokyo"}, {"outcome_id": OUTCOME_ID}])
def test_a_change_that_moves_nothing_does_not_send_a_reminder_twice(office: World, change: dict[str, str]) -> None:
    office.rule(BEFORE, before_or_after=HOUR)
    office.rule(AFTER)
    booking = office.book(ahead=DAY)

    for moment in (booking.starts_at - 2 * HOUR, booking.starts_at - HOUR, booking.ends_at, booking.ends_at + HOUR):
        office.go_to(moment)
        office.change(booking, **change)
    office.go_to(booking.ends_at + DAY)

    assert office.states() == [State.SENT, State.SENT]


def test_a_reminder_that_was_sent_is_not_sent_again_because_its_rule_says_something_else(
    office: World, postbox: Postbox
) -> None:
    rule = office.rule(BEFORE, before_or_after=2 * HOUR)
    booking = office.book(ahead=DAY)
    office.go_to(booking.starts_at - HOUR)

    office.edit_rule(rule, email_subject="In an hour")
    office.switch(rule, on=False)
    office.switch(rule, on=True)
    office.go_to(booking.ends_at)

    assert len(postbox.taken) == 1
    assert office.states() == [State.SENT]


@pytest.mark.parametrize("ending", ["cancelled", "rejected"])
def test_an_ended_booking_drops_its_reminders(office: World, ending: str) -> None:
    office.rule(BEFORE, before_or_after=HOUR)
    booking = office.book(awaits_approval=ending == "rejected")

    office.change(booking, status=ending)
    office.go_to(booking.ends_at)

    assert set(office.states()) <= {State.CANCELLED}
    assert office.deliveries() == [] or "cancelled first" in office.delivery().reason


def test_a_new_address_of_the_client_gets_the_reminder_and_the_old_one_does_not(office: World) -> None:
    office.rule(BEFORE, "{{client.email}}", before_or_after=HOUR)
    booking = office.book()

    office.change(booking, email="eve.miller@example.net")
    office.go_to(booking.ends_at)

    assert [(one.recipient, one.state) for one in office.deliveries()] == [
        ("eve@example.net", State.SUPERSEDED),
        ("eve.miller@example.net", State.SENT),
    ]


def test_a_rule_made_later_concerns_coming_bookings(office: World) -> None:
    over = office.book(ahead=HOUR)
    office.go_to(over.ends_at + SECOND)
    coming = office.book(ahead=DAY)
    cancelled = office.book(ahead=2 * DAY)
    office.cancel(cancelled)
    awaiting = office.book(ahead=3 * DAY, awaits_approval=True)

    office.rule(BEFORE, before_or_after=HOUR)
    office.rule(AFTER)

    assert {one.booking_id for one in office.deliveries()} == {coming.id}
    assert awaiting.id != coming.id


def test_a_rule_about_another_link_concerns_none(office: World) -> None:
    office.set_link(id="c0000000-0000-4000-8000-000000000009", sid="link009", slug="other")
    office.book(link_slug="other")

    office.rule(BEFORE)

    assert office.deliveries() == []


def test_a_deleted_rule_withdraws_what_waits_and_only_its_own(office: World) -> None:
    office.rule(BEFORE, "kept@example.org", before_or_after=HOUR)
    doomed = office.rule(BEFORE, "doomed@example.org", before_or_after=HOUR)
    booking = office.book()

    office.delete_rule(doomed)
    office.go_to(booking.ends_at)

    found = {one.recipient: (one.state, one.reason) for one in office.deliveries()}
    assert found["doomed@example.org"] == (State.CANCELLED, "the rule was deleted first")
    assert found["kept@example.org"][0] is State.SENT


def test_more_bookings_than_one_request_may_plan_are_planned_in_the_background(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx:
        for number in range(BATCH + 1):
            start = NOON + DAY + number * HOUR
            sid, name = f"n{number:06}", BookingId(f"{number:08}")
            tx.bookings.put(a_booking(id=name, sid=sid, uid=sid, starts_at=start, ends_at=start + HOUR))

    rule = office.rule(BEFORE, before_or_after=HOUR)
    assert len(office.deliveries()) == BATCH
    late = office.book(ahead=2 * DAY)
    more = [maintenance.tend(office.sender), maintenance.tend(office.sender)]

    assert more == [False, False]
    found = office.deliveries(rule_id=rule.id)
    assert len(found) == len({one.booking_id for one in found}) == BATCH + 2
    assert late.id in {one.booking_id for one in found}
    assert office.store.queue.unplanned_rules() == []


def test_a_rule_that_is_deleted_while_it_is_planned_is_planned_no_further(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx:
        for number in range(BATCH + 1):
            name = f"{number:08}"
            tx.bookings.put(a_booking(id=BookingId(name), sid=name, uid=name))
    rule = office.rule(BEFORE, before_or_after=HOUR)

    office.delete_rule(rule)

    assert maintenance.tend(office.sender) is False
    assert set(office.states()) == {State.CANCELLED}
    assert len(office.deliveries()) == BATCH


def test_a_late_reminder_is_sent_at_once_while_the_meeting_has_not_started(office: World) -> None:
    office.rule(BEFORE, before_or_after=DAY)

    office.book(ahead=10 * MINUTE)
    office.drain()

    assert office.states() == [State.SENT]


def test_a_reminder_for_a_meeting_that_has_started_is_recorded_as_expired(office: World) -> None:
    office.rule(BEFORE, before_or_after=DAY)

    booking = office.book(ahead=-10 * MINUTE)
    office.drain()

    found = office.delivery()
    assert (found.state, found.settled_at) == (State.EXPIRED, NOON)
    assert found.reason == f"it was due at {booking.starts_at - DAY:%Y-%m-%d %H:%M} UTC, too late when it was planned"


def test_a_mail_after_the_end_is_sent_up_to_a_day_late(office: World) -> None:
    office.rule(AFTER)
    in_time, too_late = office.book(ahead=HOUR, awaits_approval=True), office.book(ahead=HOUR, awaits_approval=True)

    office.clock.now = in_time.ends_at + DAY - SECOND
    office.change(in_time, status="approved")
    office.drain()
    office.clock.advance(SECOND)
    office.change(too_late, status="approved")
    office.drain()

    assert {one.booking_id: one.state for one in office.deliveries()} == {
        in_time.id: State.SENT,
        too_late.id: State.EXPIRED,
    }


def test_after_downtime_what_still_makes_sense_goes_out_and_the_rest_expires_with_a_reason(office: World) -> None:
    office.rule(BEFORE, before_or_after=2 * HOUR)
    office.rule(AFTER)
    started, to_come = office.book(ahead=3 * HOUR), office.book(ahead=6 * HOUR)

    office.clock.now = to_come.starts_at - HOUR
    office.drain()

    found = {(one.booking_id, one.event): one for one in office.deliveries()}
    assert found[started.id, BEFORE].state is State.EXPIRED
    assert found[started.id, BEFORE].reason == f"not sent by {started.starts_at:%Y-%m-%d %H:%M} UTC"
    assert found[started.id, AFTER].state is State.SENT
    assert found[to_come.id, BEFORE].state is State.SENT
    assert found[to_come.id, AFTER].state is State.SCHEDULED


def test_addresses_that_are_the_same_are_written_to_once(office: World) -> None:
    emails = ("eve@EXAMPLE.net", "{{client.email}}", "ada@example.org", "ada@Example.Org", "{{host.email}}")
    office.rule(BEFORE, *emails, before_or_after=HOUR)

    office.book(client=a_client(email="eve@example.net"))

    assert [one.recipient for one in office.deliveries()].count("ada@example.org") == 1
    assert sorted(one.recipient for one in office.deliveries()) == [
        "ada@example.org",
        "eve@EXAMPLE.net",
        "oliver@example.com",
    ]


def test_what_happens_after_the_meeting_does_not_plan_a_rule_that_was_made_after_it(office: World) -> None:
    booking = office.book(ahead=HOUR)
    office.go_to(booking.ends_at + HOUR)
    office.rule(AFTER)
    office.rule(BEFORE)

    office.change(booking, no_show=True, outcome_id=OUTCOME_ID)
    office.drain()

    assert office.deliveries() == []


def test_a_text_is_rendered_from_the_booking_as_it_is_when_it_is_sent(office: World, postbox: Postbox) -> None:
    office.rule(BEFORE, *EVERYBODY, before_or_after=HOUR, email_subject="{{client.name}}")
    booking = office.book()

    office.change(booking, name="Eve Miller")
    office.go_to(booking.starts_at)

    assert office.states() == [State.SENT] * 3
    assert all(b"Subject: Eve Miller\r\n" in one.message for one in postbox.taken)


# Several moments of one rule


def test_each_of_several_reminders_is_sent_at_its_moment(office: World, postbox: Postbox) -> None:
    rule = office.rule(BEFORE, before_or_after=HOUR)
    office.set_offsets(rule, 12 * HOUR, HOUR, 10 * MINUTE)
    booking = office.book()
    sent = []

    def answer(_envelope: Envelope) -> Outcome:
        sent.append(booking.starts_at - office.clock())
        return ACCEPTED

    postbox.answer = answer
    office.go_to(booking.starts_at)

    assert sent == [12 * HOUR, HOUR, 10 * MINUTE]


def test_after_a_downtime_only_the_latest_of_several_reminders_is_sent(office: World, postbox: Postbox) -> None:
    rule = office.rule(BEFORE, before_or_after=HOUR)
    office.set_offsets(rule, 12 * HOUR, HOUR, 10 * MINUTE)
    booking = office.book()

    office.clock.now = booking.starts_at - 5 * MINUTE
    office.drain()

    assert office.states() == [State.EXPIRED, State.EXPIRED, State.SENT]
    assert len(postbox.taken) == 1


def test_a_reminder_that_is_tried_again_gives_way_to_one_that_a_change_of_the_rule_has_put_after_it(
    office: World, postbox: Postbox
) -> None:
    rule = office.rule(BEFORE, before_or_after=HOUR)
    booking = office.book()
    postbox.answer = lambda _envelope: GREYLISTED
    office.clock.now = booking.starts_at - HOUR
    office.drain()

    office.set_offsets(rule, HOUR, 10 * MINUTE)
    office.clock.now = booking.starts_at - 10 * MINUTE
    postbox.answers()
    office.go_to(booking.starts_at)

    assert office.states() == [State.EXPIRED, State.SENT]
