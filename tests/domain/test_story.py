"""The story of a delivery: what asked for it, and what became of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import DAY, HOUR, MINUTE, NOON, a_booking, a_delivery, an_action
from tocsin.domain.delivery import REPLACED, Attempt, Cause, Delivery, DeliveryId, Outcome, Result, State
from tocsin.domain.events import EventKind
from tocsin.domain.explain import Happened
from tocsin.domain.invite import Answered
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.story import entry_of, event_of, origin, replaced_by, steps

ADA, EVE = "ada@example.org", "eve@example.net"
CONFIRMED = Happened(kind=EventKind.BOOKING_CONFIRMED, booking_revision=0, occurred_at=NOON)
MOVED, BEFORE = EventKind.BOOKING_RESCHEDULED, EventKind.BEFORE_MEETING_STARTS


def an_attempt(result: Result | None = Result.ACCEPTED, **changes: Any) -> Attempt:
    outcome = None if result is None else Outcome(result=result, code=250, enhanced_code="2.0.0", reply="taken")
    return replace(Attempt(number=1, started_at=NOON, ended_at=NOON + MINUTE, outcome=outcome), **changes)


def a_superseded(**changes: Any) -> Delivery:
    ended = a_delivery(state=State.SUPERSEDED, reason=REPLACED.reason, settled_at=NOON + HOUR)
    return replace(ended, **changes)


def another(number: int = 2, **changes: Any) -> Delivery:
    return a_delivery(id=DeliveryId(f"delivery {number}"), **({"created_at": NOON + HOUR} | changes))


@pytest.mark.parametrize(
    ("emails", "recipient", "entry"),
    [
        ((EVE, "{{client.email}}"), EVE, EVE),
        (("{{host.email}}", "{{client.email}}"), EVE, "{{client.email}}"),
        ((ADA, "{{client.email}}"), "former@example.net", "{{client.email}}"),
        (("{{host.email}}", "{{client.email}}"), "former@example.net", None),
        ((ADA,), "former@example.net", None),
    ],
)
def test_the_entry_that_made_an_address_a_recipient_is_found(
    emails: tuple[str, ...], recipient: str, entry: str | None
) -> None:
    assert entry_of(an_action(emails=emails), recipient, a_booking()) == entry


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (ADA, "action 1 names ada@example.org"),
        ("{{client.email}}", "action 1 names {{client.email}}, which was ada@example.org"),
        (None, "action 1 named somebody whose address was ada@example.org as the booking was then"),
    ],
)
def test_a_delivery_tells_its_rule_its_event_and_why_this_address(entry: str | None, sentence: str) -> None:
    found = origin(a_delivery(), rule_name="Invite", happened=CONFIRMED, entry=entry)

    assert [(one.name, one.holds) for one in found] == [("rule", True), ("event", True), ("recipient", True)]
    assert [one.sentence for one in found] == [
        "the rule “Invite” fired, as it was at revision 1",
        "booking_confirmed happened at 2026-11-24 12:00 UTC",
        sentence,
    ]


@pytest.mark.parametrize(
    ("changes", "rule", "event"),
    [
        ({"event": BEFORE}, "fired", "before_meeting_starts is at 2026-11-24 12:00 UTC"),
        (
            {"event": MOVED, "cause": Cause.KEEP_IN_SYNC, "booking_revision": 2},
            "invited this recipient and keeps the invite in sync",
            "booking_rescheduled happened (revision 2 of the booking), and the recipient may hold an invite",
        ),
        (
            {"event": EventKind.RECIPIENT_REMOVED, "cause": Cause.KEEP_IN_SYNC},
            "invited this recipient and keeps the invite in sync",
            "the recipient was taken off (revision 0 of the booking), and the recipient may hold an invite",
        ),
    ],
)
def test_what_no_event_of_the_rule_asked_for_tells_its_moment_or_what_it_keeps_true(
    changes: dict[str, Any], rule: str, event: str
) -> None:
    found = origin(a_delivery(**changes), rule_name="Invite", happened=None, entry=ADA)

    assert found[0].sentence == f"the rule “Invite” {rule}, as it was at revision 1"
    assert found[1].sentence == event


def test_the_event_of_a_delivery_is_found_among_all() -> None:
    accepted = replace(CONFIRMED, kind=EventKind.INVITE_ACCEPTED, about=ADA)
    again = replace(accepted, occurred_at=NOON + HOUR)
    answer = a_delivery(event=EventKind.INVITE_ACCEPTED, about=ADA)

    assert event_of(a_delivery(), [accepted, CONFIRMED]) == CONFIRMED
    assert event_of(answer, [CONFIRMED, accepted, again]) == accepted
    assert event_of(a_delivery(event=BEFORE), [CONFIRMED]) is None


@pytest.mark.parametrize(
    ("state", "changes", "sentence"),
    [
        (State.SCHEDULED, {"next_at": NOON + HOUR}, "waits until 2026-11-24 13:00 UTC"),
        (State.RETRYING, {"reason": "later"}, "waits until 2026-11-24 12:00 UTC: later"),
        (State.SENDING, {"attempts": 2}, "a worker has it in hand, for attempt 2"),
        (State.CANCELLED, {"reason": "the rule was deleted first"}, "ended as cancelled: the rule was deleted first"),
        (State.SENT, {"attempts": 1}, "sent at attempt 1"),
    ],
)
def test_a_delivery_tells_where_it_stands_and_why(state: State, changes: dict[str, Any], sentence: str) -> None:
    found = steps(a_delivery(state=state, **changes), attempt=None, replaced=[], answered=None)

    assert [(one.name, one.sentence) for one in found] == [
        ("planned", "planned to be sent at 2026-11-24 12:00 UTC"),
        (state.value, sentence),
    ]


def test_what_was_sent_tells_the_servers_reply_and_the_recipients_answer() -> None:
    answered = Answered(rsvp=Rsvp.DECLINED, sequence=0, stamp=NOON, at=NOON + DAY)
    delivery = a_delivery(state=State.SENT, attempts=1, settled_at=NOON + MINUTE)

    found = steps(delivery, attempt=an_attempt(), replaced=[], answered=answered)

    assert [(one.name, one.at, one.sentence) for one in found[1:]] == [
        ("sent", NOON + MINUTE, "sent at attempt 1; the server said: 250 2.0.0 taken"),
        ("answered", NOON + DAY, "the recipient answered declined"),
    ]


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [
        (an_attempt(Result.TEMPORARY), ["attempt 1 ended as temporary; the server said: 250 2.0.0 taken"]),
        (
            an_attempt(outcome=Outcome(result=Result.TRANSPORT, reply="refused"), ended_at=None),
            ["attempt 1 ended as transport: refused"],
        ),
        (an_attempt(outcome=Outcome(result=Result.UNKNOWN)), ["attempt 1 ended as unknown"]),
        (an_attempt(None), []),
    ],
)
def test_the_last_attempt_is_told_of_what_was_not_sent(attempt: Attempt, expected: list[str]) -> None:
    found = steps(a_delivery(state=State.RETRYING), attempt=attempt, replaced=[], answered=None)

    assert [one.sentence for one in found[1:-1]] == expected


def test_what_was_sent_without_a_reply_that_was_kept_is_told_all_the_same() -> None:
    found = steps(a_delivery(state=State.SENT, attempts=3), attempt=an_attempt(None), replaced=[], answered=None)

    assert found[-1].sentence == "sent at attempt 3"


def test_what_was_superseded_names_what_came_in_its_place() -> None:
    newer = another(event=MOVED, due_at=NOON + HOUR)

    found = steps(a_superseded(), attempt=None, replaced=[newer, newer], answered=None)

    assert found[-1].sentence == (
        "ended as superseded: a newer change went instead; in its place booking_rescheduled at 2026-11-24 13:00 UTC and "
        "booking_rescheduled at 2026-11-24 13:00 UTC"
    )


def test_a_message_is_replaced_by_that_of_the_next_change_to_the_same_person() -> None:
    nexts = [another(number, event=MOVED, booking_revision=number) for number in (3, 2)]
    others = [
        another(4, event=MOVED, booking_revision=1, recipient=EVE),
        another(5, event=MOVED, booking_revision=1, cause=Cause.KEEP_IN_SYNC),
        another(6, event=BEFORE, booking_revision=1),
        another(7, event=MOVED, booking_revision=0),
    ]

    assert [one.id for one in replaced_by(a_superseded(), [*nexts, *others])] == ["delivery 2"]


def test_what_was_not_superseded_is_replaced_by_nothing() -> None:
    newer = another(event=MOVED, booking_revision=1)

    assert replaced_by(a_delivery(state=State.CANCELLED, settled_at=NOON), [newer]) == []
    assert replaced_by(a_superseded(settled_at=None), [newer]) == []
    assert replaced_by(a_superseded(), [a_superseded()]) == []


def test_what_waited_of_an_answer_is_replaced_by_what_the_next_one_asks_for() -> None:
    accepted, declined = EventKind.INVITE_ACCEPTED, EventKind.INVITE_DECLINED
    ended = a_superseded(event=accepted, about=ADA)
    newer = another(event=declined, about=ADA, recipient=EVE)
    others = [another(3, event=declined, about=EVE), another(4, event=accepted, about=ADA, created_at=NOON)]

    assert replaced_by(ended, [*others, newer]) == [newer]


def test_what_keeps_an_invite_true_is_replaced_by_what_said_the_same() -> None:
    ended = a_superseded(cause=Cause.KEEP_IN_SYNC, event=MOVED, booking_revision=1)
    told = another(event=MOVED, state=State.SENT, booking_revision=1)

    assert replaced_by(ended, [another(3, state=State.SENT), another(4, booking_revision=1), told]) == [told]


def test_a_reminder_that_moved_is_replaced_by_what_was_planned_at_that_moment() -> None:
    ended = a_superseded(event=BEFORE)
    late, early = (another(n, event=BEFORE, due_at=NOON + n * DAY) for n in (3, 2))
    others = [another(4, event=BEFORE, action_index=1), another(5, event=BEFORE, recipient=EVE)]

    assert replaced_by(ended, [late, early, *others]) == [early, late]


def test_a_reminder_that_moved_and_moved_back_is_replaced_by_what_stands() -> None:
    back = another(event=BEFORE, created_at=NOON - timedelta(days=1))
    former = another(3, event=BEFORE, created_at=NOON - DAY, state=State.SUPERSEDED)

    assert replaced_by(a_superseded(event=BEFORE), [former, back]) == [back]


def test_a_reminder_to_a_former_client_is_replaced_by_that_to_the_new_one() -> None:
    mended = another(event=BEFORE, recipient=EVE)

    assert replaced_by(a_superseded(event=BEFORE), [mended]) == [mended]
