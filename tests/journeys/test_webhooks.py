"""The action call_webhook: every event is told, once, in order, whatever else happens to the booking."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.builders import DAY, HOUR, LINK_ID, MINUTE, WORKSPACE_ID, a_call, an_action
from tests.http_server import Got, Receiver, Says
from tests.journeys.world import SECRET, World
from tocsin.calls.caller import HttpCaller
from tocsin.domain.conditions import Condition, Field, Operator
from tocsin.domain.delivery import Result, State
from tocsin.domain.events import EventKind
from tocsin.domain.limits import Limits, Scope, parse
from tocsin.domain.pause import Pause
from tocsin.domain.webhook import OVERLAP
from tocsin.services import webhooks
from tocsin.workers.callers import drain_calls

CONFIRMED, MOVED, CANCELLED = (
    EventKind.BOOKING_CONFIRMED,
    EventKind.BOOKING_RESCHEDULED,
    EventKind.BOOKING_CANCELLED,
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def drain(office: World, *receivers: Receiver) -> int:
    allowed = {one.origin for one in receivers}
    return drain_calls(office.sender, lambda: HttpCaller(allowed=allowed, clock=office.clock))


def told(receiver: Receiver) -> list[str]:
    return [said(got)["type"] for got in receiver.got]


def said(got: Got) -> Any:
    return json.loads(got.body)


def test_what_happens_to_a_booking_is_told_with_the_booking(office: World, receiver: Receiver) -> None:
    rule = office.rule_with(CONFIRMED, a_call(receiver.url))
    booking = office.book()

    assert drain(office, receiver) == 1

    delivery = office.delivery()
    body = said(receiver.got[0])
    assert (body["type"], body["timestamp"]) == ("booking_confirmed", "2026-11-24T12:00:00.000Z")
    assert body["data"]["delivery_id"] == delivery.id == receiver.got[0].headers["webhook-id"]
    assert (body["data"]["rule_id"], body["data"]["rule_revision"]) == (rule.id, 1)
    assert body["data"]["booking"]["sid"] == booking.sid
    assert body["data"]["booking"]["client"]["email"] == booking.client.email
    assert body["data"]["meeting"]["id"] == LINK_ID
    assert (delivery.state, delivery.recipient) == (State.SENT, receiver.url)
    (attempt,) = office.attempts(delivery)
    assert attempt.outcome is not None
    assert (attempt.outcome.result, attempt.outcome.code) == (Result.ACCEPTED, 200)


def test_mail_and_calls_of_one_rule_go_their_own_ways(office: World, receiver: Receiver) -> None:
    office.rule_with(CONFIRMED, an_action(), a_call(receiver.url))
    office.book()

    assert (drain(office, receiver), office.drain()) == (1, 1)

    assert office.states() == [State.SENT, State.SENT]


def test_secrets_that_were_made_one_after_the_other_all_sign_for_a_day(office: World, receiver: Receiver) -> None:
    office.rule_with(CONFIRMED, a_call(receiver.url))
    secrets = [_new_secret(office, receiver.url) for _ in range(3)]

    office.book()
    drain(office, receiver)

    assert all(_accepts(secret, receiver.got[0]) for secret in secrets)


def test_a_call_is_signed_with_the_secret_that_was_made_for_its_url(office: World, receiver: Receiver) -> None:
    office.rule_with(CONFIRMED, a_call(receiver.url))
    secrets = [_new_secret(office, receiver.url) for _ in range(2)]
    elsewhere = _new_secret(office, f"{receiver.url}/else")

    office.book()
    drain(office, receiver)
    office.clock.now += OVERLAP
    office.book(ahead=2 * DAY)
    drain(office, receiver)

    first, second = receiver.got
    assert _accepts(secrets[1], first)
    assert _accepts(secrets[0], first), "for a day the former one is good too"
    assert _accepts(secrets[1], second)
    assert not _accepts(secrets[0], second)
    assert not _accepts(elsewhere, second)


def test_a_refused_call_is_tried_again_as_the_very_same_whatever_the_booking_is_by_then(
    office: World, receiver: Receiver
) -> None:
    receiver.says = lambda _got: Says(status=500)
    office.rule_with(CONFIRMED, a_call(receiver.url))
    booking = office.book()
    drain(office, receiver)

    office.move(booking)
    receiver.says = lambda _got: Says()
    office.clock.now += HOUR
    drain(office, receiver)

    first, second = receiver.got
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert office.states() == [State.SENT]


def test_each_change_is_told_and_none_makes_way_for_a_newer_one(office: World, receiver: Receiver) -> None:
    for event in (CONFIRMED, MOVED, CANCELLED):
        office.rule_with(event, a_call(receiver.url))

    booking = office.book()
    office.clock.now += MINUTE
    booking = office.move(booking)
    office.clock.now += MINUTE
    office.cancel(booking)
    for _ in range(3):
        drain(office, receiver)

    assert told(receiver) == ["booking_confirmed", "booking_rescheduled", "booking_cancelled"]
    assert office.states() == [State.SENT] * 3


def test_a_timed_call_goes_with_its_booking(office: World, receiver: Receiver) -> None:
    office.rule_with(EventKind.BEFORE_MEETING_STARTS, a_call(receiver.url), offsets=(HOUR,))
    dropped, kept = office.book(ahead=DAY), office.book(ahead=2 * DAY)

    office.cancel(dropped)
    office.clock.now = kept.starts_at - HOUR
    drain(office, receiver)

    assert [said(got)["data"]["booking"]["id"] for got in receiver.got] == [kept.id]
    assert office.delivery(booking_id=dropped.id).state is State.CANCELLED


def test_a_call_waits_for_nobody_once_its_rule_is_off_or_names_another_url(office: World, receiver: Receiver) -> None:
    receiver.says = lambda _got: Says(status=500)
    switched, edited = (office.rule_with(CONFIRMED, a_call(receiver.url)) for _ in range(2))
    office.book()
    drain(office, receiver)

    office.switch(switched, on=False)
    office.edit_rule_to(edited, a_call(f"{receiver.url}/new"))
    office.clock.now += HOUR
    drain(office, receiver)

    assert len(receiver.got) == 1, "the second waits behind the first, which is about the same booking"
    assert office.states() == [State.CANCELLED, State.CANCELLED]


def test_a_call_is_kept_back_by_a_condition_and_says_which(office: World, receiver: Receiver) -> None:
    condition = Condition(field=Field.CLIENT_EMAIL, operator=Operator.IS, value="nobody@example.org")
    office.rule_with(CONFIRMED, a_call(receiver.url), conditions=[condition])
    office.book()

    drain(office, receiver)

    assert receiver.got == []
    assert office.delivery().state is State.CANCELLED
    assert "client.email" in office.delivery().reason


def test_a_receiver_that_wants_no_more_is_called_no_more_for_that_and_nobody_calls_it_a_bounce(
    office: World, receiver: Receiver
) -> None:
    receiver.says = lambda _got: Says(status=410)
    office.rule_with(CONFIRMED, a_call(receiver.url))
    office.book()

    drain(office, receiver)

    assert office.delivery().state is State.FAILED
    with office.store.reading(WORKSPACE_ID) as tx:
        assert tx.suppressions.of_recipient(receiver.url) == []


def test_a_receiver_can_say_how_long_it_wants_to_be_left_alone(office: World, receiver: Receiver) -> None:
    receiver.says = lambda _got: Says(status=429, headers={"Retry-After": "3600"})
    office.rule_with(CONFIRMED, a_call(receiver.url))
    office.book()

    drain(office, receiver)

    assert office.delivery().next_at == office.clock() + HOUR


def test_one_that_is_away_keeps_nobody_else_waiting(office: World, receiver: Receiver) -> None:
    with Receiver() as away:
        pass
    office.rule_with(CONFIRMED, a_call(away.url), a_call(receiver.url))
    for days in range(1, 6):
        office.book(ahead=days * DAY)

    drain(office, away, receiver)

    assert len(receiver.got) == 5
    waiting = office.deliveries(recipient=away.url)
    assert sorted(one.state.value for one in waiting) == ["retrying", *["scheduled"] * 4]
    assert [one.failures for one in waiting if one.state is State.RETRYING] == [1]


def test_a_pause_of_the_workspaces_mail_does_not_stop_calls(office: World, receiver: Receiver) -> None:
    office.rule_with(CONFIRMED, a_call(receiver.url))
    with office.store.transaction(WORKSPACE_ID) as tx:
        tx.usage.set_pause(Pause(since_at=office.clock(), because="too many bounces"))
    office.book()

    drain(office, receiver)

    assert office.states() == [State.SENT]


def test_limits_of_mail_do_not_count_calls(office: World, receiver: Receiver) -> None:
    one_a_day = parse(Scope.WORKSPACE, "1/day")
    office.sender = replace(office.sender, limits=Limits(workspace=one_a_day))
    office.rule_with(CONFIRMED, a_call(receiver.url), an_action())
    office.book()
    office.book(ahead=2 * DAY)

    drain(office, receiver)
    office.drain()

    assert len(receiver.got) == 2
    assert sorted(office.states()) == [State.SCHEDULED, State.SENT, State.SENT, State.SENT]


def test_a_condition_is_asked_before_the_first_try_and_not_again(office: World, receiver: Receiver) -> None:
    condition = Condition(field=Field.BOOKING_STATUS, operator=Operator.IS, value="confirmed")
    office.rule_with(CONFIRMED, a_call(receiver.url), conditions=[condition])
    receiver.says = lambda _got: Says(status=500)
    booking = office.book()
    drain(office, receiver)

    office.cancel(booking)
    receiver.says = lambda _got: Says()
    office.clock.now += HOUR
    drain(office, receiver)

    assert (len(receiver.got), office.states()) == (2, [State.SENT])


def test_a_timed_call_that_is_planned_anew_for_the_same_moment_tells_of_the_booking_as_it_is(
    office: World, receiver: Receiver
) -> None:
    receiver.says = lambda _got: Says(status=500)
    office.rule_with(EventKind.BEFORE_MEETING_STARTS, a_call(receiver.url), offsets=(HOUR,))
    booking = office.book(ahead=HOUR + MINUTE)
    office.clock.now += MINUTE
    drain(office, receiver)
    office.move(office.move(booking, by=DAY), by=-DAY)
    receiver.says = lambda _got: Says()
    office.clock.now += MINUTE
    drain(office, receiver)

    assert [said(got)["data"]["booking"]["revision"] for got in receiver.got] == [0, 2]


def test_urls_that_differ_in_their_letters_case_are_two(office: World, receiver: Receiver) -> None:
    rule = office.rule_with(EventKind.BEFORE_MEETING_STARTS, a_call(f"{receiver.url}/Old"), offsets=(HOUR,))
    booking = office.book()

    office.edit_rule_to(rule, a_call(f"{receiver.url}/old"))
    office.clock.now = booking.starts_at - HOUR
    drain(office, receiver)

    assert [got.path for got in receiver.got] == ["/bookings/old"]


def test_a_url_whose_calls_wait_behind_one_that_is_tried_again_is_not_due(office: World, receiver: Receiver) -> None:
    receiver.says = lambda _got: Says(status=404)
    for event in (CONFIRMED, MOVED):
        office.rule_with(event, a_call(receiver.url))
    office.move(office.book())
    drain(office, receiver)

    assert office.store.queue.due_endpoint(now=office.clock(), passed_over=()) is None
    assert sorted(office.states()) == [State.RETRYING, State.SCHEDULED]


def test_what_a_name_leads_to_can_change_so_a_closed_address_is_tried_again(office: World) -> None:
    office.rule_with(CONFIRMED, a_call("https://hooks.example.org/x"))
    office.book()

    caller = HttpCaller(allowed=(), clock=office.clock, resolve=lambda _host, _port: ["10.0.0.1"])
    drain_calls(office.sender, lambda: caller)

    assert office.delivery().state is State.RETRYING
    assert "not public" in office.delivery().reason


def test_calls_expire_as_mail_does(office: World, receiver: Receiver) -> None:
    office.rule_with(CONFIRMED, a_call(receiver.url))
    office.book(ahead=30 * DAY)

    office.clock.now += timedelta(hours=73)
    drain(office, receiver)

    assert (receiver.got, office.states()) == ([], [State.EXPIRED])


def test_a_url_that_no_operator_opens_any_more_is_not_called(office: World, receiver: Receiver) -> None:
    office.rule_with(CONFIRMED, a_call(receiver.url))
    office.book()

    drain(office)

    assert (receiver.got, office.delivery().state) == ([], State.FAILED)
    assert "must begin with https://" in office.delivery().reason


def test_a_worker_that_dies_after_a_call_makes_the_same_call_again(office: World, receiver: Receiver) -> None:
    office.rule_with(CONFIRMED, a_call(receiver.url))
    office.book()
    endpoint = office.store.queue.due_endpoint(now=office.clock(), passed_over=())
    assert endpoint is not None
    lease_ends = office.clock() + MINUTE
    office.store.queue.claim_calls(endpoint, worker="dies", now=office.clock(), lease_ends=lease_ends, limit=10)
    assert drain(office, receiver) == 0

    office.clock.now += 2 * MINUTE
    drain(office, receiver)

    assert (len(receiver.got), office.states()) == (1, [State.SENT])


def _new_secret(office: World, url: str) -> str:
    with office.store.transaction(WORKSPACE_ID) as tx:
        return webhooks.renew_secret(tx, url, secret=SECRET, now=office.clock())


def _accepts(secret: str, got: Got) -> bool:
    # The clock of the test is not the library's: the call is signed anew for its own moment, as the library would.
    signed_at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
    signature = Webhook(secret).sign(got.headers["webhook-id"], signed_at, got.body.decode())
    return signature in got.headers["webhook-signature"].split(" ")
