"""Easy!Appointments and Acuity, whose calls hold ids: the rest is asked for, whatever the answer is."""

import base64
from collections.abc import Iterable
from typing import Any

import pytest

from tests.builders import MINUTE
from tests.faces.client import Client, Json, made
from tests.sources.senders import EASY_URL, Other, bookings, connected_to, first, fixture, the_booking
from tocsin.domain.sources.news import News
from tocsin.domain.sources.source import ASKED_AGAIN, SourceKind
from tocsin.formats.sources.acuity import API
from tocsin.services import source_bookings
from tocsin.services.ports_sources import Fetched
from tocsin.services.source_bookings import Desk, Effect

BOTH = pytest.mark.parametrize("kind", ["easy_appointments", "acuity"])
AWAY = {"easy_appointments": f"{EASY_URL}/index.php/api/v1/providers/2", "acuity": f"{API}/appointments/5500"}


@pytest.fixture
def easy(client: Client) -> Other:
    return connected_to(client, "easy_appointments")


@pytest.fixture
def acuity(client: Client) -> Other:
    return connected_to(client, "acuity")


def row(name: str, **changes: object) -> Any:
    return fixture("easy_appointments", name, **changes)


def events(client: Client) -> list[str]:
    found: list[Json] = made(client.v2.get("/deliveries", page_size=100))["deliveries"]
    return sorted(one["event"] for one in found)


def watched(client: Client) -> None:
    link = client.a_link(slug="introduction")
    for event in (
        "booking_confirmed",
        "booking_rescheduled",
        "booking_cancelled",
        "meeting_outcome_changed",
        "marked_no_show",
    ):
        client.a_rule(link, event=event)


# Asking


@BOTH
def test_a_call_is_stored_before_anybody_is_asked(client: Client, kind: str) -> None:
    other = connected_to(client, kind)

    told = made(other.call(first(kind)))["call"]

    assert (told["state"], other.asked, bookings(client)) == ("new", [], [])
    other.tend()
    assert other.shown(told["id"])["state"] == "applied"


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        Fetched(status=0, trouble="no answer (timed out)"),
        Fetched(status=500),
        Fetched(status=302, body=b"{}"),
        Fetched(status=200, body=b"<html>"),
        Fetched(status=200, body=b"[" * 100_000),
    ],
    ids=["away", "ill", "elsewhere", "no JSON", "too deep"],
)
def test_who_does_not_answer_is_asked_again(client: Client, kind: str, answer: Fetched) -> None:
    other = connected_to(client, kind)
    right = other.answers[AWAY[kind]]
    other.answers[AWAY[kind]] = answer

    told = other.tells(first(kind))
    assert (told["state"], told["next_attempt_at"]) == ("new", "2026-11-24T12:01:00Z")
    assert told["sentence"].startswith("the other product could not be asked")
    other.answers[AWAY[kind]] = right
    client.clock.advance(MINUTE)
    other.tend()

    assert other.shown(told["id"])["state"] == "applied"
    assert len(bookings(client)) == 1


@BOTH
def test_who_never_answers_is_given_up_and_the_call_kept(client: Client, kind: str) -> None:
    other = connected_to(client, kind)
    other.answers[AWAY[kind]] = Fetched(status=503)
    told = other.tells(first(kind))

    for wait in ASKED_AGAIN:
        client.clock.advance(wait)
        other.tend()

    assert (other.shown(told["id"])["state"], other.shown(told["id"])["next_attempt_at"]) == ("failed", None)
    other.has()
    made(client.v2.post(f"/sources/{other.source['id']}/calls/{told['id']}/replay"))
    other.tend()
    assert other.shown(told["id"])["state"] == "applied"


