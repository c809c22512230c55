"""What is done beside delivering."""

import threading
from datetime import timedelta

import pytest

from tests.builders import DAY, HOUR, MINUTE, WORKSPACE_ID, a_booking, a_deed, a_kept_run, a_trail
from tests.journeys.world import REFUSED, Postbox, World
from tocsin.domain.audit import KEPT_FOR as AUDITS_KEPT_FOR
from tocsin.domain.delivery import State
from tocsin.domain.events import EventKind
from tocsin.domain.model import BookingId
from tocsin.domain.retention import MESSAGES, Kept
from tocsin.services import automation, deliveries, retention
from tocsin.services.idempotency import KEPT_FOR
from tocsin.services.ports import BookingFilter
from tocsin.services.ports_answers import Answer
from tocsin.workers import maintenance


def test_answers_are_kept_as_long_as_promised_and_then_forgotten(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx:
        tx.answers.put("key", "digest", Answer(status=201, body="{}"), now=office.clock())

    office.clock.advance(KEPT_FOR)
    maintenance.tend(office.sender)
    with office.store.transaction(WORKSPACE_ID) as tx:
        assert tx.answers.get("key") is not None
    office.clock.advance(MINUTE)
    maintenance.tend(office.sender)

    with office.store.transaction(WORKSPACE_ID) as tx:
        assert tx.answers.get("key") is None


def test_audit_logs_are_kept_as_long_as_promised_and_stay_whole(office: World) -> None:
    office.store._trail = a_trail(office.clock)
    for _ in range(2):
        with office.store.transaction(WORKSPACE_ID) as tx:
            tx.audit.note(a_deed())
        office.clock.advance(AUDITS_KEPT_FOR - DAY)

    maintenance.tidy(office.sender)

    with office.store.reading(WORKSPACE_ID) as tx:
        assert [entry.number for entry in tx.audit.after(0, limit=9)] == [2]


def test_dry_runs_are_kept_for_a_day(office: World) -> None:
    with office.store.transaction(WORKSPACE_ID) as tx:
        tx.dry_runs.add(a_kept_run(made_at=office.clock()))

    office.clock.advance(DAY)
    maintenance.tidy(office.sender)
    with office.store.reading(WORKSPACE_ID) as tx:
        assert tx.dry_runs.get(a_kept_run().id) is not None
    office.clock.advance(MINUTE)
    maintenance.tidy(office.sender)

    with office.store.reading(WORKSPACE_ID) as tx:
        assert tx.dry_runs.get(a_kept_run().id) is None


def test_large_rules_are_planned_batch_by_batch_until_nothing_is_left(
    office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automation, "BATCH", 3)
    with office.store.transaction(WORKSPACE_ID) as tx:
        for number in range(8):
            name, start = f"{number:03}", office.clock() + DAY + number * HOUR
            tx.bookings.put(a_booking(id=BookingId(name), sid=name, uid=name, starts_at=start, ends_at=start + HOUR))

    office.rule(EventKind.BEFORE_MEETING_STARTS)
    planned, more = [len(office.deliveries())], []
    for _ in range(3):
        more.append(maintenance.tend(office.sender))
        planned.append(len(office.deliveries()))

    assert planned == [3, 6, 8, 8]
    assert more == [True, False, False]


def test_planning_goes_on_at_once_while_there_is_more_and_wakes_the_workers(
    office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "EVERY", timedelta(hours=1))
    stop, bell, rounds = threading.Event(), threading.Event(), iter([True, True, False])

    def tend(_sender: object) -> bool:
        more = next(rounds)
        if not more:
            stop.set()
        return more

    monkeypatch.setattr(maintenance, "tend", tend)
    maintenance.keep(office.sender, stop, bell)

    assert list(rounds) == []
    assert bell.is_set()


def test_the_words_of_messages_are_kept_as_long_as_promised_and_what_became_of_them_stays(office: World) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED)
    office.book()
    office.drain()
    sent = office.delivery()

    def words() -> int:
        with office.store.reading(WORKSPACE_ID) as tx:
            kept = tx.messages.get(sent.id)
        assert kept is not None
        return len(kept.message)

    office.clock.advance(MESSAGES)
    maintenance.tidy(office.sender)
    assert words() > 0
    office.clock.advance(MINUTE)
    maintenance.tidy(office.sender)
    assert words() == 0
    assert office.delivery() == sent


