"""keep_in_sync: whoever was invited by such an action is told of what happens later, once, whatever became of the rule."""

import pytest

from tests.builders import DAY, HOUR, MINUTE, SECOND, WORKSPACE_ID
from tests.calendars import ReceivedInvite, read
from tests.journeys.world import (
    GREYLISTED,
    MAIL_FROM,
    NO_ANSWER,
    REFUSED,
    SECOND_HOST,
    Postbox,
    World,
)
from tocsin.domain.conditions import Condition, Field, Operator
from tocsin.domain.delivery import Cause, Outcome, State
from tocsin.domain.events import EventKind
from tocsin.domain.letter import Envelope
from tocsin.domain.model import BookingId, Place
from tocsin.domain.opt_out import OptOut
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.rules import AutomationRule
from tocsin.domain.sync import LONGEST_SETTLE, SETTLE
from tocsin.services import consent
from tocsin.services.automation import BATCH
from tocsin.workers import maintenance

CONFIRMED, RESCHEDULED = EventKind.BOOKING_CONFIRMED, EventKind.BOOKING_RESCHEDULED
CANCELLED, REMOVED = EventKind.BOOKING_CANCELLED, EventKind.RECIPIENT_REMOVED
ADA, BOB = "ada@example.org", "bob@example.org"


def a_keeping_rule(office: World, *emails: str) -> AutomationRule:
    return office.rule(CONFIRMED, *(emails or (ADA,)), keep_in_sync=True)


def taken(postbox: Postbox) -> list[ReceivedInvite]:
    return [read(envelope.message) for envelope in postbox.taken]


def settle(office: World) -> None:
    office.go_to(office.clock() + LONGEST_SETTLE)


def syncs(office: World) -> list[tuple[EventKind, State]]:
    return [(one.event, one.state) for one in office.deliveries() if one.cause is Cause.KEEP_IN_SYNC]


def test_a_move_reaches_whoever_was_invited_and_a_cancellation_too(office: World, postbox: Postbox) -> None:
    a_keeping_rule(office)
    booking = office.book()
    office.drain()

    moved = office.move(booking)
    settle(office)
    office.cancel(booking)
    office.drain()

    first, update, cancel = taken(postbox)
    assert [one.method for one in (first, update, cancel)] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [one.sequence for one in (first, update, cancel)] == [0, 1, 2]
    assert update.appointment.starts_at == moved.starts_at
    assert update.subject == f"Updated: {first.subject}"
    assert update.plain.startswith("This meeting has changed. It is now on ")
    assert cancel.subject == f"Cancelled: {first.subject}"
    assert cancel.plain.startswith("This meeting was cancelled: ill")


def test_an_action_without_it_leaves_its_invites_as_they_are(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED)
    booking = office.book()
    office.drain()

    office.move(booking)
    office.cancel(booking)
    settle(office)

    assert len(postbox.taken) == 1
    assert len(office.deliveries()) == 1


@pytest.mark.parametrize("fate", ["edited", "switched off", "deleted", "no longer keeping"])
def test_whatever_became_of_the_rule_its_invites_are_kept_true(office: World, postbox: Postbox, fate: str) -> None:
    rule = a_keeping_rule(office)
    booking = office.book()
    office.drain()

    if fate == "deleted":
        office.delete_rule(rule)
    elif fate == "switched off":
        office.switch(rule, on=False)
    else:
        office.edit_rule(rule, email_subject="New words", keep_in_sync=fate == "edited")
    office.move(booking)
    settle(office)
    office.cancel(booking)
    office.drain()

    assert [one.method for one in taken(postbox)] == ["REQUEST", "REQUEST", "CANCEL"]


def test_whoever_holds_no_invite_is_told_nothing(office: World, postbox: Postbox) -> None:
    a_keeping_rule(office)
    postbox.answers(REFUSED)
    booking = office.book()
    office.drain()
    assert office.states() == [State.FAILED]

    office.move(booking)
    settle(office)

    assert postbox.taken == []
    assert syncs(office) == [(RESCHEDULED, State.CANCELLED)]
    assert "holds no invite" in office.deliveries()[-1].reason


