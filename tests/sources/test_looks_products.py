"""What is particular to looking at each product: deleted rows, clocks that cannot be compared, full days, groups."""

from datetime import timedelta
from typing import Any

from tests.builders import DAY, HOUR, MINUTE
from tests.faces.client import Client, wrong_fields
from tests.sources.products import START, product
from tests.sources.senders import bookings, fixture, the_booking
from tests.sources.test_looks import LATER, events, next_look, settle, watched
from tocsin.formats.sources.looks import acuity

# Easy!Appointments


def test_a_call_wins_over_a_look_wherever_the_server_of_easy_appointments_has_its_clock(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "easy_appointments") as (there, other):
        settle(client, there, other)
        for hour in (3, 20):  # far behind our clock, and far before it
            there.rows.clear()
            there.book("31" if hour == 3 else "32")
            name = next(iter(there.rows))
            written = {"payload__id": int(name), "payload__update_datetime": f"2026-11-24 {hour:02d}:00:00"}
            other.tells(fixture("easy_appointments", "saved", **written))
            there.move(name, starts_at=LATER)
            next_look(client, there, other)  # the call of this move was lost
            assert bookings(client)[-1]["starts_at"] == "2026-11-27T14:30:00Z"

            there.move(name, starts_at=START + 4 * DAY)
            written["payload__update_datetime"] = f"2026-11-24 {hour:02d}:20:00"
            times = {"payload__start_datetime": "2026-11-30 15:30:00", "payload__end_datetime": "2026-11-30 16:00:00"}
            other.tells(fixture("easy_appointments", "saved", **written, **times))
            assert bookings(client)[-1]["starts_at"] == "2026-11-30T14:30:00Z"
            next_look(client, there, other)
            assert bookings(client)[-1]["starts_at"] == "2026-11-30T14:30:00Z"


def test_an_answer_from_before_a_call_does_not_win_over_it(client: Client) -> None:
    with product(client, "easy_appointments") as (there, other):
        settle(client, there, other)
        there.book("31")
        other.tells(fixture("easy_appointments", "saved"))
        client.clock.advance(HOUR)

        def slow(*given: Any) -> Any:
            answer = there.fetch(*given)
            client.clock.advance(MINUTE)
            if "page=" in given[0]:
                other.tells(fixture("easy_appointments", "moved", payload__update_datetime="2026-11-24 09:00:01"))
            return answer

        other.look(slow)

    assert the_booking(client)["starts_at"] == "2026-11-27T09:00:00Z"


def test_what_only_slipped_to_another_page_is_not_cancelled(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "easy_appointments") as (there, other):
        settle(client, there, other)
        for one in range(60):
            there.book(str(1000 + one), starts_at=START + timedelta(minutes=30 * one))
        next_look(client, there, other)
        client.clock.advance(HOUR)

        def deleting(*given: Any) -> Any:
            answer = there.fetch(*given)
            if "page=1" in given[0]:
                there.cancel("1005")
            return answer

        other.look(deleting)
        assert [one["status"] for one in bookings(client)].count("cancelled") == 0
        next_look(client, there, other)

    assert [one["status"] for one in bookings(client)].count("cancelled") == 1


def test_answers_and_join_url_that_only_calls_tell_stay(sqlite_client: Client) -> None:
    client = sqlite_client
    for kind, name in (("easy_appointments", "31"), ("cal_com", "calUid1")):
        with product(client, kind) as (there, other):
            settle(client, there, other)
            there.book(name)
            other.tells(fixture(kind, "saved" if kind == "easy_appointments" else "created"))
            before = bookings(client)[-1]
            if kind == "cal_com":
                times = there._times(LATER)
                there._change(name, **times)
            else:
                there.move(name, starts_at=LATER)
            next_look(client, there, other)

        after = bookings(client)[-1]
        assert after["starts_at"] == "2026-11-27T14:30:00Z"
        for field in ("form_responses_as_hash", "room_url", "host_email"):
            assert after[field] == before[field], (kind, field)


