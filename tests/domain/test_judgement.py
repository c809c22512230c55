"""Whether conditions hold for a booking, and in which words it is said that one does not."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import DAY, LINK_ID, NOON, a_booking, a_client, a_member, an_outcome
from tocsin.domain.conditions import OPERATORS, SORTS, WORDS, AnyOf, Condition, Field, Operator, Sort, Value
from tocsin.domain.judgement import Known, judged, unmet
from tocsin.domain.model import Booking, MemberId, Place
from tocsin.domain.rsvp import Rsvp

# Tuesday, 24 November 2026, noon in UTC, is when it was made; it starts a day later.
BOOKING = a_booking(
    client=a_client(email="Eve@Example.NET"),
    hosts=(a_member(), a_member(id=MemberId("second"), email="wanda@example.com")),
    place=Place(spot="zoom", details="Room 5"),
    outcome=an_outcome(name="Won"),
    form_responses=(("Team size", "11 to 50"), ("Topic", "Prices"), ("Topic", "Security")),
)


def known(**changes: Any) -> Known:
    found = Known(
        booking=BOOKING,
        own=Rsvp.NEEDS_ACTION,
        all=(Rsvp.NEEDS_ACTION, Rsvp.DECLINED),
        is_new_client=True,
        start_in=lambda zone: BOOKING.starts_at.astimezone(ZoneInfo(zone or "Europe/Berlin")),
    )
    return replace(found, **changes)


def asked(field: Field, operator: Operator, value: Value = None, **more: str) -> Condition:
    return Condition(field=field, operator=operator, value=value, **more)


@pytest.mark.parametrize(
    "condition",
    [
        asked(Field.MEETING_ID, Operator.IS, LINK_ID),
        asked(Field.HOST_EMAIL, Operator.IS, "WANDA@example.com"),
        asked(Field.HOST_EMAIL, Operator.IS_NOT, "ada@example.org"),
        asked(Field.CLIENT_EMAIL, Operator.IS, "eve@example.net"),
        asked(Field.CLIENT_EMAIL, Operator.STARTS_WITH, "EVE@"),
        asked(Field.CLIENT_EMAIL, Operator.ENDS_WITH, ".net"),
        asked(Field.CLIENT_EMAIL, Operator.CONTAINS, "@ex"),
        asked(Field.CLIENT_EMAIL, Operator.DOES_NOT_CONTAIN, "+"),
        asked(Field.CLIENT_DOMAIN, Operator.IS_ONE_OF, ("example.org", " example.net ")),
        asked(Field.CLIENT_DOMAIN, Operator.IS_NONE_OF, ("example.org", "example.com")),
        asked(Field.CLIENT_IS_NEW, Operator.IS, True),
        asked(Field.FORM_ANSWER, Operator.IS, "11 TO 50", question="team size "),
        asked(Field.FORM_ANSWER, Operator.IS, "security", question="Topic"),
        asked(Field.FORM_ANSWER, Operator.IS_EMPTY, question="never asked"),
        asked(Field.FORM_ANSWER, Operator.IS_NOT_EMPTY, question="Topic"),
        asked(Field.PLACE_SPOT, Operator.IS, "zoom"),
        asked(Field.PLACE_DETAILS, Operator.CONTAINS, "room"),
        asked(Field.BOOKING_DURATION, Operator.IS, 30),
        asked(Field.BOOKING_DURATION, Operator.AT_LEAST, 30),
        asked(Field.BOOKING_DURATION, Operator.AT_MOST, 30),
        asked(Field.BOOKING_LEAD, Operator.AT_LEAST, 24 * 60),
        asked(Field.BOOKING_WEEKDAY, Operator.IS, "wednesday"),
        asked(Field.BOOKING_WEEKDAY, Operator.IS, "thursday", time_zone="Pacific/Kiritimati"),
        asked(Field.BOOKING_HOUR, Operator.IS, 13),
        asked(Field.BOOKING_HOUR, Operator.IS, 12, time_zone="UTC"),
        asked(Field.BOOKING_STATUS, Operator.IS, "confirmed"),
        asked(Field.BOOKING_OUTCOME, Operator.IS, "won"),
        asked(Field.INVITATION_RSVP, Operator.IS, "needs_action"),
        asked(Field.INVITATION_RSVP, Operator.IS_FOR_SOMEBODY, "declined"),
        asked(Field.INVITATION_RSVP, Operator.IS_FOR_NOBODY, "accepted"),
        AnyOf(conditions=(asked(Field.PLACE_SPOT, Operator.IS, "phone"), asked(Field.BOOKING_HOUR, Operator.IS, 13))),
    ],
    ids=str,
)
def test_what_is_so_holds(condition: Condition | AnyOf) -> None:
    assert unmet([condition], known()) is None


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (asked(Field.CLIENT_DOMAIN, Operator.IS, "example.org"),
         "the rule asks that client.domain is example.org; client.domain is Example.NET"),
        (asked(Field.HOST_EMAIL, Operator.IS_NOT, "wanda@example.com"),
         "the rule asks that host.email is_not wanda@example.com; host.email is oliver@example.com, wanda@example.com"),
        (asked(Field.FORM_ANSWER, Operator.IS, "Yes", question="Urgent?"),
         "the rule asks that form.answer to “Urgent?” is Yes; form.answer is empty"),
        (asked(Field.CLIENT_IS_NEW, Operator.IS, False), "the rule asks that client.is_new is false; client.is_new is true"),
        (asked(Field.BOOKING_HOUR, Operator.AT_MOST, 11, time_zone="Asia/Tokyo"),
         "the rule asks that booking.hour at_most 11 Asia/Tokyo; booking.hour is 21"),
        (asked(Field.BOOKING_LEAD, Operator.AT_MOST, 60),
         "the rule asks that booking.lead_minutes at_most 60; booking.lead_minutes is 1440"),
        (AnyOf(conditions=(asked(Field.PLACE_SPOT, Operator.IS, "phone"), asked(Field.PLACE_SPOT, Operator.IS, "skype"))),
         "the rule asks that place.spot is phone or place.spot is skype; place.spot is zoom"),
    ],
)  # fmt: skip
def test_what_is_not_so_is_said_with_what_is(condition: Condition | AnyOf, sentence: str) -> None:
    assert unmet([condition], known()) == sentence


def test_all_conditions_must_hold_and_the_first_that_does_not_is_named() -> None:
    fine, first, second = (asked(Field.BOOKING_DURATION, Operator.IS, minutes) for minutes in (30, 31, 32))

    assert unmet([fine], known()) is None
    assert unmet([fine, first, second], known()) == (
        "the rule asks that booking.duration_minutes is 31; booking.duration_minutes is 30"
    )


def test_without_conditions_nothing_can_fail_to_hold() -> None:
    assert unmet([], known()) is None


def test_a_long_value_is_cut_in_the_reason() -> None:
    long = known(booking=replace(BOOKING, form_responses=(("Why", "x" * 5_000),)))

    said = unmet([asked(Field.FORM_ANSWER, Operator.IS, "y", question="Why")], long)

    assert said is not None
    assert len(said) < 200


def values(field: Field) -> st.SearchStrategy[Any]:
    return {
        Sort.TEXT: st.text(min_size=1, max_size=20),
        Sort.NUMBER: st.integers(0, 2_000),
        Sort.FLAG: st.booleans(),
        Sort.WORD: st.sampled_from(WORDS.get(field, ("none",))),
        Sort.ANSWER: st.sampled_from(WORDS.get(field, ("none",))),
    }[SORTS[field]]


def bookings() -> st.SearchStrategy[Booking]:
    return st.builds(
        lambda minutes, days, spot: a_booking(
            starts_at=NOON + days * DAY, ends_at=NOON + days * DAY + timedelta(minutes=minutes), place=Place(spot=spot)
        ),
        st.integers(1, 600),
        st.integers(0, 9),
        st.text(max_size=5),
    )


@given(data=st.data(), field=st.sampled_from(Field), booking=bookings(), is_new=st.booleans())
def test_what_denies_holds_just_where_what_it_denies_does_not(
    data: st.DataObject, field: Field, booking: Booking, is_new: bool
) -> None:
    pairs = [
        (Operator.IS, Operator.IS_NOT),
        (Operator.IS_ONE_OF, Operator.IS_NONE_OF),
        (Operator.CONTAINS, Operator.DOES_NOT_CONTAIN),
        (Operator.IS_NOT_EMPTY, Operator.IS_EMPTY),
        (Operator.IS_FOR_SOMEBODY, Operator.IS_FOR_NOBODY),
    ]
    fitting = OPERATORS[SORTS[field]]
    possible = [pair for pair in pairs if pair[0] in fitting and pair[1] in fitting]
    if not possible:
        return
    affirms, denies = data.draw(st.sampled_from(possible))
    value = data.draw(values(field))
    value = (value,) if affirms is Operator.IS_ONE_OF else value

    def start_in(zone: str) -> datetime:
        return booking.starts_at.astimezone(ZoneInfo(zone or "UTC"))

    facts = known(booking=booking, is_new_client=is_new, start_in=start_in)
    holds = [unmet([asked(field, one, value, question="Topic")], facts) is None for one in (affirms, denies)]

    assert holds in ([True, False], [False, True])


def test_a_condition_is_judged_in_words_with_what_is_so_whether_it_holds_or_not() -> None:
    group = AnyOf(
        conditions=(asked(Field.CLIENT_DOMAIN, Operator.IS, "example.org"), asked(Field.BOOKING_HOUR, Operator.IS, 9))
    )
    found = [judged(one, known()) for one in (asked(Field.PLACE_SPOT, Operator.IS, "zoom"), group)]

    assert [(one.name, one.holds) for one in found] == [("conditions", True), ("conditions", False)]
    assert [one.sentence for one in found] == [
        "the rule asks that place.spot is zoom, and it is so: place.spot is zoom",
        (
            "the rule asks that client.domain is example.org or booking.hour is 9, and it is not so: "
            "client.domain is Example.NET and booking.hour is 13"
        ),
    ]
    assert found[1].wanted == ("client.domain is example.org or booking.hour is 9",)
    assert found[1].found == ("client.domain is Example.NET", "booking.hour is 13")