def test_an_invite_that_still_waits_goes_out_as_the_booking_is_and_no_second_message_after_it(
    office: World, postbox: Postbox
) -> None:
    a_keeping_rule(office)
    postbox.answers(GREYLISTED)
    booking = office.book()
    office.drain()

    moved = office.move(booking)
    settle(office)

    (one,) = taken(postbox)
    assert one.appointment.starts_at == moved.starts_at
    assert syncs(office) == [(RESCHEDULED, State.SUPERSEDED)]


def test_when_nobody_knows_whether_the_invite_arrived_a_cancellation_is_told(office: World, postbox: Postbox) -> None:
    a_keeping_rule(office)
    postbox.answers(NO_ANSWER)
    booking = office.book()
    office.drain()

    office.cancel(booking)
    settle(office)

    assert [one.method for one in taken(postbox)] == ["REQUEST", "CANCEL"]


def test_a_change_that_another_rule_tells_the_same_person_goes_out_once(office: World, postbox: Postbox) -> None:
    a_keeping_rule(office, ADA, BOB)
    office.rule(RESCHEDULED, ADA, email_subject="Moved")
    office.rule(CANCELLED, ADA, email_subject="Off")
    booking = office.book()
    office.drain()
    postbox.taken.clear()

    office.move(booking)
    settle(office)
    office.cancel(booking)
    settle(office)

    told = [(envelope.recipient, read(envelope.message).subject.partition(":")[0]) for envelope in postbox.taken]
    assert sorted(told) == [(ADA, "Moved"), (ADA, "Off"), (BOB, "Cancelled"), (BOB, "Updated")]


def test_when_the_other_rules_message_fails_the_invite_is_kept_true_all_the_same(
    office: World, postbox: Postbox
) -> None:
    a_keeping_rule(office)
    office.rule(RESCHEDULED, email_subject="Moved")
    booking = office.book()
    office.drain()

    postbox.answers(REFUSED)
    moved = office.move(booking)
    settle(office)

    assert taken(postbox)[-1].appointment.starts_at == moved.starts_at


def test_a_booking_that_is_changed_1000_times_in_a_minute_ends_in_one_message_for_each_recipient(
    office: World, postbox: Postbox
) -> None:
    a_keeping_rule(office, ADA, BOB)
    booking = office.book()
    office.drain()
    postbox.taken.clear()

    for number in range(1000):
        office.clock.advance(MINUTE / 1000)
        last = office.move(booking, by=(number % 7 + 1) * HOUR)
        office.drain()
    settle(office)

    assert sorted(postbox.recipients) == [ADA, BOB]
    assert {one.appointment.starts_at for one in taken(postbox)} == {last.starts_at}
    assert len(office.deliveries()) == 4


def test_a_booking_that_never_rests_is_told_of_after_two_minutes(office: World, postbox: Postbox) -> None:
    a_keeping_rule(office)
    booking = office.book()
    office.drain()

    for number in range(30):
        office.clock.advance(5 * SECOND)
        office.move(booking, by=(number + 1) * HOUR)
        office.drain()

    assert len(postbox.taken) == 2


def test_a_change_while_a_message_waits_for_another_try_lets_the_booking_rest_too(
    office: World, postbox: Postbox
) -> None:
    a_keeping_rule(office, ADA)
    booking = office.book()
    office.drain()
    office.move(booking)
    postbox.answers(GREYLISTED)
    office.clock.advance(SETTLE)
    office.drain()
    (told,) = [one for one in office.deliveries() if one.cause is Cause.KEEP_IN_SYNC]
    assert told.state is State.RETRYING

    office.clock.advance(told.next_at - office.clock() - SECOND)
    office.change(booking, place=Place(spot="in_person", details="Elsewhere"))
    office.clock.advance(2 * SECOND)
    office.drain()
    assert syncs(office) == [(RESCHEDULED, State.RETRYING)]
    office.clock.advance(SETTLE)
    office.drain()

    assert syncs(office) == [(RESCHEDULED, State.SENT)]


def test_a_booking_that_is_moved_and_moved_back_tells_nobody(office: World, postbox: Postbox) -> None:
    a_keeping_rule(office)
    booking = office.book()
    office.drain()

    office.move(booking, by=HOUR)
    office.move(booking, by=0 * HOUR)
    settle(office)

    assert len(postbox.taken) == 1
    assert syncs(office) == [(RESCHEDULED, State.SUPERSEDED)]