def test_another_status_is_another_outcome(sqlite_client: Client) -> None:
    client = sqlite_client
    watched(client, "easy_appointments")
    with product(client, "easy_appointments") as (there, other):
        settle(client, there, other)
        there.book("31")
        other.tells(fixture("easy_appointments", "saved"))
        there.rows["31"]["status"] = "Confirmed"
        next_look(client, there, other)

    assert the_booking(client)["meeting_outcome"]["name"] == "Confirmed"
    assert events(client) == ["booking_confirmed", "meeting_outcome_changed"]


# Acuity


def test_a_day_with_more_than_an_answer_holds_is_looked_past_and_said(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "acuity") as (there, other):
        settle(client, there, other)
        first_row = fixture("acuity", "api_appointment") | {"email": ""}
        for one in range(acuity.MOST_OF_A_DAY):
            there.rows[str(one)] = first_row | {"id": one}
        there.book("9999", starts_at=LATER)

        look = next_look(client, there, other)

    assert (look["found"], the_booking(client)["starts_at"]) == (1, "2026-11-27T14:30:00Z")
    assert "could not be used: the appointment has no mail address" in look["trouble"]


def test_who_is_marked_as_no_show_there_is_marked_here(sqlite_client: Client) -> None:
    client = sqlite_client
    watched(client, "acuity")
    with product(client, "acuity") as (there, other):
        settle(client, there, other)
        there.book("5500")
        other.has()
        other.tells(fixture("acuity", "scheduled"))
        client.clock.advance(MINUTE)
        there.rows["5500"] |= {"noShow": True, "canceled": True}
        next_look(client, there, other)
        next_look(client, there, other)

    assert (the_booking(client)["status"], the_booking(client)["no_show"]) == ("confirmed", True)
    assert events(client) == ["booking_confirmed", "marked_no_show"]


# Cal.com


def test_many_bookings_of_one_moment_are_all_found(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "cal_com") as (there, other):
        settle(client, there, other)
        for one in range(250):
            there.book(f"uid-{one}", starts_at=START + timedelta(minutes=one))
        assert len({row["createdAt"] for row in there.rows.values()}) == 1

        assert next_look(client, there, other)["found"] == 250


def test_a_rejected_request_is_rejected_and_one_that_waits_waits(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "cal_com") as (there, other):
        settle(client, there, other)
        there.book("calUid1")
        there.rows["calUid1"]["status"] = "pending"
        next_look(client, there, other)
        assert the_booking(client)["status"] == "awaiting_approval"

        there._change("calUid1", status="rejected")
        next_look(client, there, other)

    assert the_booking(client)["status"] == "rejected"


def test_who_did_not_come_is_marked(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "cal_com") as (there, other):
        settle(client, there, other)
        there.book("calUid1")
        next_look(client, there, other)
        client.clock.advance(MINUTE)
        attendee = there.rows["calUid1"]["attendees"][0] | {"absent": True}
        there._change("calUid1", attendees=[attendee])
        next_look(client, there, other)

    assert the_booking(client)["no_show"] is True


def test_a_cal_com_of_ones_own_is_asked_at_its_address(sqlite_client: Client) -> None:
    client = sqlite_client
    body = {"source": "cal_com", "api_url": "https://api.cal.example.org/", "api_token": "a token to look with"}
    with product(client, "cal_com") as (there, other):
        client.v2.post("/sources", body)
        asked = []

        def fetch(url: str, *given: Any) -> Any:
            asked.append(url)
            return there.fetch(url.replace("https://api.cal.example.org", there.receiver.origin), *given)

        other.look(fetch)

    assert sum(url.startswith("https://api.cal.example.org/v2/bookings?after") for url in asked) == 2


# Calendly


