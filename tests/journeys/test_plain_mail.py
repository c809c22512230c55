"""The action send_email: a mail that tells, and leaves every calendar alone."""

import pytest

from tests.builders import DAY, HOUR, LINK_ID, MINUTE, WORKSPACE_ID, a_client, an_action, an_email
from tests.journeys.world import ACCEPTED, AWAY, EVERYBODY, GREYLISTED, Postbox, World
from tests.smtp_server import Sink
from tocsin.domain.actions import ActionType
from tocsin.domain.bounce import Bounce, BounceKind
from tocsin.domain.delivery import State
from tocsin.domain.events import EventKind
from tocsin.formats import scan
from tocsin.formats.opened import opened
from tocsin.services import bounces

CONFIRMED, MOVED, CANCELLED = (
    EventKind.BOOKING_CONFIRMED,
    EventKind.BOOKING_RESCHEDULED,
    EventKind.BOOKING_CANCELLED,
)


def test_each_recipient_gets_a_mail_with_nothing_for_the_calendar(world: World, sink: Sink) -> None:
    world.rule_with(CONFIRMED, an_email(*EVERYBODY))
    booking = world.book()

    world.drain()

    received = [message.message for message in sink.messages]
    assert len(received) == 3
    for message in received:
        assert scan.complaints(message, invites=False) == []
        assert b"text/calendar" not in message
        assert "comes on" in opened(message).text
        assert "comes on" in opened(message).html
    with world.store.reading(WORKSPACE_ID) as tx:
        assert tx.invitations.of_booking(booking.id) == []


def test_a_mail_is_in_the_readers_zone_and_speaks_of_the_booking_as_it_is(office: World, postbox: Postbox) -> None:
    office.rule_with(CONFIRMED, an_email("{{client.email}}", email_body="<p>{{booking.starts_at}}</p>"))
    office.book(client=a_client(time_zone="Asia/Tokyo"))

    office.drain()

    assert "Asia/Tokyo" in opened(_only(postbox)).text


def test_a_third_party_can_stop_mails_and_the_client_gets_his_own(office: World, postbox: Postbox) -> None:
    office.rule_with(CONFIRMED, an_email("ada@example.org", "{{client.email}}"))
    office.book()

    office.drain()

    unsubscribable = {one.recipient: b"List-Unsubscribe:" in one.message for one in postbox.taken}
    assert unsubscribable == {"ada@example.org": True, a_client().email: False}


def test_a_mail_about_a_cancelled_booking_says_so_to_somebody_who_was_never_invited(
    office: World, postbox: Postbox
) -> None:
    office.rule_with(CANCELLED, an_email(email_body="<p>{{booking.status}}: {{booking.cancel_reason}}</p>"))
    office.cancel(office.book(), reason="ill")

    office.drain()

    assert "cancelled: ill" in opened(_only(postbox)).text


def test_a_mail_joins_the_thread_of_the_invite_that_its_reader_holds(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED)
    office.rule_with(MOVED, an_email())
    booking = office.book()
    office.drain()

    office.move(booking)
    office.drain()

    invite, mail = (dict(opened(one.message).headers) for one in postbox.taken)
    assert mail["References"] == invite["Message-ID"]


def test_an_invite_that_waits_does_not_make_way_for_a_mail(office: World, postbox: Postbox) -> None:
    office.rule_with(CONFIRMED, an_action())
    office.rule_with(MOVED, an_email())
    booking = office.book()

    office.move(booking)
    office.drain()

    assert [b"text/calendar" in one.message for one in postbox.taken] == [True, False]


def test_a_mail_that_waits_makes_way_for_one_of_a_newer_change(office: World, postbox: Postbox) -> None:
    office.rule_with(CONFIRMED, an_email())
    office.rule_with(MOVED, an_email(email_subject="Moved"))
    booking = office.book()

    office.move(booking)
    office.drain()

    assert office.states(CONFIRMED) == [State.SUPERSEDED]
    assert opened(_only(postbox)).subject == "Moved"


def test_a_mail_does_not_make_anybody_an_invited_person(office: World, postbox: Postbox) -> None:
    office.rule_with(CONFIRMED, an_email(), an_action(emails=("ben@example.org",), keep_in_sync=True))
    booking = office.book()
    office.drain()

    office.cancel(booking)
    office.drain()

    told = [one.recipient for one in postbox.taken]
    assert told == ["ada@example.org", "ben@example.org", "ben@example.org"]


