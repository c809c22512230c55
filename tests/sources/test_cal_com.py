"""Cal.com: new uids that name old ones, a stuck sequence, two shapes of one event, marks without times."""

from typing import Any

import pytest

from tests.builders import DAY, MINUTE
from tests.faces.client import Client, Json, made
from tests.sources.senders import Other, bookings, connected_to, fixture, the_booking


@pytest.fixture
def cal(client: Client) -> Other:
    return connected_to(client, "cal_com")


def call(name: str, **changes: object) -> Any:
    return fixture("cal_com", name, **changes)


def deliveries(client: Client) -> list[str]:
    found: list[Json] = made(client.v2.get("/deliveries", page_size=100))["deliveries"]
    return sorted(one["event"] for one in found)


def watched(client: Client) -> None:
    """Make a rule for each event that is not timed, on the link that calls will find."""
    link = client.a_link()
    for event in ("booking_confirmed", "booking_rescheduled", "booking_cancelled", "marked_no_show"):
        client.a_rule(link, event=event)


def test_what_was_answered_and_who_else_comes_is_kept(client: Client, cal: Other) -> None:
    cal.tells(call("created"))

    booking = the_booking(client)
    assert booking["form_responses_as_hash"] == {
        "What about?": "The roof",
        "Budget": "small, medium",
        "guest_email_s": "gus@example.net",
    }
    assert booking["time_zone"] == "America/New_York"
    assert booking["room_url"] == "https://meet.example.com/x1"


def test_a_requested_booking_awaits_approval_and_a_created_one_confirms_it(client: Client, cal: Other) -> None:
    watched(client)
    cal.tells(call("requested", payload__status="ACCEPTED"))
    assert (the_booking(client)["status"], deliveries(client)) == ("awaiting_approval", [])

    cal.tells(call("created"))

    assert (the_booking(client)["status"], deliveries(client)) == ("confirmed", ["booking_confirmed"])


def test_a_created_one_that_awaits_approval_is_not_confirmed(client: Client, cal: Other) -> None:
    cal.tells(call("created", payload__status="PENDING"))

    assert the_booking(client)["status"] == "awaiting_approval"


def test_a_rejected_one_never_was(client: Client, cal: Other) -> None:
    watched(client)
    cal.tells(call("requested"))
    cal.tells(call("rejected"))

    booking = the_booking(client)
    assert (booking["status"], booking["cancel_reason"]) == ("rejected", "no time")


def test_two_moves_in_a_row_are_one_booking_although_the_sequence_sticks(client: Client, cal: Other) -> None:
    watched(client)
    for name in ("created", "rescheduled", "rescheduled_again"):
        cal.tells(call(name))

    booking = the_booking(client)
    assert booking["starts_at"] == "2026-11-28T09:00:00Z"
    assert deliveries(client) == ["booking_confirmed", "booking_rescheduled", "booking_rescheduled"]


def test_a_move_that_awaits_approval_leaves_the_time_until_it_is_confirmed(client: Client, cal: Other) -> None:
    cal.tells(call("created"))
    cal.tells(call("rescheduled", payload__status="PENDING"))
    assert (the_booking(client)["starts_at"], the_booking(client)["status"]) == ("2026-11-26T14:30:00Z", "confirmed")

    cal.tells(call("created", payload=call("rescheduled")["payload"], createdAt="2026-11-24T09:15:00Z"))

    assert the_booking(client)["starts_at"] == "2026-11-27T09:00:00Z"


def test_a_created_after_its_cancelled_does_nothing(client: Client, cal: Other) -> None:
    watched(client)
    cal.tells(call("cancelled"))
    told = cal.tells(call("created"))

    booking = the_booking(client)
    assert (booking["status"], booking["cancel_reason"], booking["cancelled_by"]) == (
        "cancelled",
        "ill",
        "eve@example.net",
    )
    assert (told["state"], deliveries(client)) == ("nothing_to_do", [])


def test_it_is_told_when_the_client_is_to_choose_again(client: Client, cal: Other) -> None:
    cal.tells(call("created"))

    told = cal.tells(call("cancelled_to_choose_again"))

    assert told["sentence"].endswith("(cancelled); the host asked the client to choose another time")


