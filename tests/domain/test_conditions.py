import pytest

from tocsin.domain.conditions import Answers, Condition, Field, Operator, unmet
from tocsin.domain.rsvp import Rsvp

ANSWERS = Answers(own=Rsvp.NEEDS_ACTION, all=(Rsvp.NEEDS_ACTION, Rsvp.DECLINED))


def a_condition(operator: Operator, value: Rsvp) -> Condition:
    return Condition(field=Field.INVITATION_RSVP, operator=operator, value=value)


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [
        (Operator.IS, Rsvp.NEEDS_ACTION, True),
        (Operator.IS, Rsvp.DECLINED, False),
        (Operator.IS_NOT, Rsvp.DECLINED, True),
        (Operator.IS_NOT, Rsvp.NEEDS_ACTION, False),
        (Operator.IS_FOR_SOMEBODY, Rsvp.DECLINED, True),
        (Operator.IS_FOR_SOMEBODY, Rsvp.ACCEPTED, False),
        (Operator.IS_FOR_NOBODY, Rsvp.ACCEPTED, True),
        (Operator.IS_FOR_NOBODY, Rsvp.DECLINED, False),
    ],
)
def test_a_condition_looks_at_the_recipients_own_answer_or_at_everybodys(
    operator: Operator, value: Rsvp, holds: bool
) -> None:
    condition = a_condition(operator, value)

    assert unmet([condition], ANSWERS) == (None if holds else condition)


def test_the_first_of_the_conditions_that_does_not_hold_is_named() -> None:
    fine, first, second = (
        a_condition(Operator.IS, value) for value in (Rsvp.NEEDS_ACTION, Rsvp.ACCEPTED, Rsvp.DECLINED)
    )

    assert unmet([fine, first, second], ANSWERS) == first
    assert str(first) == "invitation.rsvp is accepted"


def test_without_conditions_nothing_can_fail_to_hold() -> None:
    assert unmet([], ANSWERS) is None