def test_what_fails_unforeseen_each_time_is_given_up_and_holds_up_nothing_else(
    client: Client, acuity: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    easy = connected_to(client, "easy_appointments")
    take = source_bookings.take

    def take_or_break(desk: Desk, news: Iterable[News]) -> list[Effect]:
        if desk.source.kind is SourceKind.ACUITY:
            raise RuntimeError("on purpose")
        return take(desk, news)

    monkeypatch.setattr(source_bookings, "take", take_or_break)
    told = made(acuity.call(first("acuity")))["call"]
    made(easy.call(first("easy_appointments")))

    for _ in range(len(ASKED_AGAIN) + 2):
        acuity.answers |= easy.answers
        acuity.tend()
        client.clock.advance(5 * MINUTE)

    assert (acuity.shown(told["id"])["state"], acuity.shown(told["id"])["next_attempt_at"]) == ("failed", None)
    assert [call["state"] for call in easy.calls()] == ["applied"]


@BOTH
def test_a_key_that_is_refused_is_not_tried_again(client: Client, kind: str) -> None:
    other = connected_to(client, kind)
    other.answers[AWAY[kind]] = Fetched(status=401)

    told = other.tells(first(kind))

    assert (told["state"], told["next_attempt_at"]) == ("failed", None)
    assert "refuses the key" in told["sentence"]


# Easy!Appointments


def test_it_is_asked_with_its_token(easy: Other) -> None:
    easy.tells(row("saved"))

    assert sorted(easy.asked) == [
        (f"{EASY_URL}/index.php/api/v1/{what}", "Bearer easy token")
        for what in ("customers/5", "providers/2", "services/7")
    ]


def test_a_row_is_a_booking_its_change_a_move_and_its_end_a_cancellation(client: Client, easy: Other) -> None:
    watched(client)
    found = []
    for name in ("saved", "moved", "deleted"):
        easy.tells(row(name, payload__status="Booked"))
        found.append((the_booking(client)["starts_at"], the_booking(client)["status"]))

    assert found == [
        ("2026-11-26T14:30:00Z", "confirmed"),
        ("2026-11-27T09:00:00Z", "confirmed"),
        ("2026-11-27T09:00:00Z", "cancelled"),
    ]
    assert events(client) == ["booking_cancelled", "booking_confirmed", "booking_rescheduled"]


def test_another_status_is_another_outcome(client: Client, easy: Other) -> None:
    watched(client)
    easy.tells(row("saved"))
    assert (the_booking(client)["meeting_outcome"]["name"], events(client)) == ("Booked", ["booking_confirmed"])

    easy.tells(row("status_changed"))

    assert the_booking(client)["meeting_outcome"]["name"] == "Confirmed"
    assert events(client) == ["booking_confirmed", "booking_rescheduled", "meeting_outcome_changed"]


@pytest.mark.parametrize(
    ("day", "starts_at"),
    [
        ("2027-03-27", "2027-03-27T14:30:00Z"),  # the day before summer time begins in Berlin
        ("2027-03-28", "2027-03-28T13:30:00Z"),
        ("2027-10-30", "2027-10-30T13:30:00Z"),
        ("2027-10-31", "2027-10-31T14:30:00Z"),
    ],
)
def test_its_clock_is_the_providers_in_summer_and_in_winter(
    client: Client, easy: Other, day: str, starts_at: str
) -> None:
    easy.tells(row("saved", payload__start_datetime=f"{day} 15:30:00", payload__end_datetime=f"{day} 16:00:00"))

    assert the_booking(client)["starts_at"] == starts_at


def test_a_booking_of_the_past_is_history(client: Client, easy: Other) -> None:
    watched(client)
    told = easy.tells(row("before_winter"))

    assert "which is history" in told["sentence"]
    assert (the_booking(client)["starts_at"], events(client)) == ("2026-10-24T13:30:00Z", [])


def test_whose_customer_is_gone_can_still_be_cancelled(client: Client, easy: Other) -> None:
    easy.tells(row("saved"))
    easy.answers.clear()
    easy.tells(row("deleted"))

    assert the_booking(client)["status"] == "cancelled"


@pytest.mark.parametrize("name", ["unavailable", "customer_saved"])
def test_what_is_no_booking_changes_nothing(client: Client, easy: Other, name: str) -> None:
    told = easy.tells(row(name))

    assert (told["state"], easy.asked, bookings(client)) == ("nothing_to_do", [], [])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"payload__id_users_customer": "../../admin"}, "payload.id_users_customer is missing or no id"),
        ({"payload__start_datetime": "2026-13-01 00:00:00"}, "payload.start_datetime is no date and time"),
        ({"payload__end_datetime": "2026-11-26 15:30:00"}, "the booking would end before it starts"),
        ({"payload": []}, "action or payload is missing"),
    ],
)
def test_what_is_wrong_is_said(sqlite_client: Client, changes: Json, words: str) -> None:
    client = sqlite_client
    easy = connected_to(client, "easy_appointments")
    told = easy.tells(row("saved", **changes))

    assert (told["state"], bookings(client)) == ("not_understood", [])
    assert words in told["sentence"]