@pytest.mark.parametrize("name", ["meeting_ended_flat", "meeting_ended_wrapped", "meeting_started"])
def test_meetings_come_in_two_shapes_and_are_hints_only(client: Client, cal: Other, name: str) -> None:
    for one in ("created", "rescheduled"):
        cal.tells(call(one))

    told = cal.tells(call(name, **({"payload__uid": "calUid2"} if name.endswith("wrapped") else {"uid": "calUid2"})))

    assert told["state"] == "nothing_to_do"
    assert the_booking(client)["starts_at"] == "2026-11-27T09:00:00Z"


@pytest.mark.parametrize("name", ["meeting_ended_flat", "meeting_ended_wrapped"])
def test_of_a_booking_that_nobody_told_of_a_hint_tells_afterwards(client: Client, cal: Other, name: str) -> None:
    watched(client)
    client.clock.advance(3 * DAY)

    told = cal.tells(call(name))

    assert told["sentence"].startswith(f"made booking {the_booking(client)['sid']}, which is history (confirmed)")
    assert deliveries(client) == []


def test_a_no_show_has_no_times_and_is_joined_with_what_is_known(client: Client, cal: Other) -> None:
    watched(client)
    cal.tells(call("created"))
    cal.tells(call("no_show"))
    assert (the_booking(client)["no_show"], deliveries(client)) == (True, ["booking_confirmed", "marked_no_show"])

    cal.tells(call("no_show_undone"))
    cal.tells(call("no_show"))

    assert the_booking(client)["no_show"] is False
    assert deliveries(client) == ["booking_confirmed", "marked_no_show"]


def test_a_no_show_that_comes_first_waits_for_its_booking(client: Client, cal: Other) -> None:
    watched(client)
    told = cal.tells(call("no_show"))
    assert (told["state"], bookings(client)) == ("nothing_to_do", [])

    cal.tells(call("created"))

    assert the_booking(client)["no_show"] is True
    assert deliveries(client) == ["booking_confirmed", "marked_no_show"]


def test_guests_who_did_not_come_to_its_own_video_are_a_no_show(client: Client, cal: Other) -> None:
    cal.tells(call("created"))
    cal.tells(call("guests_away"))

    assert the_booking(client)["no_show"] is True


def test_a_move_of_a_booking_that_is_not_known_comes_after_the_time_of_grace(client: Client, cal: Other) -> None:
    told = cal.tells(call("rescheduled"))
    assert (told["state"], bookings(client)) == ("applied", [])
    assert told["sentence"] == "kept; the other half of the reschedule is waited for until 12:02:00 UTC"

    client.clock.advance(2 * MINUTE)
    cal.tend()

    assert the_booking(client)["starts_at"] == "2026-11-27T09:00:00Z"


def test_a_ping_and_other_events_change_nothing(client: Client, cal: Other) -> None:
    for trigger in ("PING", "BOOKING_PAID", "FORM_SUBMITTED", "OOO_CREATED"):
        told = cal.tells(call("ping", triggerEvent=trigger))
        assert (told["state"], told["sentence"]) == ("nothing_to_do", f"{trigger} changes no booking")
    told = cal.tells(call("ping", triggerEvent="SOMETHING_NEW"))
    assert (told["state"], told["sentence"]) == ("not_understood", "SOMETHING_NEW is not known here")


def test_a_host_who_is_booked_already_is_booked_once_more(client: Client, cal: Other) -> None:
    cal.tells(call("created"))
    cal.tells(call("created", payload__uid="another"))

    assert [one["host_email"] for one in bookings(client)] == ["oliver@example.com"] * 2


