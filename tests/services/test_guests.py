"""Guests of a booking: rules write to them, and whoever is added or taken off is told what that means for him."""

from typing import Any

import pytest

from tests.builders import DAY, HOUR, a_client
from tests.calendars import ReceivedInvite, read
from tests.journeys.world import SECOND_HOST, Postbox, World
from tocsin.domain.delivery import State
from tocsin.domain.errors import InvalidInputError
from tocsin.domain.events import EventKind
from tocsin.domain.model import GUESTS_QUESTION, MOST_ANSWERS, Booking
from tocsin.domain.sync import LONGEST_SETTLE

CONFIRMED, RESCHEDULED = EventKind.BOOKING_CONFIRMED, EventKind.BOOKING_RESCHEDULED
GUESTS = "{{guest.emails}}"
GUS, GIA = "gus@example.org", "gia@example.org"
CLIENT, HOST = "eve@example.net", "oliver@example.com"


def taken(postbox: Postbox) -> list[tuple[str, str]]:
    """Return to whom which method went since this was asked last."""
    invites: list[ReceivedInvite] = [read(envelope.message) for envelope in postbox.taken]
    postbox.taken.clear()
    return sorted((one.attendee, one.method) for one in invites)


def booked(office: World, *guests: str, **changes: Any) -> Booking:
    booking = office.book(guests=guests, **changes)
    office.drain()
    return booking


def settle(office: World) -> None:
    office.go_to(office.clock() + LONGEST_SETTLE)


# Who is a guest


def test_guests_are_kept_each_once_and_client_and_hosts_are_none(office: World) -> None:
    wanted = (GUS, "Gus@example.org", "gus@EXAMPLE.org", "EVE@example.net", HOST, GIA)

    booking = booked(office, *wanted)

    assert booking.guests == (GUS, "Gus@example.org", GIA)
    assert office.booking(booking) == booking


def test_a_guest_who_becomes_the_client_or_a_host_is_none_any_more(office: World) -> None:
    booking = booked(office, GUS, GIA, SECOND_HOST.email)

    moved = office.change(booking, email=GUS, host_email=SECOND_HOST.email)

    assert moved.guests == (GIA,)


def test_all_guests_of_a_booking_get_the_message_and_others_do_not(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, GUS, GUESTS)

    booked(office, GIA, GUS)
    booked(office)

    assert sorted(postbox.recipients) == sorted([GUS, GUS, GIA])


# Answers


def test_answers_that_are_sent_take_the_place_of_former_ones(office: World) -> None:
    booking = booked(office, GUS, form_responses=(("company", "Initech"), ("topic", "a")))

    changed = office.change(booking, form_responses=(("topic", "b"), ("size", "3")))

    assert changed.form_responses == (("company", "Initech"), ("topic", "b"), ("size", "3"))
    assert changed.answers == (*changed.form_responses, (GUESTS_QUESTION, GUS))
    assert (changed.guests, changed.revision) == ((GUS,), 1)
    assert office.change(changed, form_responses=(("size", "3"),), guests=(GUS,)).revision == 1


def test_guests_take_the_place_of_what_was_kept_as_text_before_there_were_guests(office: World) -> None:
    booking = booked(office, form_responses=((GUESTS_QUESTION, "somebody"), ("topic", "a")))

    changed = office.change(booking, guests=(GUS,))

    assert changed.answers == (("topic", "a"), (GUESTS_QUESTION, GUS))


def test_a_booking_does_not_collect_answers_without_end(office: World) -> None:
    many = tuple((f"q{number}", "a") for number in range(MOST_ANSWERS))
    booking = booked(office, form_responses=many)

    with pytest.raises(InvalidInputError, match="would have 51 answers; at most 50"):
        office.change(booking, form_responses=(("one more", "a"),))

    assert office.booking(booking) == booking


# Who is added


def test_an_added_guest_is_told_of_the_booking_and_nobody_else_is_again(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, "{{client.email}}", GUESTS)
    booking = booked(office, GUS)
    taken(postbox)

    booking = office.change(booking, guests=(GUS, GIA))
    office.drain()
    assert taken(postbox) == [(GIA, "REQUEST")]

    office.change(booking, name="Another Name")
    office.drain()
    assert taken(postbox) == []