def test_an_address_that_is_taken_off_the_rule_has_its_coming_invites_withdrawn(
    office: World, postbox: Postbox
) -> None:
    rule = a_keeping_rule(office, ADA, BOB)
    office.book(ahead=HOUR)
    office.drain()
    office.go_to(office.clock() + DAY)
    coming = office.book()
    office.drain()
    postbox.taken.clear()

    office.edit_rule(rule, emails=(BOB,))
    office.drain()

    (one,) = taken(postbox)
    assert (one.attendee, one.method, one.uid) == (ADA, "CANCEL", coming.uid)
    assert b"STATUS" not in one.calendar, "the meeting itself goes on"
    assert one.plain.startswith("You are no longer invited to this meeting.")
    office.move(coming)
    settle(office)
    assert sorted(postbox.recipients) == [ADA, BOB]


def test_an_address_that_another_rule_invited_keeps_its_entry_when_one_rule_takes_it_off(
    office: World, postbox: Postbox
) -> None:
    rule = a_keeping_rule(office, ADA, BOB)
    office.rule(CONFIRMED, ADA)
    office.book()
    office.drain()
    postbox.taken.clear()

    office.edit_rule(rule, emails=(BOB,))
    settle(office)

    assert postbox.taken == []


def test_an_address_that_is_put_back_before_it_was_told_is_told_nothing(office: World, postbox: Postbox) -> None:
    rule = a_keeping_rule(office, ADA, BOB)
    office.book()
    office.drain()
    postbox.taken.clear()

    rule = office.edit_rule(rule, emails=(BOB,))
    office.edit_rule(rule, emails=(ADA, BOB))
    settle(office)

    assert postbox.taken == []
    assert syncs(office) == [(REMOVED, State.SUPERSEDED)]


def test_a_withdrawal_that_was_begun_is_finished_before_a_rule_invites_again(office: World, postbox: Postbox) -> None:
    rule = a_keeping_rule(office, ADA, BOB)
    booking = office.book()
    office.drain()
    postbox.taken.clear()
    postbox.answers(GREYLISTED)

    rule = office.edit_rule(rule, emails=(BOB,))
    office.drain()
    office.edit_rule(rule, emails=(ADA, BOB))
    office.move(booking)
    settle(office)

    mine = [one for one in taken(postbox) if one.attendee == ADA]
    assert [one.method for one in mine] == ["CANCEL"]


@pytest.mark.parametrize("fate", ["stays", "deleted"])
def test_whoever_was_taken_off_stays_so_when_the_booking_gets_another_host(
    office: World, postbox: Postbox, fate: str
) -> None:
    rule = a_keeping_rule(office, ADA, "{{host.email}}")
    booking = office.book()
    office.drain()
    postbox.taken.clear()

    rule = office.edit_rule(rule, emails=(BOB, "{{host.email}}"))
    if fate == "deleted":
        office.delete_rule(rule)
    office.change(booking, host_email=SECOND_HOST.email)
    settle(office)

    assert {one.attendee: one.method for one in taken(postbox)} == {ADA: "CANCEL", "oliver@example.com": "CANCEL"}


def test_a_host_who_gets_the_booking_back_before_he_was_told_keeps_the_invite(office: World, postbox: Postbox) -> None:
    a_keeping_rule(office, "{{host.email}}")
    booking = office.book()
    office.drain()

    office.change(booking, host_email=SECOND_HOST.email)
    office.change(booking, host_email="oliver@example.com")
    settle(office)

    assert len(postbox.taken) == 1


def test_a_rule_that_is_switched_off_while_its_message_is_on_its_way_does_not_try_again(
    office: World, postbox: Postbox
) -> None:
    rule = office.rule(CONFIRMED)
    office.book()

    def switch_off(_envelope: Envelope) -> Outcome:
        office.switch(rule, on=False)
        return GREYLISTED

    postbox.answer = switch_off
    office.drain()
    settle(office)

    assert postbox.taken == []
    assert office.delivery().reason == "the rule was switched off first"