def test_two_event_types_with_one_slug_are_two_links(client: Client, cal: Other) -> None:
    cal.tells(call("created"))
    cal.tells(call("created", payload__uid="another", payload__eventTypeId=8, payload__eventTitle="Another"))

    assert sorted(link["slug"] for link in made(client.v2.get("/meetings"))["meetings"]) == ["intro", "intro-2"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"payload__uid": ""}, "uid is missing"),
        ({"payload__attendees": []}, "the first of attendees has no mail address"),
        ({"payload__startTime": "tomorrow"}, "startTime is no instant: tomorrow"),
        ({"payload__startTime": "2026-11-26T14:30:00"}, "startTime is no instant"),
        ({"payload__endTime": "2026-11-26T14:30:00Z"}, "the booking would end before it starts"),
        ({"payload__endTime": None}, "endTime is missing"),
        ({"payload__organizer": None}, "the call names no host"),
        ({"payload__uid": "x" * 501}, "uid has more than 500 characters"),
        ({"triggerEvent": None}, "triggerEvent is missing; take the custom payload template out"),
    ],
)
def test_what_is_wrong_is_said(sqlite_client: Client, changes: Json, words: str) -> None:
    client = sqlite_client
    cal = connected_to(client, "cal_com")
    told = cal.tells(call("created", **changes))

    assert told["state"] == "not_understood"
    assert words in told["sentence"]
    assert bookings(client) == []


def test_hostile_text_of_a_booker_is_cleaned_and_the_booking_kept(client: Client, cal: Other) -> None:
    name = "Eve\x00\r\nBcc: x@y.org \ud800 =?utf-8?q?x?=" + "z" * 300
    attendee = call("created")["payload"]["attendees"][0] | {"name": name}

    cal.tells(call("created", payload__attendees=[attendee], payload__iCalUID="two words"))

    booking = the_booking(client)
    assert booking["name"].startswith("Eve")
    assert len(booking["name"]) == 100
    assert booking["name"].isprintable()


# Seats


EVE, HAL = {"email": "eve@example.net", "name": "Eve Jones"}, {"email": "Hal@example.net", "name": "Hal Smith"}


def seated(name: str, *attendees: Json, **changes: object) -> Any:
    return call(name, payload__seatsPerTimeSlot=6, payload__attendees=list(attendees), **changes)


def standing(client: Client) -> list[tuple[str, str, str]]:
    return sorted((one["name"], one["status"], one["starts_at"][:10]) for one in bookings(client))


def test_each_seat_is_a_booking_and_who_leaves_takes_nobody_along(client: Client, cal: Other) -> None:
    watched(client)
    cal.tells(seated("created", EVE))
    cal.tells(seated("created", EVE, HAL, createdAt="2026-11-24T09:05:00Z"))
    cal.tells(seated("cancelled", HAL))

    assert standing(client) == [("Eve Jones", "confirmed", "2026-11-26"), ("Hal Smith", "cancelled", "2026-11-26")]
    assert deliveries(client) == ["booking_cancelled", "booking_confirmed", "booking_confirmed"]


def test_seats_that_are_cancelled_or_moved_together_are_so_here(client: Client, cal: Other) -> None:
    cal.tells(seated("created", EVE, HAL))
    cal.tells(seated("rescheduled", EVE, HAL))
    assert {(status, day) for _, status, day in standing(client)} == {("confirmed", "2026-11-27")}

    cal.tells(seated("cancelled", EVE, HAL, payload__uid="calUid2"))

    assert [status for _, status, _ in standing(client)] == ["cancelled", "cancelled"]


def test_a_seat_without_its_attendee_is_said(sqlite_client: Client) -> None:
    told = connected_to(sqlite_client, "cal_com").tells(seated("created"))

    assert (told["state"], told["sentence"]) == ("not_understood", "the first of attendees has no mail address")


def test_who_did_not_come_to_his_seat_is_marked_and_hints_make_no_booking_of_all(client: Client, cal: Other) -> None:
    watched(client)
    cal.tells(seated("created", EVE, HAL))
    for name in ("no_show", "meeting_started", "meeting_ended_flat", "meeting_ended_wrapped"):
        cal.tells(call(name))

    assert sorted((one["name"], one["no_show"]) for one in bookings(client)) == [
        ("Eve Jones", True),
        ("Hal Smith", False),
    ]
    assert deliveries(client) == ["booking_confirmed", "booking_confirmed", "marked_no_show"]
