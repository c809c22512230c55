"""Reading what other products answer to looks: where a page leads, what cannot be read, what is asked and what is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sources.senders import fixture
from tocsin.domain.model import BookingStatus
from tocsin.domain.sources.source import Access, SourceKind
from tocsin.formats.sources import acuity as acuity_calls
from tocsin.formats.sources.fields import NotUnderstoodError
from tocsin.formats.sources.looks import LOOKERS, acuity, cal_com, calendly, can_look, easy_appointments
from tocsin.formats.sources.looks.shape import Page, View, written
from tocsin.formats.sources.shape import Answers

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ACCESS = Access(secret="a secret", user_id="4711", api_url="https://book.example.org", api_token="a token")
VIEW = View(access=ACCESS, at=AT, since=AT - timedelta(hours=1))
ME = {"resource": {"uri": "https://api.calendly.com/users/US1"}}


def step(kind: SourceKind, answers: Answers | None = None, **changes: Any) -> Page:
    return LOOKERS[kind].step(replace(VIEW, **changes), answers or {})


def easy(*rows: object, **changes: Any) -> Page:
    return step(SourceKind.EASY_APPOINTMENTS, {"page": list(rows)}, **changes)


def a_row(number: int, **changes: object) -> dict[str, object]:
    parts = {name: fixture("easy_appointments", f"api_{name}") for name in ("customer", "provider", "service")}
    times = {"start": "2026-11-26 15:30:00", "end": "2026-11-26 16:00:00", "book": "2026-11-24 09:00:00"}
    return {"id": number, **times, "serviceId": 7, "status": "Booked", **parts, **changes}


def test_only_who_has_a_key_to_ask_with_can_look() -> None:
    nothing = Access(secret="a secret")

    assert [kind for kind in SourceKind if can_look(kind, nothing)] == ["easy_appointments", "acuity"]
    assert [kind for kind in SourceKind if not can_look(kind, ACCESS)] == ["generic"]


def test_a_moment_is_written_in_utc_to_the_millisecond() -> None:
    assert written(datetime.fromisoformat("2026-11-24T13:00:00.123456+01:00")) == "2026-11-24T12:00:00.123Z"


@pytest.mark.parametrize("kind", LOOKERS)
def test_what_is_no_list_is_no_answer(kind: SourceKind) -> None:
    answers: Answers = {"page": "words", "appointments": None, "me": ME, "events": {"collection": 5}}

    with pytest.raises(NotUnderstoodError, match="it answered no list of"):
        step(kind, answers, access=replace(ACCESS, user_id=""))


# Easy!Appointments


def test_pages_of_easy_appointments_follow_each_other_by_id_until_one_is_short() -> None:
    rows = [a_row(number) for number in range(1, easy_appointments.LENGTH + 1)]
    assert easy(*rows).position == f"2/{easy_appointments.LENGTH}"
    assert easy(*rows[:-1]).position == ""
    assert easy(*rows, position=f"2/{easy_appointments.LENGTH}").position == ""  # the same page once more

    (question,) = step(SourceKind.EASY_APPOINTMENTS, position="2/40").questions
    assert question.url == (
        "https://book.example.org/index.php/api/v1/appointments?page=2&length=40&sort=id&from=2026-11-23&aggregates=1"
    )


def test_what_is_missing_is_asked_for_and_gone_only_if_there_is_none() -> None:
    expected = frozenset({"1", "2", "4", "five"})
    asked = easy(a_row(2), expected=expected)
    assert [question.url.rpartition("/")[2] for question in asked.questions] == ["1", "4"]

    answers: Answers = {"page": [a_row(2)], "1": None, "4": a_row(4)}
    page = step(SourceKind.EASY_APPOINTMENTS, answers, expected=expected)

    assert [(one.news.booking, one.news.ending is not None) for one in page.sights] == [("2", False), ("1", True)]


def test_what_is_behind_this_page_or_before_it_is_not_missing() -> None:
    rows = [a_row(number) for number in range(100, 100 + easy_appointments.LENGTH)]

    assert easy(*rows, expected=frozenset({"1", "999"}), position="2/50").questions == ()
    assert len(easy(expected=frozenset(str(one) for one in range(1, 99))).questions) == easy_appointments.MOST_MISSING


def test_what_is_over_or_cannot_be_read_is_looked_past() -> None:
    page = easy(a_row(1, end="2026-11-20 16:00:00", start="2026-11-20 15:00:00"), a_row(2, customer=None),
                a_row(3, book=None), "no row", {"id": "x-1"})  # fmt: skip

    (sight,) = page.sights
    assert (sight.news.booking, sight.news.at) == ("3", AT)
    assert page.remark.startswith("a booking could not be used: its customer has no mail address")


# Acuity


@pytest.mark.parametrize(
    ("position", "number", "following"),
    [
        ("", 3, ""),
        ("", acuity.MOST, "2026-11-23/64"),
        ("2026-11-23/64", acuity.MOST, "2026-11-23/32"),
        ("2026-11-23/64", 99, "2027-01-26/0"),
        ("2026-11-23/2", acuity.MOST, "2026-11-23/1"),
        ("2026-11-23/1", acuity.MOST, "2026-11-24/0"),
        ("2026-11-23/1", acuity.MOST_OF_A_DAY, "2026-11-24/0"),
    ],
)
def test_spans_of_acuity_get_narrower_until_they_fit(position: str, number: int, following: str) -> None:
    rows = [fixture("acuity", "api_appointment") | {"id": one} for one in range(number)]

    page = step(SourceKind.ACUITY, {"appointments": rows, "calendars": []}, position=position)

    assert (page.position, len(page.sights)) == (following, number)
    assert ("400 appointments or more" in page.remark) is (number == acuity.MOST_OF_A_DAY)


def test_acuity_is_asked_for_a_span_with_what_was_cancelled() -> None:
    def asked(position: str) -> str:
        appointments, calendars = step(SourceKind.ACUITY, position=position).questions
        assert calendars.url == f"{acuity_calls.API}/calendars"
        return appointments.url.partition("?")[2]

    assert asked("") == "minDate=2026-11-23&max=100&direction=ASC&showall=true"
    assert asked("2026-11-23/2") == "minDate=2026-11-23&maxDate=2026-11-24&max=100&direction=ASC&showall=true"
    assert asked("2026-11-23/1") == "minDate=2026-11-23&maxDate=2026-11-23&max=400&direction=ASC&showall=true"


def test_an_appointment_without_an_id_is_told() -> None:
    page = step(SourceKind.ACUITY, {"appointments": [{}], "calendars": []})

    assert page.remark == "a booking could not be used: an appointment has no id"


# Cal.com


def booked(**changes: object) -> Page:
    return step(SourceKind.CAL_COM, {"page": {"data": [fixture("cal_com", "api_booking", **changes)]}})


def test_cal_com_is_asked_for_what_was_booked_and_then_for_what_was_changed() -> None:
    (first,) = step(SourceKind.CAL_COM, access=replace(ACCESS, api_url="")).questions
    assert first.url == (
        "https://api.cal.com/v2/bookings?afterCreatedAt=2026-11-24T11%3A00%3A00.000Z&sortCreated=asc&take=100&skip=0"
    )
    assert first.headers == (("cal-api-version", "2024-08-13"),)
    assert booked().position == "changed/2026-11-24T11:00:00.000Z/0"

    (second,) = step(SourceKind.CAL_COM, position="changed/2026-11-24T11:00:00.000Z/100").questions
    assert second.url.endswith(
        "/v2/bookings?afterUpdatedAt=2026-11-24T11%3A00%3A00.000Z&sortUpdatedAt=asc&take=100&skip=100"
    )
    assert (
        step(SourceKind.CAL_COM, {"page": {"data": []}}, position="changed/2026-11-24T11:00:00.000Z/0").position == ""
    )


@pytest.mark.parametrize(
    ("created_at", "following"),
    [
        ("2026-11-24T11:30:00.500Z", "made/2026-11-24T11:30:00.499Z/0"),
        ("2026-11-24T11:00:00.001Z", "made/2026-11-24T11:00:00.000Z/100"),  # of one moment there may be many
        (None, "made/2026-11-24T11:00:00.000Z/100"),
    ],
)
def test_the_next_page_of_cal_com_begins_at_the_last_moment(created_at: str | None, following: str) -> None:
    rows = [fixture("cal_com", "api_booking", createdAt=created_at)] * cal_com.TAKE

    assert step(SourceKind.CAL_COM, {"page": {"data": rows}}).position == following


def test_a_booking_of_cal_com_tells_what_a_call_does_where_its_api_does() -> None:
    (sight,) = booked().sights
    news = sight.news

    assert (news.booking, news.uid, news.is_confirmed, news.ending) == ("calUid1", "calUid1@Cal.com", True, None)
    assert news.details is not None
    assert news.details.answers == (("topic", "The roof"), ("budget", "small, medium"))
    assert (news.details.guests, news.details.spot) == (("gus@example.net",), "daily")
    assert (news.details.link.slug, [host.email for host in news.details.hosts]) == ("intro", ["oliver@example.com"])
    assert not sight.is_whole


def test_an_old_booking_of_cal_com_says_what_takes_its_place_and_the_new_one_what_it_continues() -> None:
    (old,) = booked(status="cancelled", rescheduledToUid="calUid2").sights
    (new,) = booked(uid="calUid2", rescheduledFromUid="calUid1").sights
    (own,) = booked(rescheduledFromUid="calUid1").sights

    assert old.news.ending is not None
    assert old.news.ending.is_moved
    assert (new.news.continues, own.news.continues) == ("calUid1", "")


@pytest.mark.parametrize(
    ("status", "is_confirmed", "ended"),
    [("pending", False, None), ("rejected", False, BookingStatus.REJECTED), ("accepted", True, None)],
)
def test_statuses_of_cal_com(status: str, is_confirmed: bool, ended: BookingStatus | None) -> None:
    (sight,) = booked(status=status).sights

    assert (sight.news.is_confirmed, sight.news.ending and sight.news.ending.status) == (is_confirmed, ended)


def test_what_is_missing_of_a_booking_of_cal_com_is_nothing() -> None:
    attendees = [{"email": "eve@example.net"}, {"absent": True, "email": ""}]
    changes = {"eventType": None, "eventTypeId": None, "bookingFieldsResponses": None, "attendees": attendees}
    (sight,) = booked(updatedAt=None, hosts=[{"name": "nobody"}], **changes).sights

    assert sight.news.at == sight.made_at
    assert sight.news.details is not None
    assert sight.news.details.link.slug == "event-type-without-event-type"
    assert (sight.news.details.hosts, sight.news.details.answers, sight.news.no_shows) == ((), (), ())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"uid": None}, "a booking has no uid"),
        ({"status": "awaiting_host"}, "status is awaiting_host, which is not known here"),
        ({"status": None}, "status is missing, which is not known here"),
        ({"attendees": []}, "booking calUid1 has no attendee with a mail address"),
        ({"createdAt": None}, "createdAt is missing"),
        ({"start": "soon"}, "start is no instant: soon"),
    ],
)
def test_what_is_wrong_with_a_booking_of_cal_com_is_said(changes: dict[str, object], words: str) -> None:
    page = booked(**changes)

    assert (page.sights, page.remark) == ((), f"a booking could not be used: {words}")


# Calendly


def an_event(**changes: object) -> dict[str, object]:
    event: dict[str, object] = fixture("calendly", "created")["payload"]["scheduled_event"]
    return event | changes


def an_invitee(**changes: object) -> dict[str, object]:
    invitee: dict[str, object] = fixture("calendly", "created")["payload"]
    return {name: value for name, value in invitee.items() if name != "scheduled_event"} | changes


def events(*found: object, token: object = None, **changes: Any) -> Page:
    answers = {"me": ME, "events": {"collection": list(found), "pagination": {"next_page_token": token}}}
    return step(SourceKind.CALENDLY, answers | changes.pop("more", {}), access=replace(ACCESS, user_id=""), **changes)


URI = "https://api.calendly.com/scheduled_events/EV1"


def test_whose_token_it_is_is_asked_first_unless_it_was_said() -> None:
    (who,) = step(SourceKind.CALENDLY, access=replace(ACCESS, user_id="")).questions
    (said,) = step(SourceKind.CALENDLY, access=replace(ACCESS, user_id="https://api.calendly.com/users/U")).questions

    assert (who.url, who.authorization) == ("https://api.calendly.com/users/me", "Bearer a token")
    assert said.url.startswith(
        "https://api.calendly.com/scheduled_events?user=https%3A%2F%2Fapi.calendly.com%2Fusers%2FU&"
    )
    with pytest.raises(NotUnderstoodError, match="whose token"):
        step(
            SourceKind.CALENDLY,
            {"me": {"resource": {"uri": "https://evil.example/users/U"}}},
            access=replace(ACCESS, user_id=""),
        )


def test_pages_of_calendly_follow_their_token() -> None:
    assert (events(token="abc").position, events().position, events(token="a b").position) == ("abc", "", "")
    (question,) = step(SourceKind.CALENDLY, {"me": ME}, access=replace(ACCESS, user_id=""), position="abc&d").questions
    assert question.url.endswith("&page_token=abc%26d")


@pytest.mark.parametrize(
    ("changes", "expected", "is_asked"),
    [
        ({}, {f"{URI}/invitees/IN1"}, False),
        ({}, set(), True),
        ({"status": "canceled"}, {f"{URI}/invitees/IN1"}, True),
        ({"status": "canceled"}, set(), False),
        ({"updated_at": "2026-11-24T11:00:00Z"}, {f"{URI}/invitees/IN1"}, True),
        ({"updated_at": None}, {f"{URI}/invitees/IN1"}, True),
        ({"uri": "https://evil.example/scheduled_events/EV1"}, set(), False),
    ],
)
def test_invitees_are_asked_for_where_an_event_is_other_than_here(
    changes: dict[str, object], expected: set[str], is_asked: bool
) -> None:
    questions = events(an_event(**changes), expected=frozenset(expected)).questions

    assert [question.url for question in questions] == ([f"{URI}/invitees?count=100"] if is_asked else [])


def test_an_invitee_is_read_with_his_event_and_as_new_as_the_newer_of_both() -> None:
    changed = an_event(updated_at="2026-11-24T11:30:00.000000Z")
    no_time = an_invitee(updated_at=None)
    for invitee in (an_invitee(no_show={"uri": "x"}), no_time):
        (sight,) = events(changed, more={URI: {"collection": [invitee]}}).sights
        assert sight.news.at == datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
    assert sight.news.no_shows == (("", False),)

    cancelled = an_invitee(status="canceled", cancellation={"reason": "ill", "canceled_by": "Eve Jones"})
    (sight,) = events(changed, more={URI: {"collection": [cancelled]}}).sights
    assert sight.news.ending is not None
    assert (sight.news.ending.reason, sight.news.is_confirmed) == ("ill", False)


def test_what_cannot_be_read_of_an_event_is_said() -> None:
    nothing = events(an_event(updated_at=None), more={URI: {"collection": [an_invitee(updated_at=None)]}})
    assert nothing.remark == "a booking could not be used: an invitee does not say when he was changed"
    many = {URI: {"collection": [an_invitee()], "pagination": {"next_page_token": "more"}}}
    assert events(an_event(), more=many).remark.startswith(f"an event has more than {calendly.MOST_INVITEES} invitees")