def test_a_condition_of_the_rule_is_none_of_the_changes_that_follow(hearing: World, postbox: Postbox) -> None:
    condition = Condition(field=Field.INVITATION_RSVP, operator=Operator.IS, value=Rsvp.NEEDS_ACTION)
    hearing.rule(CONFIRMED, keep_in_sync=True, conditions=[condition])
    booking = hearing.book()
    hearing.drain()

    assert hearing.answer(booking, Rsvp.ACCEPTED)
    hearing.move(booking)
    settle(hearing)

    assert [one.method for one in taken(postbox)] == ["REQUEST", "REQUEST"]


def test_whoever_is_told_of_a_cancellation_was_not_invited_by_it(office: World) -> None:
    office.rule(CANCELLED, keep_in_sync=True)
    booking = office.cancel(office.book())
    office.drain()

    with office.store.reading(WORKSPACE_ID) as tx:
        assert tx.sync.of_booking(booking.id).get(ADA, []) == []


def test_whoever_is_invited_again_after_he_was_taken_off_gets_an_entry_of_its_own(
    office: World, postbox: Postbox
) -> None:
    rule = a_keeping_rule(office, ADA, BOB)
    booking = office.book()
    office.drain()
    rule = office.edit_rule(rule, emails=(BOB,))
    office.drain()
    office.rule(EventKind.MARKED_NO_SHOW, ADA, keep_in_sync=True)

    office.change(booking, no_show=True)
    office.drain()
    office.cancel(booking)
    office.drain()

    mine = [one for one in taken(postbox) if one.attendee == ADA]
    assert [(one.method, one.uid == booking.uid) for one in mine] == [
        ("REQUEST", True),
        ("CANCEL", True),
        ("REQUEST", False),
        ("CANCEL", False),
    ]
    assert mine[2].uid == mine[3].uid


def test_a_former_host_has_the_invite_withdrawn_and_a_former_client_too(office: World, postbox: Postbox) -> None:
    a_keeping_rule(office, "{{host.email}}", "{{client.email}}")
    booking = office.book()
    office.drain()
    postbox.taken.clear()

    office.change(booking, host_email=SECOND_HOST.email)
    office.change(booking, email="zed@example.net")
    settle(office)

    withdrawn = {one.attendee: one.method for one in taken(postbox)}
    assert withdrawn == {"oliver@example.com": "CANCEL", "eve@example.net": "CANCEL"}


def test_a_message_to_somebody_who_was_taken_off_before_it_left_is_not_sent(office: World, postbox: Postbox) -> None:
    rule = office.rule(CONFIRMED, ADA, BOB)
    office.book()

    office.edit_rule(rule, emails=(BOB,))
    office.drain()

    assert postbox.recipients == [BOB]
    assert "taken off the rule" in office.delivery(recipient=ADA).reason


def test_a_rule_that_is_switched_off_sends_nothing_more_and_switched_on_plans_its_reminders(
    office: World, postbox: Postbox
) -> None:
    rule = office.rule(EventKind.BEFORE_MEETING_STARTS, before_or_after=HOUR)
    booking = office.book()

    rule = office.switch(rule, on=False)
    assert office.states() == [State.CANCELLED]
    office.switch(rule, on=True)
    office.go_to(booking.starts_at)

    assert len(postbox.taken) == 1


def test_a_reminder_whose_offset_changes_is_planned_anew(office: World) -> None:
    rule = office.rule(EventKind.BEFORE_MEETING_STARTS, before_or_after=HOUR)
    booking = office.book()

    from_now_on = office.set_offsets(rule, 2 * HOUR)

    waiting = [one for one in office.deliveries() if one.state is State.SCHEDULED]
    assert [(one.due_at, one.rule_revision) for one in waiting] == [
        (booking.starts_at - 2 * HOUR, from_now_on.revision)
    ]


def test_taking_somebody_off_reaches_more_bookings_than_one_request_plans(office: World, postbox: Postbox) -> None:
    rule = a_keeping_rule(office, ADA, BOB)
    for number in range(BATCH + 20):
        office.book(ahead=(number + 1) * HOUR)
    while office.drain():
        pass
    postbox.taken.clear()

    office.edit_rule(rule, emails=(BOB,))
    while maintenance.tend(office.sender):
        pass
    while office.drain():
        pass

    assert len(postbox.taken) == BATCH + 20
    assert set(postbox.recipients) == {ADA}


