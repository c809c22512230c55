"""Calendly: one call for each invitee, and a reschedule that is two calls in either order."""

from typing import Any

import pytest

from tests.builders import MINUTE, SECOND
from tests.faces.client import Client, Json, made
from tests.sources.senders import Other, bookings, connected_to, fixture, the_booking
from tocsin.services import source_bookings
from tocsin.services.source_bookings import Desk, Effect


@pytest.fixture
def calendly(client: Client) -> Other:
    return connected_to(client, "calendly")


def call(name: str, **changes: object) -> Any:
    return fixture("calendly", name, **changes)


def events(client: Client) -> list[str]:
    found: list[Json] = made(client.v2.get("/deliveries", page_size=100))["deliveries"]
    return sorted(one["event"] for one in found)


def watched(client: Client) -> None:
    link = client.a_link(slug="introduction")
    for event in ("booking_confirmed", "booking_rescheduled", "booking_cancelled", "marked_no_show"):
        client.a_rule(link, event=event)


def test_answers_and_guests_are_kept_in_order(client: Client, calendly: Other) -> None:
    calendly.tells(call("created"))

    assert the_booking(client)["form_responses_as_hash"] == {
        "What about?": "The roof\nand the door",
        "Budget": "small",
        "guest_email_s": "gus@example.net",
    }


@pytest.mark.parametrize("order", [("moved_away", "moved_here"), ("moved_here", "moved_away"), ("moved_here",)])
def test_a_reschedule_is_one_move_in_either_order_and_if_the_cancel_is_missing(
    client: Client, calendly: Other, order: tuple[str, ...]
) -> None:
    watched(client)
    for name in ("created", *order):
        calendly.tells(call(name))
    client.clock.advance(3 * MINUTE)
    calendly.tend()

    assert the_booking(client)["starts_at"] == "2026-11-27T09:00:00Z"
    assert events(client) == ["booking_confirmed", "booking_rescheduled"]


def test_a_cancel_for_a_reschedule_is_held_and_then_believed(client: Client, calendly: Other) -> None:
    watched(client)
    calendly.tells(call("created"))
    told = calendly.tells(call("moved_away"))
    assert (told["state"], the_booking(client)["status"]) == ("applied", "confirmed")

    client.clock.advance(2 * MINUTE - SECOND)
    calendly.tend()
    assert the_booking(client)["status"] == "confirmed"
    client.clock.advance(SECOND)
    calendly.tend()

    assert the_booking(client)["status"] == "cancelled"
    assert events(client) == ["booking_cancelled", "booking_confirmed"]


def test_a_booking_that_fails_unforeseen_when_its_time_has_come_holds_up_no_other(
    client: Client, calendly: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    wake, woken = source_bookings.wake, []

    def wake_or_break(desk: Desk, external_id: str) -> Effect:
        woken.append(external_id)
        if external_id == "https://bad.example":
            raise RuntimeError("on purpose")
        return wake(desk, external_id)

    monkeypatch.setattr(source_bookings, "wake", wake_or_break)
    for uri in ("https://bad.example", "https://good.example"):
        calendly.tells(call("moved_here", payload__uri=uri, payload__old_invitee=f"{uri}/before"))
    client.clock.advance(2 * MINUTE)
    calendly.tend()
    calendly.tend()

    assert sorted(woken) == ["https://bad.example", "https://good.example"]
    assert len(bookings(client)) == 1


def test_a_booking_from_before_the_source_was_made_can_be_moved_again_and_again(
    client: Client, calendly: Other
) -> None:
    watched(client)
    calendly.tells(call("moved_here"))
    client.clock.advance(2 * MINUTE)
    calendly.tend()
    second, third = call("moved_here")["payload"]["uri"], "https://api.calendly.com/scheduled_events/EV3/invitees/IN3"
    calendly.tells(call("moved_away", created_at="2026-11-24T11:00:00Z", payload__uri=second, payload__old_invitee="x"))
    client.clock.advance(MINUTE)
    calendly.tend()
    assert the_booking(client)["status"] == "confirmed"

    moved = {"payload__uri": third, "payload__old_invitee": second, "created_at": "2026-11-24T11:00:01Z"}
    calendly.tells(call("moved_here", payload__scheduled_event__start_time="2026-11-27T08:00:00Z", **moved))

    assert (the_booking(client)["status"], the_booking(client)["starts_at"]) == ("confirmed", "2026-11-27T08:00:00Z")
    assert events(client) == ["booking_confirmed", "booking_rescheduled"]


def test_a_cancellation_is_not_held(client: Client, calendly: Other) -> None:
    calendly.tells(call("created"))
    calendly.tells(call("cancelled"))

    booking = the_booking(client)
    assert (booking["status"], booking["cancel_reason"], booking["cancelled_by"]) == ("cancelled", "ill", "Eve Jones")


def test_two_invitees_of_a_group_event_are_two_bookings_and_one_may_cancel(client: Client, calendly: Other) -> None:
    calendly.tells(call("created"))
    calendly.tells(call("group_second"))
    calendly.tells(call("cancelled"))

    found = [(one["email"], one["status"], one["starts_at"]) for one in bookings(client)]
    assert found == [
        ("eve@example.net", "cancelled", "2026-11-26T14:30:00Z"),
        ("hal@example.net", "confirmed", "2026-11-26T14:30:00Z"),
    ]


def test_a_no_show_can_be_marked_and_unmarked(client: Client, calendly: Other) -> None:
    watched(client)
    for name, is_marked in (("created", False), ("no_show", True), ("no_show_undone", False)):
        calendly.tells(call(name))
        assert the_booking(client)["no_show"] is is_marked
    assert events(client) == ["booking_confirmed", "marked_no_show"]


def test_a_signing_moment_is_part_of_what_is_signed(client: Client, calendly: Other) -> None:
    signature = calendly.signed(call("created"))["Calendly-Webhook-Signature"]
    at = signature.split(",")[0].removeprefix("t=")

    for forged in (
        signature.replace(at, str(int(at) + 1)),
        signature.replace("t=", "T="),
        f"t=x,{signature}",
        "v1=",
        "t=,v1=",
    ):
        assert calendly.call(call("created"), {"Calendly-Webhook-Signature": forged}).status_code == 401
    assert bookings(client) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"payload__uri": None}, "payload.uri is missing"),
        ({"payload__email": "nobody"}, "payload.email is no mail address"),
        ({"payload__scheduled_event__start_time": 5}, "start_time is no instant"),
        ({"payload__scheduled_event__event_memberships": []}, "the call names no host"),
        ({"created_at": None}, "created_at is missing"),
        ({"event": "invitee.dreamt"}, "event is invitee.dreamt, which is not known here"),
    ],
)
def test_what_is_wrong_is_said(sqlite_client: Client, changes: Json, words: str) -> None:
    client = sqlite_client
    calendly = connected_to(client, "calendly")
    told = calendly.tells(call("created", **changes))

    assert told["state"] == "not_understood"
    assert words in told["sentence"]


def test_a_routing_form_changes_nothing(client: Client, calendly: Other) -> None:
    told = calendly.tells(call("created", event="routing_form_submission.created"))

    assert (told["state"], bookings(client)) == ("nothing_to_do", [])
