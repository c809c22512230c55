"""The body of a webhook's call: JSON that says all of a booking, whatever stands in it."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import HOUR, MINUTE, NOON, a_booking, a_client, a_delivery, a_link, a_member, an_outcome
from tocsin.domain.events import EventKind
from tocsin.domain.model import Booking, BookingStatus
from tocsin.formats import report
from tocsin.formats.opened import opened_call


def written(booking: Booking, **changes: Any) -> bytes:
    delivery = replace(a_delivery(), **changes)
    return report.write(delivery, booking, a_link(), scheduling_url="https://acme.example.com/intro", now=NOON)


def test_all_that_is_known_of_a_booking_is_told() -> None:
    booking = a_booking(
        hosts=(a_member(), a_member(name="Wanda")),
        status=BookingStatus.CANCELLED,
        cancelled_at=NOON + HOUR,
        cancel_reason="ill",
        outcome=an_outcome(),
        is_no_show=True,
        form_responses=(("phone", "123"),),
        starts_at=NOON + HOUR,
        ends_at=NOON + HOUR + 30 * MINUTE,
    )

    body = json.loads(written(booking, event=EventKind.INVITE_ACCEPTED, about="ada@example.org"))

    found = body["data"]["booking"]
    assert (body["type"], body["data"]["about"]) == ("invite_accepted", "ada@example.org")
    assert (found["starts_at"], found["ends_at"]) == ("2026-11-24T13:00:00.000Z", "2026-11-24T13:30:00.000Z")
    assert [host["name"] for host in found["hosts"]] == [a_member().name, "Wanda"]
    assert (found["status"], found["cancel_reason"], found["cancelled_at"]) == (
        "cancelled",
        "ill",
        "2026-11-24T13:00:00.000Z",
    )
    assert (found["is_no_show"], found["outcome"], found["form_responses"]) == (
        True,
        an_outcome().name,
        {"phone": "123"},
    )


def test_what_a_booking_has_not_is_null() -> None:
    body = json.loads(written(a_booking()))

    assert (body["data"]["about"], body["data"]["booking"]["outcome"]) == (None, None)
    assert body["data"]["booking"]["cancelled_at"] is None


@given(st.text(max_size=200))
def test_any_text_arrives_as_it_is(name: str) -> None:
    body = written(a_booking(client=a_client(name=name)))

    expected = name.encode("utf-8", "replace").decode()
    assert json.loads(body)["data"]["booking"]["client"]["name"] == expected
    assert opened_call(body).subject == "booking_confirmed"
