"""What recipients answer: taken from the right person for the right entry, and rules can be made for it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND, WORKSPACE_ID
from tests.calendars import read
from tests.journeys.world import Postbox, World
from tocsin.domain.conditions import Condition, Field, Operator
from tocsin.domain.delivery import State
from tocsin.domain.events import EventKind
from tocsin.domain.model import Booking
from tocsin.domain.rsvp import Proposal, Rsvp
from tocsin.services import rsvp

CONFIRMED = EventKind.BOOKING_CONFIRMED
ACCEPTED, DECLINED = EventKind.INVITE_ACCEPTED, EventKind.INVITE_DECLINED
ADA, BOB = "ada@example.org", "bob@example.org"


@pytest.fixture
def booking(hearing: World) -> Booking:
    """Give a booking to which Ada and Bob were invited."""
    hearing.rule(CONFIRMED, ADA, BOB)
    made = hearing.book()
    hearing.drain()
    return made


def a_condition(operator: Operator, value: Rsvp) -> Condition:
    return Condition(field=Field.INVITATION_RSVP, operator=operator, value=value)


@pytest.mark.parametrize("said", [Rsvp.ACCEPTED, Rsvp.TENTATIVE, Rsvp.DECLINED, Rsvp.DELEGATED])
def test_an_answer_stands_in_the_ledger(hearing: World, booking: Booking, said: Rsvp) -> None:
    assert hearing.answer(booking, said, comment="with pleasure")

    told = hearing.invitation(booking)
    assert told.rsvp is said
    assert told.answered is not None
    assert (told.answered.at, told.answered.comment) == (NOON, "with pleasure")
    assert hearing.invitation(booking, BOB).rsvp is Rsvp.NEEDS_ACTION


@pytest.mark.parametrize(
    "changes",
    [
        {"attendee": " ADA@Example.ORG "},
        {"uid": "UPPER"},
        {"sequence": None},
        {"stamp": None},
        {"sequence": 7},
    ],
    ids=["an address in other letters", "a UID in other letters", "no SEQUENCE", "no DTSTAMP", "a SEQUENCE of its own"],
)
def test_clients_that_write_otherwise_are_understood(hearing: World, booking: Booking, changes: dict[str, Any]) -> None:
    if "uid" in changes:
        changes = {"uid": booking.uid.upper()}

    assert hearing.answer(booking, Rsvp.ACCEPTED, **changes)
    assert hearing.invitation(booking).rsvp is Rsvp.ACCEPTED


@pytest.mark.parametrize(
    "changes",
    [{"attendee": BOB}, {"attendee": "eve@example.net"}, {"uid": "another@tocsin"}, {"attendee": ""}],
    ids=["another guest", "the client", "another entry", "nobody"],
)
def test_nobody_can_answer_for_somebody_else_or_something_else(
    hearing: World, booking: Booking, changes: dict[str, Any]
) -> None:
    assert not hearing.answer(booking, Rsvp.DECLINED, **changes)

    assert {hearing.invitation(booking, one).rsvp for one in (ADA, BOB)} == {Rsvp.NEEDS_ACTION}
    assert hearing.states(DECLINED) == []


def test_an_answer_to_what_the_booking_was_before_is_none_to_what_it_is_now(hearing: World, booking: Booking) -> None:
    hearing.rule(EventKind.BOOKING_RESCHEDULED, ADA)
    assert hearing.answer(booking, Rsvp.ACCEPTED)

    hearing.move(booking)
    hearing.drain()

    assert hearing.invitation(booking).rsvp is Rsvp.NEEDS_ACTION
    assert not hearing.answer(booking, Rsvp.ACCEPTED, sequence=0)
    assert hearing.invitation(booking).rsvp is Rsvp.NEEDS_ACTION


def test_an_older_answer_that_comes_again_changes_nothing(hearing: World, booking: Booking) -> None:
    assert hearing.answer(booking, Rsvp.ACCEPTED, stamp=NOON - HOUR)
    assert hearing.answer(booking, Rsvp.DECLINED, stamp=NOON - MINUTE)

    assert not hearing.answer(booking, Rsvp.ACCEPTED, stamp=NOON - HOUR)
    assert not hearing.answer(booking, Rsvp.DECLINED, stamp=NOON - MINUTE)
    assert hearing.invitation(booking).rsvp is Rsvp.DECLINED


def test_a_client_whose_clock_is_ahead_can_answer_again(hearing: World, booking: Booking) -> None:
    assert hearing.answer(booking, Rsvp.ACCEPTED, stamp=NOON + 9 * DAY)
    hearing.clock.advance(SECOND)

    assert hearing.answer(booking, Rsvp.DECLINED, stamp=NOON + SECOND)


@pytest.mark.parametrize("said", [Rsvp.NEEDS_ACTION])
def test_to_say_nothing_is_no_answer(hearing: World, booking: Booking, said: Rsvp) -> None:
    assert not hearing.answer(booking, said)
    assert hearing.invitation(booking).answered is None


def test_of_a_cancelled_booking_no_answer_is_taken(hearing: World, booking: Booking) -> None:
    hearing.cancel(booking)
    assert not hearing.answer(booking, Rsvp.ACCEPTED)

    hearing.rule(EventKind.BOOKING_CANCELLED, ADA)
    other = hearing.book()
    hearing.drain()
    hearing.cancel(other)
    hearing.drain()
    assert not hearing.answer(other, Rsvp.ACCEPTED)


def test_an_invitation_that_does_not_exist_takes_no_answer(hearing: World, booking: Booking) -> None:
    told = hearing.invitation(booking)
    said = Proposal(uid=told.uid, attendee=ADA, starts_at=NOON + DAY, ends_at=NOON + DAY + HOUR)

    with hearing.store.transaction(WORKSPACE_ID) as tx:
        assert not rsvp.propose(tx, "no such id", said, now=NOON)
        assert not rsvp.propose(tx, told.id or "", Proposal(**_fields(said, attendee=BOB)), now=NOON)
    assert hearing.invitation(booking).proposed is None


def _fields(said: Proposal, **changes: Any) -> dict[str, Any]:
    return {"uid": said.uid, "attendee": said.attendee, "starts_at": said.starts_at, "ends_at": said.ends_at} | changes


def test_a_proposal_is_kept_to_be_shown_and_moves_nothing(hearing: World, booking: Booking) -> None:
    told = hearing.invitation(booking)
    said = Proposal(uid=told.uid, attendee=ADA, starts_at=NOON + DAY, ends_at=NOON + DAY + HOUR, comment="later?")

    with hearing.store.transaction(WORKSPACE_ID) as tx:
        assert rsvp.propose(tx, told.id or "", said, now=NOON)

    proposed = hearing.invitation(booking).proposed
    assert proposed is not None
    assert (proposed.starts_at, proposed.ends_at, proposed.comment) == (said.starts_at, said.ends_at, "later?")
    assert hearing.booking(booking) == booking


def test_rules_can_be_made_for_accepting_and_declining_and_say_who_it_was(
    hearing: World, booking: Booking, postbox: Postbox
) -> None:
    body = "<p>{{invitation.email}} {{invitation.rsvp}}</p>"
    hearing.rule(ACCEPTED, "{{host.email}}", email_body=body, email_subject="yes")
    hearing.rule(DECLINED, "{{host.email}}", email_body=body, email_subject="no")
    postbox.taken.clear()

    hearing.answer(booking, Rsvp.ACCEPTED)
    hearing.answer(booking, Rsvp.DECLINED, recipient=BOB)
    hearing.answer(booking, Rsvp.TENTATIVE, recipient=BOB)
    hearing.drain()

    told = [read(envelope.message) for envelope in postbox.taken]
    assert [(one.subject, one.plain.strip()) for one in told] == [
        ("yes", f"{ADA} accepted"),
        ("no", f"{BOB} tentative"),
    ]


def test_a_person_who_changes_his_mind_fires_again_and_one_who_repeats_himself_does_not(
    hearing: World, booking: Booking
) -> None:
    hearing.rule(ACCEPTED, "{{host.email}}")
    for minutes, said in enumerate([Rsvp.ACCEPTED, Rsvp.ACCEPTED, Rsvp.DECLINED, Rsvp.ACCEPTED]):
        hearing.clock.now = NOON + timedelta(minutes=minutes)
        hearing.answer(booking, said, comment=str(minutes))

    assert len(hearing.states(ACCEPTED)) == 2


def test_a_reminder_can_be_for_those_who_have_not_answered(hearing: World, booking: Booking, postbox: Postbox) -> None:
    condition = a_condition(Operator.IS, Rsvp.NEEDS_ACTION)
    hearing.rule(EventKind.BEFORE_MEETING_STARTS, ADA, BOB, before_or_after=HOUR, conditions=[condition])
    postbox.taken.clear()

    hearing.answer(booking, Rsvp.ACCEPTED)
    hearing.go_to(booking.starts_at)

    assert postbox.recipients == [BOB]
    reminders = {one.recipient: one for one in hearing.deliveries() if one.event is EventKind.BEFORE_MEETING_STARTS}
    assert reminders[ADA].state is State.CANCELLED
    assert reminders[ADA].reason == "the rule asks that invitation.rsvp is needs_action; invitation.rsvp is accepted"


@pytest.mark.parametrize("accepted", [True, False])
def test_the_host_can_be_told_when_nobody_has_accepted(
    hearing: World, booking: Booking, postbox: Postbox, accepted: bool
) -> None:
    condition = a_condition(Operator.IS_FOR_NOBODY, Rsvp.ACCEPTED)
    hearing.rule(EventKind.BEFORE_MEETING_STARTS, "{{host.email}}", before_or_after=HOUR, conditions=[condition])
    postbox.taken.clear()

    hearing.answer(booking, Rsvp.ACCEPTED if accepted else Rsvp.DECLINED)
    hearing.go_to(booking.starts_at)

    assert postbox.recipients == ([] if accepted else ["oliver@example.com"])


def test_without_anybody_listening_there_is_no_address_to_answer_to(office: World) -> None:
    office.rule(CONFIRMED)
    booking = office.book()
    office.drain()

    assert office.invitation(booking).organizer_email == "invites@tocsin.example"


def test_whoever_was_taken_off_cannot_answer_any_more(hearing: World, postbox: Postbox) -> None:
    rule = hearing.rule(CONFIRMED, ADA, BOB, keep_in_sync=True)
    booking = hearing.book()
    hearing.drain()
    hearing.edit_rule(rule, emails=(BOB,))
    hearing.drain()

    assert not hearing.answer(booking, Rsvp.ACCEPTED)
    assert hearing.answer(booking, Rsvp.ACCEPTED, recipient=BOB)


def test_a_change_of_mind_takes_the_place_of_what_still_waits(hearing: World, booking: Booking) -> None:
    hearing.rule(ACCEPTED, "{{host.email}}")
    hearing.rule(DECLINED, "{{host.email}}")

    for minutes, said in enumerate([Rsvp.ACCEPTED, Rsvp.DECLINED]):
        hearing.clock.now = NOON + timedelta(minutes=minutes)
        hearing.answer(booking, said)

    assert hearing.states(ACCEPTED) == [State.SUPERSEDED]
    assert hearing.states(DECLINED) == [State.SCHEDULED]


def test_whoever_changes_his_mind_for_ever_is_news_ten_times(hearing: World, booking: Booking) -> None:
    hearing.rule(ACCEPTED, "{{host.email}}")
    hearing.rule(DECLINED, "{{host.email}}")

    for minutes in range(30):
        hearing.clock.now = NOON + timedelta(minutes=minutes)
        assert hearing.answer(booking, Rsvp.DECLINED if minutes % 2 else Rsvp.ACCEPTED)
        hearing.drain()

    assert len(hearing.states(ACCEPTED)) + len(hearing.states(DECLINED)) == 10
    assert hearing.invitation(booking).rsvp is Rsvp.DECLINED
