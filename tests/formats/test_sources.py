"""What each kind of source's call says, and what is wrong with one that says nothing of use: read without a server."""

from datetime import UTC, datetime

import pytest

from tests.sources.senders import fixture, octets
from tocsin.domain.sources.news import News, Person
from tocsin.domain.sources.source import Access, SourceKind
from tocsin.formats.sources import FORMATS
from tocsin.formats.sources.fields import NotUnderstoodError
from tocsin.formats.sources.shape import Answers, Reading

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ACCESS = Access(secret="a secret", user_id="4711")
CALENDARS = [{"id": 2, "email": "olga@example.com"}, {"id": 3, "email": "oliver@example.com"}]


def reading(kind: SourceKind, call: object, answers: Answers | None = None) -> Reading:
    return FORMATS[kind].read(octets(kind, call), ACCESS, answers or {}, AT)


def complaint(kind: SourceKind, call: object, answers: Answers | None = None) -> str:
    with pytest.raises(NotUnderstoodError) as caught:
        reading(kind, call, answers)
    return str(caught.value)


def of_acuity(calendars: object = CALENDARS, **changes: object) -> Answers:
    return {"appointment": fixture("acuity", "api_appointment", **changes), "calendars": calendars}


def hosts_of(reading: Reading) -> tuple[Person, ...]:
    (news,) = reading.news
    assert isinstance(news, News)
    assert news.details is not None
    return news.details.hosts


def place_of(location: str) -> tuple[str, str, str]:
    (news,) = reading(SourceKind.CAL_COM, fixture("cal_com", "created", payload__location=location,
                                                  payload__videoCallData=None, payload__metadata=None)).news  # fmt: skip
    assert news.details is not None
    return news.details.join_url, news.details.spot, news.details.place


@pytest.mark.parametrize("duration", ["", "half an hour", "0", "-30", "10081", "³0"])
def test_an_appointment_that_lasts_no_number_of_minutes_is_not_understood(duration: str) -> None:
    call = fixture("acuity", "scheduled")

    assert complaint(SourceKind.ACUITY, call, of_acuity(duration=duration)) == "duration is no number of minutes"


@pytest.mark.parametrize(
    "calendars", [[], None, "none", [{"id": 2, "email": "olga@example.com"}], [{"id": 3, "email": ""}]]
)
def test_an_appointment_in_a_calendar_of_nobody_names_no_host(calendars: object) -> None:
    call = fixture("acuity", "scheduled")

    assert hosts_of(reading(SourceKind.ACUITY, call, of_acuity(calendars))) == ()
    assert [host.email for host in hosts_of(reading(SourceKind.ACUITY, call, of_acuity()))] == ["oliver@example.com"]


def test_a_no_show_call_that_marks_nobody_says_so() -> None:
    call = fixture("cal_com", "no_show", payload__attendees=[{"email": "eve@example.net"}])

    assert reading(SourceKind.CAL_COM, call) == Reading(sentence="no attendee is marked")


def test_who_hosts_is_found_even_if_only_his_address_is_told() -> None:
    call = fixture("cal_com", "created", payload__organizer=None, payload__userPrimaryEmail="Olga@EXAMPLE.com")

    assert hosts_of(reading(SourceKind.CAL_COM, call)) == (Person(email="Olga@example.com"),)


def test_a_place_is_an_address_to_join_or_words_or_a_sort_that_cal_com_names_itself() -> None:
    assert place_of("https://meet.example.com/x") == ("https://meet.example.com/x", "", "")
    assert place_of("Room 2") == ("", "", "Room 2")
    assert place_of("integrations:daily") == ("", "daily", "")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"type": "booking.made"}, "type is booking.made; write booking.changed"),
        ({"data__status": "perhaps"}, "data.status is perhaps; write one of "),
        ({"data__client__email": "eve at home"}, "data.client.email is no mail address"),
        ({"data__id": None}, "data.id is missing"),
        ({"data__meeting__slug": ""}, "data.meeting.slug is missing"),
    ],
)
def test_a_call_of_ones_own_sender_that_is_wrong_is_answered_with_what_would_be_right(
    changes: dict[str, object], sentence: str
) -> None:
    assert complaint(SourceKind.GENERIC, fixture("generic", "made", **changes)).startswith(sentence)
