"""Each event of a booking, with the rule as it was then: which clause kept it from firing, and what was so."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import DAY, HOUR, LINK_ID, MINUTE, NOON, RULE_ID, a_booking, a_cancelled_booking, a_rule
from tocsin.domain.events import EventKind
from tocsin.domain.explain import Happened
from tocsin.domain.model import BookingStatus, LinkId
from tocsin.domain.occasions import Occasion, Question, occasions, telling
from tocsin.domain.rsvp import MOST_ANSWERS
from tocsin.domain.rule_life import Firing, RuleLife, RuleThen

CONFIRMED, CANCELLED = EventKind.BOOKING_CONFIRMED, EventKind.BOOKING_CANCELLED
BEFORE, AFTER = EventKind.BEFORE_MEETING_STARTS, EventKind.AFTER_MEETING_ENDS
ACCEPTED = EventKind.INVITE_ACCEPTED
ADA = "ada@example.org"


def happened(kind: EventKind = CONFIRMED, at: datetime = NOON, **changes: Any) -> Happened:
    return replace(Happened(kind=kind, booking_revision=0, occurred_at=at), **changes)


def then(number: int = 1, made_at: datetime = NOON - DAY, **changes: Any) -> RuleThen:
    """Return a revision of a rule that is ready for confirmed bookings."""
    made = RuleThen(number=number, made_at=made_at, event=CONFIRMED, enabled=True, link_ids=(LINK_ID,), offsets=())
    return replace(made, **changes)


def not_kept(number: int = 1, made_at: datetime = NOON - DAY) -> RuleThen:
    return then(number, made_at, event=None, enabled=False, link_ids=())


def a_life(*revisions: RuleThen, **changes: Any) -> RuleLife:
    return replace(RuleLife(rule_id=RULE_ID, name="Invite", revisions=revisions or (then(),)), **changes)


def a_firing(event: EventKind = CONFIRMED, **changes: Any) -> Firing:
    firing = Firing(
        rule_id=RULE_ID,
        rule_revision=1,
        event=event,
        booking_revision=0,
        about="",
        due_at=NOON,
        planned_at=NOON,
    )
    return replace(firing, **changes)


def a_question(life: RuleLife, *events: Happened, **changes: Any) -> Question:
    asked = Question(
        life=life, booking=a_booking(), happened=events, firings=(), people=lambda _revision, _of_booking: [ADA]
    )
    return replace(asked, **changes)


def told(life: RuleLife, *events: Happened, **changes: Any) -> Occasion:
    asked = a_question(life, *events, **changes)
    return telling(asked, occasions(asked))


def sentences(occasion: Occasion) -> list[str]:
    return [one.sentence for one in occasion.clauses]


def failing(occasion: Occasion) -> list[tuple[str, str]]:
    return [(one.name, one.sentence) for one in occasion.clauses if not one.holds]


def test_of_a_rule_that_fired_every_clause_holds() -> None:
    found = told(a_life(), happened(), firings=[a_firing()])

    assert (found.fired, found.holds, found.rule_revision, found.at) == (True, True, 1, NOON)
    assert sentences(found) == [
        "the rule is switched on",
        "the booking's meeting is among those of the rule",
        "booking_confirmed happened at 2026-11-24 12:00 UTC",
    ]


OFF = then(2, NOON - HOUR, enabled=False)


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        pytest.param(
            a_life(then(), OFF, then(3, NOON - MINUTE, enabled=False)),
            [("enabled", "the rule is switched off since 2026-11-24 11:00 UTC")],
            id="it is off, and was renamed since",
        ),
        pytest.param(
            a_life(then(), OFF, then(3, NOON + MINUTE)),
            [("enabled", "the rule was switched off since 2026-11-24 11:00 UTC")],
            id="it was off then",
        ),
        pytest.param(
            a_life(then(link_ids=(LinkId("other"),))),
            [("meeting_ids", "the booking's meeting is not among those of the rule")],
            id="it is for another link",
        ),
        pytest.param(
            a_life(then(link_ids=(LinkId("other"),)), then(2, NOON + MINUTE)),
            [("meeting_ids", "the booking's meeting was not among those of the rule")],
            id="it was for another link then",
        ),
        pytest.param(
            a_life(then(event=CANCELLED), then(2, NOON + MINUTE)),
            [
                (
                    "event",
                    (
                        "booking_confirmed happened at 2026-11-24 12:00 UTC, but the rule was made for booking_cancelled then"
                        "; that was changed at 2026-11-24 12:01 UTC"
                    ),
                )
            ],
            id="it was for another event then",
        ),
        pytest.param(
            a_life(then(made_at=NOON + HOUR)),
            [("created_at", "the rule was made after that, at 2026-11-24 13:00 UTC")],
            id="it was made later",
        ),
        pytest.param(
            a_life(then(event=CANCELLED)),
            [("event", "booking_cancelled has not happened to this booking")],
            id="its event never happened",
        ),
        pytest.param(
            a_life(is_deleted=True, deleted_at=NOON - MINUTE),
            [("deleted", "the rule was deleted at 2026-11-24 11:59 UTC")],
            id="it was deleted before",
        ),
        pytest.param(
            a_life(is_deleted=True),
            [("deleted", "the rule was deleted by then")],
            id="it was deleted by a version that did not keep when",
        ),
        pytest.param(
            a_life(not_kept(), then(2, NOON + MINUTE)),
            [
                (
                    "revision_kept",
                    "what the rule was at revision 1, of 2026-11-23 12:00 UTC, was not kept as a whole; it planned nothing",
                )
            ],
            id="what it was then was not kept",
        ),
        pytest.param(
            a_life(then(made_at=NOON)),
            [
                (
                    "order",
                    (
                        "the booking changed at the very time at which the rule did (revision 1, of 2026-11-24 12:00 UTC), "
                        "and was written first"
                    ),
                )
            ],
            id="it was made at the same moment, but later",
        ),
        pytest.param(
            a_life(then(), then(2, NOON, enabled=False), then(3, NOON)),
            [("enabled", "the rule was switched off since 2026-11-24 12:00 UTC")],
            id="it was off for no time, in which the booking was made",
        ),
    ],
)
def test_the_clause_that_kept_a_rule_from_firing_is_about_the_rule_as_it_was_then(
    life: RuleLife, expected: list[tuple[str, str]]
) -> None:
    assert failing(told(life, happened())) == expected


def test_a_rule_that_was_changed_since_says_so_and_which_revision_the_answer_is_about() -> None:
    found = told(a_life(then(), OFF), happened(at=NOON - 2 * HOUR), firings=[a_firing()])

    assert found.holds
    assert sentences(found)[0] == (
        "this is about revision 1 of the rule, which was in force then; it is at revision 2 now, of 2026-11-24 11:00 UTC"
    )
    assert sentences(found)[1] == "the rule was switched on"


def test_a_rule_that_was_changed_and_deleted_since_says_so() -> None:
    life = a_life(then(), OFF, is_deleted=True, deleted_at=NOON)

    found = told(life, happened(at=NOON - 2 * HOUR), firings=[a_firing()])

    assert found.holds
    assert sentences(found)[0].endswith("it was deleted later")


def test_a_rule_that_fired_although_a_revision_was_not_kept_is_believed_by_its_deliveries() -> None:
    found = told(a_life(not_kept(), then(2, NOON + HOUR)), happened(), firings=[a_firing()])

    assert found.holds
    assert sentences(found)[-1].endswith("it fired")


def test_a_deleted_rule_of_which_nothing_was_kept_says_that_it_was_deleted() -> None:
    found = told(a_life(not_kept(), is_deleted=True), happened())

    assert [name for name, _ in failing(found)] == ["deleted", "revision_kept"]
    assert found.kind is None


def test_clocks_that_disagree_do_not_deny_that_a_rule_fired() -> None:
    found = told(a_life(then(made_at=NOON + MINUTE)), happened(), firings=[a_firing()])

    assert (found.fired, found.holds) == (True, True)


def test_each_event_is_an_occasion_with_the_revision_that_was_in_force() -> None:
    life = a_life(then(event=CANCELLED, enabled=False), then(2, NOON + MINUTE))
    asked = a_question(
        life,
        happened(at=NOON + HOUR, booking_revision=1),
        happened(CANCELLED),
        happened(EventKind.MARKED_NO_SHOW),
        firings=[a_firing(booking_revision=1, rule_revision=2)],
    )

    found = occasions(asked)

    assert [(one.kind, one.rule_revision, one.fired) for one in found] == [(CANCELLED, 1, False), (CONFIRMED, 2, True)]
    assert telling(asked, found) == found[1]


def test_a_rule_that_never_fired_is_told_of_by_the_last_of_the_event_that_it_is_for_now() -> None:
    life = a_life(then(event=CANCELLED, enabled=False), then(2, NOON + MINUTE, enabled=False))

    found = told(life, happened(at=NOON + HOUR), happened(CANCELLED), happened(at=NOON + 2 * HOUR, booking_revision=1))

    assert found.at == NOON + 2 * HOUR


def answers(number: int) -> Sequence[Happened]:
    return [happened(ACCEPTED, NOON + place * MINUTE, about=ADA) for place in range(number)]


def test_answers_beyond_the_first_ones_of_a_person_fire_nothing_and_say_so() -> None:
    life = a_life(then(event=ACCEPTED))
    some = answers(MOST_ANSWERS + 1)
    fired = [a_firing(ACCEPTED, about=ADA, due_at=one.occurred_at) for one in some[:-1]]

    found = occasions(a_question(life, *some, firings=fired))

    assert [one.fired for one in found] == [one.holds for one in found] == [True] * MOST_ANSWERS + [False]
    assert failing(found[-1]) == [
        (
            "answers",
            "it was answer 11 of ada@example.org; rules fire for the first 10 of a person about a booking",
        )
    ]


def test_a_rule_that_names_nobody_of_the_booking_says_so() -> None:
    found = told(a_life(), happened(), people=lambda _revision, _of_booking: [])

    assert failing(found) == [("recipients", "the rule names nobody of this booking that it could write to")]


def reminder(**changes: Any) -> RuleThen:
    return then(**({"event": BEFORE, "offsets": (HOUR,)} | changes))


def test_a_reminder_that_was_planned_says_for_when() -> None:
    later = a_firing(BEFORE, due_at=NOON + HOUR, planned_at=NOON + MINUTE)

    found = told(a_life(reminder()), happened(), firings=[a_firing(BEFORE), later])

    assert (found.kind, found.fired, found.holds, found.at) == (BEFORE, True, True, NOON)
    assert sentences(found)[-1] == (
        "before_meeting_starts: it was planned for 2026-11-24 12:00 and 2026-11-24 13:00 UTC"
    )


@pytest.mark.parametrize("kind", [BEFORE, AFTER])
@pytest.mark.parametrize("booking", [a_cancelled_booking(), a_booking(status=BookingStatus.AWAITING_APPROVAL)])
def test_a_timed_rule_is_not_planned_for_a_booking_that_is_not_confirmed(kind: EventKind, booking: Any) -> None:
    found = told(a_life(reminder(event=kind)), booking=booking)

    words = booking.status.value.replace("_", " ")
    sentence = f"the booking is {words}, and only a confirmed one has such a moment"
    assert failing(found) == [("event", sentence)]


@pytest.mark.parametrize(
    ("kind", "late", "words"),
    [
        (BEFORE, timedelta(0), "the start of the meeting at 2026-11-25 12:00 UTC"),
        (AFTER, 30 * MINUTE, "the end of the meeting at 2026-11-25 12:30 UTC"),
    ],
)
def test_a_timed_rule_that_was_switched_on_too_late_is_for_bookings_to_come(
    kind: EventKind, late: timedelta, words: str
) -> None:
    on_at = NOON + DAY + late
    ready = reminder(event=kind, number=2, made_at=on_at)
    life = a_life(reminder(event=kind, enabled=False), ready, replace(ready, number=3, made_at=on_at + DAY))

    [(name, sentence)] = failing(told(life, happened()))

    assert name == "coming"
    assert f"(revision 2), after {words}; it concerns bookings to come" in sentence


def test_a_timed_rule_whose_planning_has_not_come_to_the_booking_says_so() -> None:
    found = told(a_life(reminder(), is_being_planned=True), happened())

    assert [name for name, _ in failing(found)] == ["planning"]


def test_a_timed_rule_that_is_ready_and_planned_nothing_crossed_with_the_booking() -> None:
    assert [name for name, _ in failing(told(a_life(reminder()), happened()))] == ["order"]


@pytest.mark.parametrize(
    ("life", "names"),
    [
        (a_life(reminder(), is_deleted=True, deleted_at=NOON), ["deleted"]),
        (a_life(reminder(enabled=False)), ["enabled"]),
        (
            a_life(reminder(), reminder(number=2, made_at=NOON - HOUR, enabled=False, link_ids=())),
            ["enabled", "meeting_ids"],
        ),
    ],
)
def test_a_timed_rule_that_is_not_ready_says_why(life: RuleLife, names: list[str]) -> None:
    assert [name for name, _ in failing(told(life, happened()))] == names


def test_a_rule_that_is_for_a_moment_no_more_still_tells_of_what_it_planned() -> None:
    life = a_life(reminder(), then(2, NOON + HOUR, event=CANCELLED))

    found = told(life, happened(), firings=[a_firing(BEFORE)])

    assert (found.kind, found.rule_revision, found.holds) == (BEFORE, 1, True)


@pytest.mark.parametrize(
    ("person", "firings", "expected"),
    [
        (ADA, [a_firing()], []),
        ("bob@example.org", [a_firing(reaches=False)], ["the rule wrote to others, and not bob@example.org"]),
        (ADA, [a_firing(reaches=False)], ["the rule wrote to others, and not ada@example.org"]),
    ],
)
def test_of_one_person_it_is_asked_whether_the_rule_wrote_to_him(
    person: str, firings: list[Firing], expected: list[str]
) -> None:
    found = told(a_life(), happened(), firings=firings, person=person)

    assert [sentence for _, sentence in failing(found)] == expected
    assert found.clauses[-1].wanted == (person,)
    assert found.clauses[-1].found == (ADA,)


def test_of_one_person_a_silent_rule_says_whether_it_names_him() -> None:
    off = a_life(then(enabled=False))

    assert [one for one, _ in failing(told(off, happened(), person="ADA@example.org"))] == ["enabled", "recipient"]
    assert [one for one, _ in failing(told(off, happened(), person="ada@EXAMPLE.org"))] == ["enabled"]


def test_of_one_person_the_occasion_tells_on_which_he_was_written_to() -> None:
    life = a_life()
    firings = [a_firing(), a_firing(booking_revision=1, reaches=False)]

    found = told(life, happened(), happened(at=NOON + HOUR, booking_revision=1), firings=firings, person=ADA)

    assert (found.at, found.holds) == (NOON, True)


def test_a_life_is_completed_by_what_the_rule_is_now_where_its_revision_was_not_kept() -> None:
    life = a_life(then(), not_kept(2, NOON))

    assert a_life().completed(a_rule(enabled=False)) == a_life()
    assert life.completed(a_rule()).last == then(2, NOON)