def test_the_one_who_answers_is_addressed_at_a_signed_address_and_people_answer_to_the_host(
    hearing: World, postbox: Postbox
) -> None:
    hearing.rule(CONFIRMED)
    booking = hearing.book()
    hearing.drain()

    (one,) = taken(postbox)
    assert one.headers["from"].endswith(f"<{MAIL_FROM}>")
    assert one.organizer == hearing.invitation(booking).organizer_email
    assert one.organizer.startswith("invites+r")
    assert one.headers["reply-to"] == f"{one.organizer}, oliver@example.com"
    assert postbox.taken[0].sender.startswith("invites+b")
    assert b"X-MICROSOFT-DISALLOW-COUNTER" not in one.calendar


def test_the_invitations_of_bookings_that_do_not_exist_are_none(office: World) -> None:
    with office.store.reading(WORKSPACE_ID) as tx:
        assert tx.sync.of_booking(BookingId("nothing")) == {}
        assert tx.sync.of_booking(BookingId("nothing")).get(ADA, []) == []


def test_changing_one_rule_leaves_the_reminders_of_another_as_they_are(office: World) -> None:
    rule = office.rule(EventKind.BEFORE_MEETING_STARTS, before_or_after=HOUR)
    other = office.rule(EventKind.BEFORE_MEETING_STARTS, BOB, before_or_after=2 * HOUR)
    office.book()

    office.switch(rule, on=False)

    assert {one.rule_id: one.state for one in office.deliveries()} == {
        rule.id: State.CANCELLED,
        other.id: State.SCHEDULED,
    }


def test_what_made_way_for_a_newer_message_goes_when_that_one_does_not(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, email_subject="Booked")
    condition = Condition(field=Field.INVITATION_RSVP, operator=Operator.IS, value=Rsvp.ACCEPTED)
    office.rule(RESCHEDULED, email_subject="Moved", conditions=[condition])
    booking = office.book()

    moved = office.move(booking)
    settle(office)

    (one,) = taken(postbox)
    assert (one.subject, one.appointment.starts_at) == ("Booked", moved.starts_at)


@pytest.mark.parametrize("fate", ["switched off", "deleted", "edited"])
def test_what_made_way_for_a_rule_that_is_withdrawn_goes_all_the_same(
    office: World, postbox: Postbox, fate: str
) -> None:
    office.rule(CONFIRMED, email_subject="Booked")
    rule = office.rule(RESCHEDULED, email_subject="Moved")
    office.move(office.book())

    if fate == "deleted":
        office.delete_rule(rule)
    elif fate == "edited":
        office.edit_rule(rule, emails=(BOB,))
    else:
        office.switch(rule, on=False)
    settle(office)

    assert [one.subject for one in taken(postbox)] == ["Booked"]


def test_a_promise_of_a_message_that_made_way_is_kept_by_what_went_instead(office: World, postbox: Postbox) -> None:
    a_keeping_rule(office)
    office.rule(RESCHEDULED, email_subject="Moved")
    booking = office.book()
    office.move(booking)
    settle(office)
    assert [one.subject for one in taken(postbox)] == ["Moved"]

    office.cancel(booking)
    settle(office)

    assert [one.method for one in taken(postbox)] == ["REQUEST", "CANCEL"]


def test_a_withdrawal_that_was_begun_leaves_before_a_rule_invites_again(office: World, postbox: Postbox) -> None:
    rule = a_keeping_rule(office, ADA, BOB)
    office.rule(RESCHEDULED, ADA, email_subject="Moved")
    booking = office.book()
    office.drain()
    postbox.taken.clear()
    postbox.answers(GREYLISTED)

    office.edit_rule(rule, emails=(BOB,))
    office.drain()
    office.clock.advance(5 * SECOND)
    office.move(booking)
    settle(office)

    mine = [one for one in taken(postbox) if one.attendee == ADA]
    assert [(one.method, one.uid == booking.uid) for one in mine] == [("CANCEL", True), ("REQUEST", False)]


