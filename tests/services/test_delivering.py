"""From a claimed delivery to its end: order, staleness, failures, repeats; each with a relay that answers as it is told."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count, pairwise

import pytest

from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND, WORKSPACE_ID, a_chance
from tests.calendars import ReceivedInvite, read
from tests.journeys.world import (
    ACCEPTED,
    AWAY,
    EVERYBODY,
    GREYLISTED,
    NO_ANSWER,
    REFUSED,
    SECOND_HOST,
    Postbox,
    World,
)
from tocsin.domain.delivery import Delivery, Outcome, Result, Settlement, State
from tocsin.domain.errors import ConflictError, NotFoundError, UnavailableError
from tocsin.domain.events import EventKind
from tocsin.domain.letter import Envelope
from tocsin.domain.retry import WAITS
from tocsin.formats import scan
from tocsin.services import actions, attempts, deliveries, faults, preparation
from tocsin.services.ports import DeliveryFilter, Page
from tocsin.services.ports_relay import Supply
from tocsin.workers.lease import LEASE
from tocsin.workers.loop import drain

CONFIRMED, MOVED, CANCELLED = EventKind.BOOKING_CONFIRMED, EventKind.BOOKING_RESCHEDULED, EventKind.BOOKING_CANCELLED
REMINDER = EventKind.BEFORE_MEETING_STARTS


def taken(postbox: Postbox) -> list[ReceivedInvite]:
    return [read(envelope.message) for envelope in postbox.taken]


def in_flight(postbox: Postbox, deed: Callable[[], object], outcome: Outcome) -> None:
    """Let `deed` happen while the next message is on its way, which then ends in `outcome`."""

    def answer(_envelope: Envelope) -> Outcome:
        postbox.answers()
        deed()
        return outcome

    postbox.answer = answer


def crash(office: World, postbox: Postbox) -> None:
    """Let a worker die with everything in hand that is due, before it sends any; its lease lapses."""
    now = office.clock()
    office.store.queue.claim(worker="dead", now=now, lease_ends=now + LEASE, limit=100)
    assert postbox.handed == []


# Order


def test_messages_to_one_person_about_one_booking_wait_for_each_other(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, email_subject="first")
    office.rule(CONFIRMED, email_subject="second", calendar_invite_subject="another")
    office.rule(CONFIRMED, "bob@example.org", email_subject="not waiting")
    postbox.answers(GREYLISTED)

    office.book()
    office.drain()
    assert [one.subject for one in taken(postbox)] == ["not waiting"]
    office.go_to(NOON + HOUR)

    assert [(one.subject, one.sequence) for one in taken(postbox)] == [("not waiting", 0), ("first", 0), ("second", 1)]


def test_a_permanent_refusal_lets_the_next_message_go(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, email_subject="first")
    office.rule(CONFIRMED, email_subject="second")
    postbox.answers(REFUSED)

    office.book()
    office.drain()

    assert [one.subject for one in taken(postbox)] == ["second"]


def test_other_bookings_of_one_person_do_not_wait(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED)
    postbox.answers(GREYLISTED)

    office.book()
    office.book(ahead=2 * DAY)
    office.drain()

    assert sorted(office.states()) == [State.RETRYING, State.SENT]


# A booking changes while something waits


def test_an_invite_that_waits_is_superseded_by_the_move_for_the_same_person(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, "ada@example.org", "bob@example.org")
    office.rule(MOVED, "ada@example.org", email_subject="moved")

    booking = office.book()
    moved = office.move(booking)
    office.drain()

    found = {(one.event, one.recipient): one for one in office.deliveries()}
    assert found[CONFIRMED, "ada@example.org"].state is State.SUPERSEDED
    assert found[CONFIRMED, "ada@example.org"].reason == "a newer change went instead"
    assert found[CONFIRMED, "bob@example.org"].state is State.SENT
    assert {one.appointment.starts_at for one in taken(postbox)} == {moved.starts_at}
    assert sorted(postbox.recipients) == ["ada@example.org", "bob@example.org"]


def test_many_moves_in_a_row_send_the_last_one_only(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED)
    office.rule(MOVED)
    booking = office.book()
    office.drain()

    for _ in range(20):
        booking = office.move(booking, by=HOUR)
    office.drain()

    assert [one.appointment.starts_at for one in taken(postbox)][1:] == [booking.starts_at]
    assert office.states(MOVED) == [State.SUPERSEDED] * 19 + [State.SENT]


def test_a_cancelled_booking_withdraws_what_waits(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, "ada@example.org", "bob@example.org")
    office.rule(REMINDER)
    office.rule(CANCELLED, "ada@example.org")

    office.cancel(office.book())
    office.drain()

    assert {one.state for one in office.deliveries() if one.event is not CANCELLED} == {
        State.CANCELLED,
        State.SUPERSEDED,
    }
    (only,) = taken(postbox)
    assert (only.method, only.attendee, only.sequence) == ("CANCEL", "ada@example.org", 1)


def test_what_happens_to_a_cancelled_booking_is_told_as_a_cancel(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED)
    office.rule(EventKind.MEETING_OUTCOME_CHANGED)
    booking = office.book()
    office.drain()
    office.cancel(booking)

    office.clock.advance(MINUTE)
    office.change(booking, outcome_id="f0000000-0000-4000-8000-000000000001")
    office.drain()

    assert [one.method for one in taken(postbox)] == ["REQUEST", "CANCEL"]


@pytest.mark.parametrize("outcome", [GREYLISTED, NO_ANSWER])
def test_a_retry_after_a_move_is_written_anew_with_a_higher_sequence(
    office: World, postbox: Postbox, outcome: Outcome
) -> None:
    office.rule(CONFIRMED)
    postbox.answers(outcome)
    booking = office.book()
    office.drain()

    moved = office.move(booking)
    office.go_to(NOON + HOUR)

    first, second = (read(envelope.message) for envelope in postbox.handed)
    assert (first.sequence, second.sequence) == (0, 1)
    assert first.message_id != second.message_id
    assert second.appointment.starts_at == moved.starts_at
    assert office.delivery().state is State.SENT


@pytest.mark.parametrize("outcome", [GREYLISTED, NO_ANSWER, AWAY])
def test_a_retry_of_an_unchanged_booking_is_the_same_bytes(office: World, postbox: Postbox, outcome: Outcome) -> None:
    office.rule(CONFIRMED, *EVERYBODY)
    postbox.answers(*[outcome] * 3)

    office.book()
    office.go_to(NOON + HOUR)

    by_recipient: dict[str, set[bytes]] = {}
    for envelope in postbox.handed:
        by_recipient.setdefault(envelope.recipient, set()).add(envelope.message)
    assert [len(messages) for messages in by_recipient.values()] == [1, 1, 1]
    assert office.states() == [State.SENT] * 3


def test_a_message_whose_worker_died_is_sent_again_as_the_same_bytes(
    office: World, postbox: Postbox, planted_faults: None
) -> None:
    office.rule(CONFIRMED)
    office.book()
    now = office.clock()
    claimed = office.store.queue.claim(worker="dead", now=now, lease_ends=now + LEASE, limit=9)
    faults.arm("before_mark:raise")
    with pytest.raises(attempts.UnsettledError):
        attempts.deliver(office.sender, claimed, postbox, is_held=lambda: True, pause=SECOND)

    office.drain()
    assert len(postbox.taken) == 1
    office.clock.advance(LEASE)
    office.drain()

    first, second = postbox.taken
    assert (first.sender, first.recipient, first.message) == (second.sender, second.recipient, second.message)
    assert [first.claim.attempt, second.claim.attempt] == [1, 2]
    assert office.delivery().state is State.SENT


# A booking changes while something is on its way


@pytest.mark.parametrize("outcome", [GREYLISTED, NO_ANSWER, AWAY])
def test_an_invite_on_its_way_that_comes_back_is_superseded_by_the_move(
    office: World, postbox: Postbox, outcome: Outcome
) -> None:
    office.rule(CONFIRMED, email_subject="booked")
    office.rule(MOVED, email_subject="moved")
    booking = office.book()
    in_flight(postbox, lambda: office.move(booking), outcome)

    office.drain()
    office.go_to(NOON + HOUR)

    assert office.states(CONFIRMED) == [State.SUPERSEDED]
    assert [read(envelope.message).subject for envelope in postbox.handed] == ["booked", "moved"]


def test_a_move_that_is_noticed_before_sending_supersedes_too(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, "ada@example.org", email_subject="booked")
    office.rule(CONFIRMED, "bob@example.org", email_subject="booked")
    office.rule(MOVED, "ada@example.org", "bob@example.org", email_subject="moved")
    booking = office.book()
    in_flight(postbox, lambda: office.move(booking), ACCEPTED)

    office.drain()

    assert sorted((one.attendee, one.subject) for one in taken(postbox)) == [
        ("ada@example.org", "booked"),
        ("ada@example.org", "moved"),
        ("bob@example.org", "moved"),
    ]


def test_an_invite_whose_worker_died_is_superseded_by_a_move_meanwhile(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, email_subject="booked")
    office.rule(MOVED, email_subject="moved")
    booking = office.book()
    crash(office, postbox)

    office.move(booking)
    office.go_to(NOON + HOUR)

    assert [one.subject for one in taken(postbox)] == ["moved"]
    assert office.states() == [State.SUPERSEDED, State.SENT]


@pytest.mark.parametrize("outcome", [GREYLISTED, AWAY, None])
def test_a_reminder_on_its_way_that_comes_back_does_not_remind_of_a_moved_meeting(
    office: World, postbox: Postbox, outcome: Outcome | None
) -> None:
    office.rule(REMINDER, before_or_after=HOUR)
    booking = office.book()
    office.clock.now = booking.starts_at - HOUR
    if outcome is None:
        crash(office, postbox)
        office.move(booking)
    else:
        in_flight(postbox, lambda: office.move(booking), outcome)
    handed = 0 if outcome is None else 1

    office.go_to(booking.starts_at)
    assert len(postbox.handed) == handed
    office.go_to(booking.starts_at + 3 * DAY)

    assert office.states() == [State.SUPERSEDED, State.SENT]


def test_a_reminder_on_its_way_that_comes_back_does_not_hold_up_the_cancel(office: World, postbox: Postbox) -> None:
    office.rule(REMINDER, before_or_after=HOUR)
    office.rule(CANCELLED)
    booking = office.book()
    office.clock.now = booking.starts_at - HOUR
    in_flight(postbox, lambda: office.cancel(booking), GREYLISTED)

    office.drain()

    assert [one.method for one in taken(postbox)] == ["CANCEL"]
    assert office.states(REMINDER) == [State.CANCELLED]


def test_a_booking_cancelled_while_its_invite_is_on_its_way_gets_a_cancel_after_it(
    office: World, postbox: Postbox
) -> None:
    office.rule(CONFIRMED)
    office.rule(CANCELLED)
    booking = office.book()
    in_flight(postbox, lambda: office.cancel(booking), ACCEPTED)

    office.drain()

    assert [(one.method, one.sequence) for one in taken(postbox)] == [("REQUEST", 0), ("CANCEL", 1)]


def test_a_rule_deleted_while_its_invite_is_on_its_way_is_not_tried_again(office: World, postbox: Postbox) -> None:
    rule = office.rule(CONFIRMED)
    office.book()
    in_flight(postbox, lambda: office.delete_rule(rule), GREYLISTED)

    office.go_to(NOON + HOUR)

    assert office.states() == [State.CANCELLED]
    assert len(postbox.handed) == 1


# Failures


def test_a_refused_recipient_fails_alone(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, *EVERYBODY)
    postbox.answer = lambda envelope: REFUSED if envelope.recipient == "ada@example.org" else ACCEPTED

    office.book()
    office.go_to(NOON + 3 * DAY)

    found = {one.recipient: one for one in office.deliveries()}
    assert (found["ada@example.org"].state, found["ada@example.org"].reason) == (State.FAILED, "no such user")
    assert {found[other].state for other in ("eve@example.net", "oliver@example.com")} == {State.SENT}
    assert len(postbox.handed) == 3


def test_a_temporary_failure_follows_the_schedule_until_it_expires(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED)
    tries = []
    postbox.answer = lambda _envelope: tries.append(office.clock()) or GREYLISTED  # type: ignore[func-returns-value]

    office.book()
    office.go_to(NOON + 4 * DAY)

    waits = [later - earlier for earlier, later in pairwise(tries)]
    assert tuple(waits[: len(WAITS)]) == WAITS
    assert set(waits[len(WAITS) : -1]) == {timedelta(hours=6)}
    assert NOON + 3 * DAY - MINUTE <= tries[-1] < NOON + 3 * DAY
    found = office.delivery()
    assert (found.state, found.reason, found.failures) == (
        State.EXPIRED,
        "not sent by 2026-11-27 12:00 UTC",
        len(tries),
    )
    assert {one.outcome for one in office.attempts(found)} == {GREYLISTED}


def test_a_reminder_is_not_retried_into_the_meeting(office: World, postbox: Postbox) -> None:
    office.rule(REMINDER, before_or_after=10 * MINUTE)
    tries = []
    postbox.answer = lambda _envelope: tries.append(office.clock()) or GREYLISTED  # type: ignore[func-returns-value]
    booking = office.book()

    office.go_to(booking.ends_at + DAY)

    assert office.states() == [State.EXPIRED]
    assert max(tries) < booking.starts_at


def test_a_relay_that_is_away_for_six_hours_costs_no_attempt_and_all_goes_out_when_it_returns(
    office: World, postbox: Postbox
) -> None:
    office.rule(CONFIRMED, *EVERYBODY)
    back_at, probes, came = NOON + 6 * HOUR, set(), []

    def answer(_envelope: Envelope) -> Outcome:
        if office.clock() < back_at:
            probes.add(office.clock())
            return AWAY
        came.append(office.clock())
        return ACCEPTED

    postbox.answer = answer

    for number in range(7):
        office.book(ahead=(number + 1) * DAY)
    office.drain()
    assert set(office.states()) == {State.SCHEDULED}
    assert {one.reason for one in office.deliveries()} == {AWAY.reply}
    asked = len(postbox.handed)
    office.go_to(back_at + MINUTE)

    assert set(office.states()) == {State.SENT}
    assert {one.failures for one in office.deliveries()} == {0}
    assert asked <= 2  # one probe for each batch that was claimed, and not one for each delivery
    assert all(later - earlier >= 30 * SECOND for earlier, later in pairwise(sorted(probes)))
    assert len(came) == len(EVERYBODY) * 7
    assert back_at <= min(came) <= max(came) <= back_at + MINUTE


def test_wrong_credentials_pause_the_relay_and_not_the_deliveries(office: World, postbox: Postbox) -> None:
    wrong = Outcome(result=Result.TRANSPORT, code=535, enhanced_code="5.7.8", reply="wrong user or password")
    office.rule(CONFIRMED, *EVERYBODY)
    postbox.answers(wrong)

    office.book()
    office.drain()

    assert office.states() == [State.SCHEDULED] * 3
    assert len(postbox.handed) == 1
    assert {one.next_at for one in office.deliveries()} == {NOON + 30 * SECOND}
    tried = [one for one in office.deliveries() if office.attempts(one)]
    assert [office.attempts(one)[0].outcome for one in tried] == [wrong]


def test_a_message_that_cannot_be_written_fails_and_the_others_go(
    office: World, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.rule(CONFIRMED, *EVERYBODY)
    compose = actions.compose

    def poisoned(delivery: Delivery, *others: object, **named: object) -> object:
        if delivery.recipient == "ada@example.org":
            raise RecursionError("too deep")
        return compose(delivery, *others, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(preparation, "compose", poisoned)
    office.book()
    office.drain()

    found = {one.recipient: one for one in office.deliveries()}
    assert found["ada@example.org"].state is State.FAILED
    assert found["ada@example.org"].reason == "the message was not fit to leave: RecursionError: too deep"
    assert sorted(postbox.recipients) == ["eve@example.net", "oliver@example.com"]


def test_a_message_that_the_scan_complains_of_never_leaves(
    office: World, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.rule(CONFIRMED, *EVERYBODY)
    monkeypatch.setattr(scan, "complaints", lambda message: ["holds a NUL"] if b"To: ada@" in message else [])

    office.book()
    office.drain()

    found = {one.recipient: one for one in office.deliveries()}
    assert found["ada@example.org"].reason == "the message was not fit to leave: holds a NUL"
    assert sorted(postbox.recipients) == ["eve@example.net", "oliver@example.com"]


def test_a_mailer_that_raises_costs_its_own_delivery_a_try_and_no_other(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, *EVERYBODY)

    def answer(envelope: Envelope) -> Outcome:
        if envelope.recipient == "ada@example.org":
            raise ZeroDivisionError("a bug")
        return ACCEPTED

    postbox.answer = answer
    office.book()
    office.drain()

    found = {one.recipient: one for one in office.deliveries()}
    assert (found["ada@example.org"].state, found["ada@example.org"].reason) == (
        State.RETRYING,
        "ZeroDivisionError: a bug",
    )
    assert sorted(postbox.recipients) == ["eve@example.net", "oliver@example.com"]


def test_a_workspace_that_is_deleted_meanwhile_does_not_stop_the_others(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED)
    office.book()
    now = office.clock()
    claimed = office.store.queue.claim(worker="w", now=now, lease_ends=now + LEASE, limit=9)
    with office.store.registry() as registry:
        registry.delete(WORKSPACE_ID)

    attempts.deliver(office.sender, claimed, postbox, is_held=lambda: True, pause=SECOND)

    assert postbox.handed == []
    assert drain(office.sender, postbox) == 0


# The store goes away


class _Fragile:
    """A queue that cannot settle while the database is away."""

    def __init__(self, office: World) -> None:
        self._queue = office.store.queue
        self.is_away = False

    def settle(self, settlements: Sequence[Settlement], *, now: datetime) -> list[Settlement]:
        if self.is_away:
            raise UnavailableError("the database cannot be used now")
        return self._queue.settle(settlements, now=now)

    def __getattr__(self, name: str) -> object:
        return getattr(self._queue, name)


def test_how_an_attempt_ended_is_kept_when_it_cannot_be_written(
    office: World, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.rule(CONFIRMED, *EVERYBODY)
    office.book()
    now = office.clock()
    claimed = office.store.queue.claim(worker="w", now=now, lease_ends=now + LEASE, limit=9)
    fragile = _Fragile(office)
    in_flight(postbox, lambda: setattr(fragile, "is_away", True), ACCEPTED)
    monkeypatch.setattr(office.store, "queue", fragile)

    with pytest.raises(attempts.UnsettledError) as caught:
        attempts.deliver(office.sender, claimed, postbox, is_held=lambda: True, pause=SECOND)
    assert set(office.states()) == {State.SENDING}
    fragile.is_away = False
    fragile.settle(caught.value.settlements, now=now)
    office.drain()

    assert office.states() == [State.SENT] * 3
    assert len(postbox.handed) == 3


# By hand


def test_a_failed_delivery_can_be_sent_again_by_a_person(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED)
    postbox.answers(REFUSED)
    office.book()
    office.drain()

    with office.store.transaction(WORKSPACE_ID) as tx:
        again = deliveries.retry(tx, office.delivery().id, now=office.clock())
    office.drain()

    assert again.state is State.SCHEDULED
    assert office.states() == [State.SENT]
    assert len({envelope.message for envelope in postbox.handed}) == 1


def test_a_delivery_that_is_sent_again_by_hand_never_brings_back_an_older_entry(
    office: World, postbox: Postbox
) -> None:
    office.rule(CONFIRMED, calendar_invite_subject="old")
    office.rule(CONFIRMED, calendar_invite_subject="new")
    postbox.answers(REFUSED)
    office.book()
    office.drain()
    (failed,) = office.deliveries(state="failed")

    with office.store.transaction(WORKSPACE_ID) as tx:
        deliveries.retry(tx, failed.id, now=office.clock())
    office.drain()

    assert [(one.appointment.summary, one.sequence) for one in taken(postbox)] == [("new", 1), ("old", 2)]


def test_only_a_failed_or_expired_delivery_can_be_retried(office: World) -> None:
    office.rule(CONFIRMED)
    office.book()

    with pytest.raises(ConflictError, match="this one is scheduled"), office.store.transaction(WORKSPACE_ID) as tx:
        deliveries.retry(tx, office.delivery().id, now=office.clock())


def test_the_log_shows_deliveries_attempts_and_messages(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED)
    office.book()
    waiting = office.delivery()

    with office.store.reading(WORKSPACE_ID) as tx:
        assert deliveries.page(tx, DeliveryFilter(), Page()) == ([waiting], 1)
        assert deliveries.history(tx, waiting.id) == []
        with pytest.raises(ConflictError, match="no message yet"):
            deliveries.message(tx, waiting.id)
        with pytest.raises(NotFoundError):
            deliveries.get(tx, "unknown")
    office.drain()

    with office.store.reading(WORKSPACE_ID) as tx:
        assert deliveries.message(tx, waiting.id).message == postbox.taken[0].message
        assert [one.outcome for one in deliveries.history(tx, waiting.id)] == [ACCEPTED]


def test_a_worker_that_is_told_to_stop_gives_back_what_it_has_not_sent(office: World, postbox: Postbox) -> None:
    office.rule(CONFIRMED, *EVERYBODY)
    office.book()
    now = office.clock()
    claimed = office.store.queue.claim(worker="w", now=now, lease_ends=now + LEASE, limit=9)

    attempts.deliver(office.sender, claimed, postbox, is_held=lambda: not postbox.handed, pause=SECOND)

    assert sorted(office.states()) == [State.SCHEDULED, State.SCHEDULED, State.SENT]
    assert {one.reason for one in office.deliveries() if one.state is State.SCHEDULED} == {
        "its worker stopped before it was sent"
    }
    assert drain(office.sender, postbox) == 2
    assert sorted(postbox.recipients) == ["ada@example.org", "eve@example.net", "oliver@example.com"]
    assert a_chance().jitter() == 0.5


def test_a_change_of_the_host_is_told_to_the_former_host_only_by_rules_that_name_him(
    office: World, postbox: Postbox
) -> None:
    office.rule(CONFIRMED, "{{host.email}}")
    office.rule(MOVED, "{{host.email}}")
    booking = office.book()
    office.drain()

    office.change(booking, host_email=SECOND_HOST.email)
    office.drain()

    assert postbox.recipients == ["oliver@example.com", "wanda@example.com"]


class _Crowded(Postbox):
    """A mailer that has no connection for the first message that it is given."""

    def send(self, supply: Supply) -> Iterator[list[tuple[int, Outcome | None]]]:
        for number in count():
            envelopes = supply(1)
            if not envelopes:
                return
            yield [(number, self.hand(envelopes[0]) if number else None)]


def test_what_there_was_no_connection_for_is_sent_after_all(office: World) -> None:
    office.rule(CONFIRMED, *EVERYBODY)
    office.book()
    crowded = _Crowded()

    drain(office.sender, crowded)

    assert len(crowded.taken) == 3
    assert office.states() == [State.SENT] * 3


def test_what_there_was_no_connection_for_is_looked_at_again_before_it_leaves(office: World) -> None:
    office.rule(CONFIRMED)
    office.book()
    now = office.clock()
    claimed = office.store.queue.claim(worker="w", now=now, lease_ends=now + LEASE, limit=9)
    crowded, asked = _Crowded(), count()

    attempts.deliver(office.sender, claimed, crowded, is_held=lambda: next(asked) < 2, pause=SECOND)

    assert crowded.handed == []
    assert office.states() == [State.SCHEDULED]