def test_a_provider_without_a_zone_is_told(client: Client, easy: Other) -> None:
    easy.has(provider=fixture("easy_appointments", "api_provider") | {"timezone": "Middle/Earth"})

    assert "its provider has no time zone" in easy.tells(row("saved"))["sentence"]


# Acuity


def test_acuity_is_asked_with_user_id_and_key(acuity: Other) -> None:
    acuity.tells(first("acuity"))

    credentials = base64.b64encode(f"4711:{acuity.secret}".encode()).decode()
    assert acuity.asked == [
        (f"{API}/appointments/5500", f"Basic {credentials}"),
        (f"{API}/calendars", f"Basic {credentials}"),
    ]


def test_changed_twice_is_done_once_and_every_time_it_is_asked(client: Client, acuity: Other) -> None:
    watched(client)
    acuity.tells(first("acuity"))
    client.clock.advance(MINUTE)
    acuity.has(appointment=fixture("acuity", "api_moved"))
    for name in ("rescheduled", "changed", "changed"):
        acuity.tells(fixture("acuity", name))
    assert events(client) == ["booking_confirmed", "booking_rescheduled"]

    client.clock.advance(MINUTE)
    acuity.has(appointment=fixture("acuity", "api_labelled"))
    acuity.tells(fixture("acuity", "changed"))

    booking = the_booking(client)
    assert (booking["starts_at"], booking["meeting_outcome"]["name"]) == ("2026-11-26T14:30:00Z", "Completed")


def test_canceled_is_a_cancellation_and_a_no_show_is_none(client: Client, acuity: Other) -> None:
    watched(client)
    acuity.tells(first("acuity"))
    acuity.has(appointment=fixture("acuity", "api_no_show"))
    acuity.tells(fixture("acuity", "changed"))
    assert (the_booking(client)["status"], the_booking(client)["no_show"]) == ("confirmed", True)

    acuity.has(appointment=fixture("acuity", "api_cancelled"))
    acuity.tells(fixture("acuity", "canceled"))

    assert the_booking(client)["status"] == "cancelled"
    assert events(client) == ["booking_cancelled", "booking_confirmed", "marked_no_show"]


def test_whose_calendar_has_no_address_is_hosted_by_the_sources_own_host(client: Client) -> None:
    record = fixture("acuity", "api_appointment") | {"calendarID": 4}
    lost, kept = connected_to(client, "acuity"), connected_to(client, "acuity", host_email="anna@example.com")
    for other in (lost, kept):
        other.has(appointment=record)

    assert "make the source with host_email" in lost.tells(first("acuity"))["sentence"]
    kept.tells(first("acuity"))

    assert the_booking(client)["host_email"] == "anna@example.com"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"action": "scheduled", "id": "5500/../../me"}, "id is no number"),
        ({"action": "scheduled", "id": "77"}, "Acuity has no appointment 77"),
        ({"id": "5500"}, "action is missing"),
    ],
)
def test_what_acuity_says_wrong_is_told(sqlite_client: Client, body: Json, words: str) -> None:
    client = sqlite_client
    acuity = connected_to(client, "acuity")
    assert words in acuity.tells(body)["sentence"]
    assert bookings(client) == []


def test_an_order_changes_no_booking(acuity: Other) -> None:
    assert acuity.tells({"action": "order.completed", "id": "1"})["state"] == "nothing_to_do"