def test_who_took_somebody_off_while_nobody_kept_his_invite_does_not_hold_it_later(
    office: World, postbox: Postbox
) -> None:
    loose = office.rule(CONFIRMED, ADA, BOB)
    keeping = office.rule(RESCHEDULED, ADA, BOB, keep_in_sync=True)
    booking = office.book()
    office.drain()
    office.edit_rule(loose, emails=(BOB,))
    office.move(booking)
    settle(office)

    office.edit_rule(keeping, emails=(BOB,))
    office.drain()

    assert [one.method for one in taken(postbox) if one.attendee == ADA] == ["REQUEST", "REQUEST", "CANCEL"]


def test_who_wants_no_more_of_one_rule_is_still_told_by_another_that_keeps_his_invite(
    office: World, postbox: Postbox
) -> None:
    office.rule(CONFIRMED, email_subject="first", keep_in_sync=True)
    second = office.rule(EventKind.MARKED_NO_SHOW, email_subject="second", keep_in_sync=True)
    booking = office.book()
    office.drain()
    office.clock.advance(MINUTE)  # so that the second is the last to have invited, and would have the word
    office.change(booking, no_show=True)
    office.drain()
    with office.store.transaction(WORKSPACE_ID) as tx:
        stopped = OptOut(workspace_id=WORKSPACE_ID, rule_id=second.id, recipient=ADA)
        consent.stop(tx, stopped, whole=False, now=office.clock())

    office.move(booking)
    settle(office)

    assert taken(postbox)[-1].subject == "Updated: first"


def test_after_a_long_wait_a_cancellation_that_a_rule_tells_is_told_once(office: World, postbox: Postbox) -> None:
    a_keeping_rule(office)
    office.rule(CANCELLED, email_subject="Off")
    booking = office.book()
    office.drain()
    postbox.taken.clear()

    office.move(booking)
    office.clock.advance(10 * MINUTE)
    office.cancel(booking)
    settle(office)

    assert [one.subject for one in taken(postbox)] == ["Off"]


def test_a_condition_is_asked_again_before_each_try(hearing: World, postbox: Postbox) -> None:
    hearing.rule(CONFIRMED)
    condition = Condition(field=Field.INVITATION_RSVP, operator=Operator.IS, value=Rsvp.NEEDS_ACTION)
    hearing.rule(EventKind.MARKED_NO_SHOW, email_subject="Please answer", conditions=[condition])
    booking = hearing.book()
    hearing.drain()
    postbox.answers(GREYLISTED)

    hearing.change(booking, no_show=True)
    hearing.drain()
    hearing.answer(booking, Rsvp.ACCEPTED)
    settle(hearing)

    assert hearing.states(EventKind.MARKED_NO_SHOW) == [State.CANCELLED]


def test_a_message_refers_to_no_message_that_nobody_got(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED)
    postbox.answers(GREYLISTED)
    booking = office.book()
    office.drain()
    office.move(booking)
    settle(office)

    (one,) = taken(postbox)
    assert "references" not in one.headers


def test_a_client_whose_address_is_mended_in_time_gets_the_invite_and_the_wrong_address_does_not(
    office: World, postbox: Postbox
) -> None:
    office.rule(CONFIRMED, "{{client.email}}", ADA)
    office.rule(EventKind.BEFORE_MEETING_STARTS, "{{client.email}}", before_or_after=HOUR)
    booking = office.book()

    mended = office.change(booking, email="eve@example.org")
    office.go_to(mended.starts_at)

    assert sorted(postbox.recipients) == [ADA, "eve@example.org", "eve@example.org"]
    assert [one.state for one in office.deliveries(recipient="eve@example.net")] == [State.CANCELLED, State.SUPERSEDED]


def test_an_address_that_the_rule_names_beside_the_client_gets_its_message_all_the_same(
    office: World, postbox: Postbox
) -> None:
    office.rule(CONFIRMED, "eve@example.net")
    booking = office.book()

    office.change(booking, email="eve@example.org")
    office.drain()

    assert postbox.recipients == ["eve@example.net"]


def test_a_client_whose_address_is_changed_and_changed_back_is_written_to_once(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, "{{client.email}}")
    booking = office.book()

    office.change(booking, email="eve@example.org")
    office.change(booking, email="eve@example.net")
    office.drain()

    assert postbox.recipients == ["eve@example.net"]
