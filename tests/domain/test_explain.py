import pytest

from tests.builders import HOUR, LINK_ID, NOON, a_booking, a_cancelled_booking, a_reminder, a_rule
from tocsin.domain.conditions import Condition, Field, Operator
from tocsin.domain.events import EventKind
from tocsin.domain.explain import Happened, clauses
from tocsin.domain.model import LinkId
from tocsin.domain.rsvp import Rsvp
from tocsin.domain.rules import AutomationRule

CONFIRMED = Happened(kind=EventKind.BOOKING_CONFIRMED, booking_revision=0, occurred_at=NOON)


def failing(rule: AutomationRule, *happened: Happened) -> list[str]:
    return [clause.sentence for clause in clauses(rule, a_booking(), happened) if not clause.holds]


def test_of_a_rule_that_fired_every_clause_holds() -> None:
    assert [clause.sentence for clause in clauses(a_rule(), a_booking(), [CONFIRMED])] == [
        "the rule is switched on",
        "the booking's meeting is among those of the rule",
        "booking_confirmed happened at 2026-11-24 12:00 UTC",
    ]
    assert failing(a_rule(), CONFIRMED) == []


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (a_rule(enabled=False), "the rule is switched off"),
        (a_rule(link_ids=(LinkId("other"),)), "the booking's meeting is not among those of the rule"),
        (a_rule(event=EventKind.MARKED_NO_SHOW), "marked_no_show has not happened to this booking"),
        (a_rule(created_at=NOON + HOUR), "the rule was made after that, at 2026-11-24 13:00 UTC"),
    ],
)
def test_the_clause_that_kept_a_rule_from_firing_is_named(rule: AutomationRule, sentence: str) -> None:
    assert failing(rule, CONFIRMED) == [sentence]


def test_a_condition_is_named_and_asked_for_each_message() -> None:
    condition = Condition(field=Field.INVITATION_RSVP, operator=Operator.IS, value=Rsvp.ACCEPTED)

    named = clauses(a_rule(conditions=(condition,)), a_booking(), [CONFIRMED])[-1]

    assert (named.name, named.sentence) == (
        "conditions",
        "asked before each message is sent: invitation.rsvp is accepted",
    )


def test_a_reminder_says_when_it_is_due_or_why_never() -> None:
    rule = a_reminder(link_ids=(LINK_ID,))

    assert clauses(rule, a_booking(), [])[-1].sentence == "it is due at 2026-11-25 11:00 UTC"
    assert (
        clauses(rule, a_cancelled_booking(), [])[-1].sentence
        == "the booking is cancelled, and only a confirmed one has such a moment"
    )
    assert not clauses(rule, a_cancelled_booking(), [])[-1].holds


def test_a_rule_of_very_many_links_names_some_and_how_many_more() -> None:
    links = tuple(LinkId(f"link {number}") for number in range(23))

    found = clauses(a_rule(link_ids=links), a_booking(), [CONFIRMED])[1]

    assert found.wanted == (*links[:20], "and 3 more")
    assert found.found == (LINK_ID,)