def test_a_workspace_may_keep_words_for_longer_or_shorter(office: World) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED)
    office.book()
    office.drain()
    with office.store.transaction(WORKSPACE_ID) as tx:
        retention.keep(tx, Kept(messages=90))
    office.clock.advance(89 * DAY)
    with office.store.transaction(WORKSPACE_ID) as tx:
        assert retention.forget(tx, now=office.clock()) == 0
        retention.keep(tx, Kept(messages=7))
        assert retention.forget(tx, now=office.clock()) == 1
        assert retention.forget(tx, now=office.clock()) == 0


def test_bookings_are_deleted_once_they_are_older_than_somebody_said_and_never_before(office: World) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED)
    first, second = office.book(ahead=DAY), office.book(ahead=10 * DAY)

    def left() -> list[BookingId]:
        with office.store.reading(WORKSPACE_ID) as tx:
            return [one.id for one in (first, second) if tx.bookings.get(one.id) is not None]

    office.go_to(first.ends_at + 100 * DAY)
    maintenance.tidy(office.sender)
    assert left() == [first.id, second.id]
    with office.store.transaction(WORKSPACE_ID) as tx:
        retention.keep(tx, Kept(bookings=100))
    maintenance.tidy(office.sender)
    assert left() == [first.id, second.id]
    office.clock.advance(MINUTE)
    maintenance.tidy(office.sender)
    assert left() == [second.id]
    office.go_to(second.ends_at + 101 * DAY)
    maintenance.tidy(office.sender)
    assert left() == []
    assert office.deliveries() == []


def test_a_booking_about_which_a_message_waits_is_kept_until_that_has_ended(office: World) -> None:
    office.rule(EventKind.AFTER_MEETING_ENDS, before_or_after=30 * DAY)
    booking = office.book()
    with office.store.transaction(WORKSPACE_ID) as tx:
        retention.keep(tx, Kept(bookings=7))

    office.go_to(booking.ends_at + 8 * DAY)
    maintenance.tidy(office.sender)
    assert len(office.deliveries()) == 1
    office.go_to(booking.ends_at + 31 * DAY)
    assert [one.state for one in office.deliveries()] == [State.SENT]
    maintenance.tidy(office.sender)

    assert office.deliveries() == []


def test_however_many_bookings_are_too_old_all_of_them_go(office: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    monkeypatch.setattr(retention, "LOOKED_FOR", 3)
    ended = max(office.book(ahead=(number + 1) * DAY).ends_at for number in range(5))
    with office.store.transaction(WORKSPACE_ID) as tx:
        retention.keep(tx, Kept(bookings=1))

    office.go_to(ended + 2 * DAY)
    maintenance.tidy(office.sender)

    with office.store.reading(WORKSPACE_ID) as tx:
        assert tx.bookings.page(BookingFilter(), now=office.clock(), limit=9, offset=0)[1] == 0


def test_a_message_whose_words_are_forgotten_is_written_anew_when_it_is_retried(
    office: World, postbox: Postbox
) -> None:
    office.rule(EventKind.BOOKING_CONFIRMED)
    office.book(ahead=90 * DAY)
    postbox.answers(REFUSED)
    office.drain()
    office.clock.advance(40 * DAY)
    maintenance.tidy(office.sender)

    with office.store.transaction(WORKSPACE_ID) as tx:
        deliveries.retry(tx, office.delivery().id, now=office.clock())
    office.drain()

    (again,) = postbox.taken
    assert b"BEGIN:VCALENDAR" in again.message or len(again.message) > 1000
