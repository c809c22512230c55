"""Which conditions there can be: what fits which field."""

import pytest

from tocsin.domain.conditions import (
    FIELDS,
    MEANINGS,
    OPERATORS,
    SORTS,
    WEEKDAYS,
    AnyOf,
    Condition,
    Field,
    Operator,
    complaint,
    looks_at,
)


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        (Field.CLIENT_EMAIL, Operator.IS, "ada@example.org"),
        (Field.CLIENT_DOMAIN, Operator.IS_ONE_OF, ("example.org", "example.net")),
        (Field.PLACE_SPOT, Operator.IS_EMPTY, None),
        (Field.BOOKING_HOUR, Operator.AT_LEAST, 0),
        (Field.BOOKING_HOUR, Operator.AT_MOST, 23),
        (Field.BOOKING_WEEKDAY, Operator.IS_NONE_OF, ("saturday", "sunday")),
        (Field.CLIENT_IS_NEW, Operator.IS, False),
        (Field.INVITATION_RSVP, Operator.IS_FOR_NOBODY, "accepted"),
    ],
)
def test_a_value_of_the_fields_sort_is_fit(field: Field, operator: Operator, value: str) -> None:
    assert complaint(field, operator, value) is None


@pytest.mark.parametrize(
    ("field", "operator", "value", "wrong"),
    [
        (Field.CLIENT_EMAIL, Operator.IS, "  ", "must be a text of 1 to 255 characters"),
        (Field.CLIENT_EMAIL, Operator.IS, "x" * 256, "must be a text of 1 to 255 characters"),
        (Field.CLIENT_EMAIL, Operator.IS, 5, "must be a text of 1 to 255 characters"),
        (Field.CLIENT_EMAIL, Operator.IS_ONE_OF, "ada@example.org", "must be a list of 1 to 50 values"),
        (Field.CLIENT_EMAIL, Operator.IS_ONE_OF, (), "must be a list of 1 to 50 values"),
        (Field.CLIENT_EMAIL, Operator.IS_ONE_OF, ("a",) * 51, "must be a list of 1 to 50 values"),
        (Field.CLIENT_EMAIL, Operator.IS_ONE_OF, ("a", ""), "must be a text of 1 to 255 characters"),
        (Field.CLIENT_EMAIL, Operator.IS_EMPTY, "x", "is not wanted with is_empty; leave it out"),
        (Field.BOOKING_HOUR, Operator.IS, 24, "must be a whole number from 0 to 23"),
        (Field.BOOKING_DURATION, Operator.AT_LEAST, -1, "must be a whole number from 0 to 5256000"),
        (Field.BOOKING_DURATION, Operator.AT_LEAST, True, "must be a whole number from 0 to 5256000"),
        (Field.CLIENT_IS_NEW, Operator.IS, "true", "must be true or false"),
        (Field.BOOKING_STATUS, Operator.IS, "gone", "must be one of confirmed, awaiting_approval, cancelled, rejected"),
        (Field.BOOKING_WEEKDAY, Operator.IS_ONE_OF, ("monday", "funday"), f"must be one of {', '.join(WEEKDAYS)}"),
    ],
)  # fmt: skip
def test_another_value_is_refused_with_what_would_be_right(
    field: Field, operator: Operator, value: str, wrong: str
) -> None:
    assert complaint(field, operator, value) == wrong


def test_every_field_and_operator_has_a_sort_and_is_explained() -> None:
    assert set(SORTS) == set(FIELDS) == set(Field)
    assert set(MEANINGS) == set(Operator) == {one for fitting in OPERATORS.values() for one in fitting}


def test_a_condition_reads_as_a_sentence() -> None:
    weekend = Condition(
        field=Field.BOOKING_WEEKDAY,
        operator=Operator.IS_ONE_OF,
        value=("saturday", "sunday"),
        time_zone="Europe/Berlin",
    )
    new = Condition(field=Field.CLIENT_IS_NEW, operator=Operator.IS, value=True)
    size = Condition(field=Field.FORM_ANSWER, operator=Operator.IS_NOT_EMPTY, question="Team size")

    assert str(weekend) == "booking.weekday is_one_of saturday, sunday Europe/Berlin"
    assert str(AnyOf(conditions=(new, size))) == "client.is_new is true or form.answer to “Team size” is_not_empty"


def test_what_conditions_look_at_is_known_before_it_is_asked_for() -> None:
    new = Condition(field=Field.CLIENT_IS_NEW, operator=Operator.IS, value=True)

    assert looks_at([AnyOf(conditions=(new,))], Field.CLIENT_IS_NEW)
    assert not looks_at([new], Field.CLIENT_EMAIL)
    assert not looks_at([], Field.CLIENT_EMAIL)