def test_each_of_a_group_is_a_booking_and_one_may_leave(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "calendly") as (there, other):
        settle(client, there, other)
        there.book("EV1")
        next_look(client, there, other)
        client.clock.advance(3 * HOUR)  # so long that the event counts as unchanged
        other.look(there.fetch)
        client.clock.advance(MINUTE)
        there.join("EV1", "IN2", "hal@example.net")
        next_look(client, there, other)
        assert [one["email"] for one in bookings(client)] == ["eve@example.net", "hal@example.net"]

        row = there.rows["EV1"]
        row["invitees"][1] |= {"status": "canceled", "updated_at": there.now()}
        row["event"]["invitees_counter"] = row["event"]["invitees_counter"] | {"active": 1}
        next_look(client, there, other)

    assert [one["status"] for one in bookings(client)] == ["confirmed", "cancelled"]


def test_events_that_are_as_they_are_here_are_not_asked_for_their_invitees(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "calendly") as (there, other):
        settle(client, there, other)
        there.book("EV1")
        next_look(client, there, other)
        client.clock.advance(3 * HOUR)
        other.look(there.fetch)
        before = len(there.asked)
        next_look(client, there, other)

    assert [path.partition("?")[0] for path in there.asked[before:]] == ["/users/me", "/scheduled_events"]


def test_whose_bookings_are_looked_at_can_be_said(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "calendly") as (there, other):
        client.v2.delete(f"/sources/{other.source['id']}")
        organization = "https://api.calendly.com/organizations/OR1"
        body = {"source": "calendly", "api_token": "a token to look with"}
        client.v2.post("/sources", body | {"user_id": organization})
        other.source["id"] = client.v2.get("/sources").json()["sources"][0]["id"]
        other.look(there.fetch)
        assert [path.partition("&")[0] for path in there.asked] == [
            "/scheduled_events?organization=https%3A%2F%2Fapi.calendly.com%2Forganizations%2FOR1"
        ]

    wrong = wrong_fields(client.v2.post("/sources", body | {"user_id": "https://evil.example/users/1"}))
    assert wrong["user_id"].startswith("must be the URI of a user or an organization")


# What a source may be given


def test_what_is_given_without_a_token_is_refused(sqlite_client: Client) -> None:
    for body in (
        {"source": "cal_com", "api_url": "https://api.cal.example.org"},
        {"source": "calendly", "user_id": "https://api.calendly.com/users/US1"},
    ):
        assert "is required to look with" in wrong_fields(sqlite_client.v2.post("/sources", body))["api_token"]
    inside = {"source": "cal_com", "api_url": "http://127.0.0.1/", "api_token": "a token to look with"}
    assert wrong_fields(sqlite_client.v2.post("/sources", inside))["api_url"] == "must begin with https://"
    unknown = {"source": "generic", "api_token": "a token to look with"}
    assert "means nothing for generic" in wrong_fields(sqlite_client.v2.post("/sources", unknown))["api_token"]


# Cal.com's seats


def test_each_seat_whose_call_was_lost_is_a_booking_and_all_end_together(sqlite_client: Client) -> None:
    client = sqlite_client
    with product(client, "cal_com") as (there, other):
        settle(client, there, other)
        there.book("calUid1")
        eve = there.rows["calUid1"]["attendees"][0] | {"seatUid": "s1", "bookingFieldsResponses": {"topic": "A roof"}}
        hal = eve | {"seatUid": "s2", "name": "Hal Smith", "email": "hal@example.net"}
        there._change("calUid1", attendees=[eve, hal])
        other.tells(fixture("cal_com", "created", payload__seatsPerTimeSlot=6, payload__attendees=[eve]))
        next_look(client, there, other)
        assert [(one["email"], one["status"]) for one in bookings(client)] == [
            ("eve@example.net", "confirmed"),
            ("hal@example.net", "confirmed"),
        ]
        assert bookings(client)[1]["form_responses_as_hash"]["topic"] == "A roof"

        there._change("calUid1", status="cancelled", attendees=[])  # it deletes them with the booking
        next_look(client, there, other)

    assert [one["status"] for one in bookings(client)] == ["cancelled", "cancelled"]