def test_somebody_who_is_taken_off_the_invite_and_still_gets_mails_is_told_that_the_invite_is_withdrawn(
    office: World, postbox: Postbox
) -> None:
    rule = office.rule_with(CONFIRMED, an_action(keep_in_sync=True), an_email())
    office.book()
    office.drain()

    office.edit_rule_to(rule, an_action(emails=("ben@example.org",)), an_email())
    office.drain()

    assert b"METHOD:CANCEL" in _calendar(postbox.taken[-1].message)


def test_a_repeat_after_a_refusal_is_the_same_mail(office: World, postbox: Postbox) -> None:
    office.rule_with(CONFIRMED, an_email())
    postbox.answer = lambda _envelope: GREYLISTED
    office.book()
    office.drain()

    office.clock.now += HOUR
    office.drain()

    first, second = postbox.handed
    assert first.message == second.message


def test_a_reminder_by_mail_is_dropped_with_the_booking_and_moved_with_it(office: World, postbox: Postbox) -> None:
    office.rule_with(EventKind.BEFORE_MEETING_STARTS, an_email(), offsets=(HOUR,))
    dropped, moved = office.book(ahead=DAY), office.book(ahead=2 * DAY)

    office.cancel(dropped)
    moved = office.move(moved, by=DAY)
    office.go_to(moved.starts_at)

    assert office.states() == [State.CANCELLED, State.SUPERSEDED, State.SENT]
    assert office.delivery(booking_id=moved.id, state="sent").due_at == moved.starts_at - HOUR


def test_an_action_that_becomes_another_sends_what_it_is_now(office: World, postbox: Postbox) -> None:
    rule = office.rule_with(EventKind.BEFORE_MEETING_STARTS, an_action(), offsets=(HOUR,))
    booking = office.book()

    office.edit_rule_to(rule, an_email())
    office.go_to(booking.starts_at)

    assert b"text/calendar" not in _only(postbox)
    assert rule.link_ids == (LINK_ID,)


@pytest.mark.parametrize("first", ["invite", "mail"])
def test_what_was_written_for_one_action_never_leaves_as_another(
    office: World, postbox: Postbox, *, first: str
) -> None:
    invite, mail = an_action(emails=("ada@example.org",)), an_email("ada@example.org")
    before, after = (invite, mail) if first == "invite" else (mail, invite)
    rule = office.rule_with(EventKind.BEFORE_MEETING_STARTS, before, offsets=(HOUR,))
    booking = office.book()
    postbox.answer = lambda _envelope: AWAY
    office.clock.now = booking.starts_at - HOUR
    office.drain()
    assert office.states() == [State.SCHEDULED]

    office.edit_rule_to(rule, after)
    postbox.answer = lambda _envelope: ACCEPTED
    office.clock.now += MINUTE
    office.drain()

    assert (b"text/calendar" in _only(postbox)) is (after is invite)


@pytest.mark.parametrize("keep", [True, False])
def test_mails_do_not_count_as_what_a_calendar_holds(office: World, *, keep: bool) -> None:
    office.rule_with(CONFIRMED, an_action(keep_in_sync=keep), an_email())
    booking = office.book()

    office.drain()

    with office.store.reading(WORKSPACE_ID) as tx:
        (invitation,) = tx.invitations.of_booking(booking.id)
        assert (invitation.held_sequence, len(tx.invitations.message_ids(booking.id)["ada@example.org"])) == (0, 1)


def test_an_invite_that_came_back_is_not_held_because_a_mail_arrived(office: World, postbox: Postbox) -> None:
    office.rule_with(CONFIRMED, an_action(), an_email())
    booking = office.book()
    office.drain()
    (invite,) = (one for one in office.deliveries() if one.action is ActionType.SEND_CALENDAR_INVITE_TO_ANYONE)

    with office.store.transaction(WORKSPACE_ID) as tx:
        bounce = Bounce(recipient="ada@example.org", kind=BounceKind.HARD, status="5.1.1", diagnostic="no such user")
        assert bounces.bounced(tx, invite.id, bounce, now=office.clock(), limit=9)

    assert len(postbox.taken) == 2
    assert office.invitation(booking).held_method is None


def _only(postbox: Postbox) -> bytes:
    (envelope,) = postbox.taken
    return envelope.message


def _calendar(message: bytes) -> bytes:
    return opened(message).calendar.encode()