def test_who_is_named_by_the_rule_already_is_not_told_again_when_he_becomes_a_guest(
    office: World, postbox: Postbox
) -> None:
    office.rule(CONFIRMED, GUS, GUESTS)
    booking = booked(office)
    taken(postbox)

    office.change(booking, guests=(GUS,))
    office.drain()

    assert taken(postbox) == []


def test_a_guest_who_is_added_while_the_booking_awaits_approval_is_told_with_all_others(
    office: World, postbox: Postbox
) -> None:
    office.rule(CONFIRMED, GUESTS)
    booking = booked(office, GUS, awaits_approval=True)

    booking = office.change(booking, guests=(GUS, GIA))
    office.drain()
    assert taken(postbox) == []

    office.change(booking, status="approved")
    office.drain()
    assert taken(postbox) == [(GIA, "REQUEST"), (GUS, "REQUEST")]


def test_a_guest_who_is_added_to_a_cancelled_booking_is_told_nothing(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, GUESTS)
    booking = office.cancel(booked(office))

    office.change(booking, guests=(GUS,))
    office.drain()

    assert taken(postbox) == []


def test_reminders_and_later_events_reach_the_guests_of_that_moment(office: World, postbox: Postbox) -> None:
    office.rule(EventKind.BEFORE_MEETING_STARTS, GUESTS, before_or_after=HOUR)
    office.rule(RESCHEDULED, GUESTS)
    booking = booked(office, GUS, ahead=2 * DAY)

    booking = office.change(booking, guests=(GIA,))
    booking = office.move(booking)
    office.drain()
    assert taken(postbox) == [(GIA, "REQUEST")]

    office.go_to(booking.starts_at)
    assert taken(postbox) == [(GIA, "REQUEST")]


def test_a_reminder_that_is_planned_follows_the_guests(office: World, postbox: Postbox) -> None:
    office.rule(EventKind.BEFORE_MEETING_STARTS, GUESTS, before_or_after=HOUR)
    booking = booked(office, GUS)

    office.change(booking, guests=(GIA,))
    office.go_to(booking.starts_at)

    assert taken(postbox) == [(GIA, "REQUEST")]


def test_a_client_whose_address_changes_as_a_guest_is_added_is_not_told_again(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, "{{client.email}}", GUESTS)
    booking = booked(office)
    taken(postbox)

    office.change(booking, email="eva@example.net", guests=(GUS,))
    office.drain()

    assert taken(postbox) == [(GUS, "REQUEST")]


# Who is taken off


@pytest.mark.parametrize("keeps", [True, False])
def test_a_guest_who_is_taken_off_is_told_if_the_invite_is_kept_in_sync(
    office: World, postbox: Postbox, keeps: bool
) -> None:
    office.rule(CONFIRMED, GUESTS, keep_in_sync=keeps)
    booking = booked(office, GUS, GIA)
    taken(postbox)

    office.change(booking, guests=(GIA,))
    settle(office)

    assert taken(postbox) == ([(GUS, "CANCEL")] if keeps else [])


def test_what_still_waits_for_a_guest_who_was_taken_off_is_not_sent(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, GUESTS, keep_in_sync=True)
    booking = office.book(guests=(GUS,))

    office.change(booking, guests=(GIA,))
    settle(office)

    assert taken(postbox) == [(GIA, "REQUEST")]
    assert [one.state for one in office.deliveries(recipient=GUS)] == [State.CANCELLED]


def test_a_guest_who_is_put_back_after_he_was_told_is_invited_anew(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, GUESTS, keep_in_sync=True)
    booking = booked(office, GUS)
    booking = office.change(booking, guests=())
    settle(office)

    office.change(booking, guests=(GUS,))
    settle(office)

    first, gone, again = (read(envelope.message) for envelope in postbox.taken)
    assert [one.method for one in (first, gone, again)] == ["REQUEST", "CANCEL", "REQUEST"]
    assert first.uid == gone.uid != again.uid


def test_a_guest_who_becomes_the_client_keeps_his_invite(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, "{{client.email}}", GUESTS, keep_in_sync=True)
    booking = booked(office, GUS, client=a_client())
    taken(postbox)

    office.change(booking, email=GUS)
    settle(office)

    assert taken(postbox) == [(CLIENT, "CANCEL")]
