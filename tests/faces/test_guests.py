"""Guests in the bookings API: `form_responses.guest_email_s`, of a new booking and of one that is changed."""

import pytest

from tests.faces.client import Client, Json, an_action, booking_body, made, part, wrong_fields

GUS, GIA = "gus@example.org", "gia@example.org"
FIELD = "guest_email_s"


def shown(booking: Json) -> str | None:
    """Return the guests that a booking is shown with, after a look at whether both places say the same."""
    entries = {one["field"]: one["value"] for one in booking["form_responses"]}
    assert entries == booking["form_responses_as_hash"]
    return entries.get(FIELD)


@pytest.mark.parametrize(
    ("sent", "guests"),
    [
        ([GUS, GIA], f"{GUS}, {GIA}"),
        (f"{GUS},{GIA}", f"{GUS}, {GIA}"),
        (f" {GUS} , ,{GIA}, ", f"{GUS}, {GIA}"),
        (["Gus@EXAMPLE.org", "Gus@example.ORG"], "Gus@example.org"),
        ([GUS, "eve@example.net", "OLIVER@example.com"], GUS),
        ([], None),
        ("", None),
        (None, None),
    ],
    ids=["a list", "text", "text with blanks", "one twice", "the client and the host", "nobody", "no text", "null"],
)
def test_guests_are_sent_as_a_list_or_as_text_and_shown_with_the_answers(
    client: Client, sent: object, guests: str | None
) -> None:
    client.a_link()

    booking = client.book(form_responses={"company": "Initech", FIELD: sent})

    assert shown(booking) == guests
    assert booking["form_responses_as_hash"]["company"] == "Initech"
    assert part(client.v2.get(f"/bookings/{booking['id']}").json(), "booking") == booking


def test_guests_are_guests_with_blanks_around_their_question_too(client: Client) -> None:
    client.a_link()

    assert shown(client.book(form_responses={f" {FIELD} ": [GUS]})) == GUS


@pytest.mark.parametrize(
    ("sent", "field", "words"),
    [
        ([GUS, "nobody"], f"{FIELD}[1]", "is not a mail address"),
        (f"{GUS}, nobody", f"{FIELD}[1]", "write one address, such as ana@example.com"),
        ([GUS, "a\nb@example.org"], f"{FIELD}[1]", "control character"),
        ([GUS, 7], f"{FIELD}[1]", "must be a string"),
        ([GUS, None], f"{FIELD}[1]", "must be a string"),
        ([GUS] * 51, FIELD, "must have at most 50 entries"),
        (f"{GUS}," * 51, FIELD, "must have at most 50 entries"),
        (7, FIELD, "must be a list of addresses, or text"),
        ({}, FIELD, "must be a list of addresses, or text"),
    ],
    ids=[
        "no address",
        "none in text",
        "a control",
        "a number",
        "null",
        "too many",
        "too many in text",
        "7",
        "an object",
    ],
)
def test_a_wrong_guest_is_named_and_nothing_is_booked(client: Client, sent: object, field: str, words: str) -> None:
    client.a_link()
    before = client.counts()

    wrong = wrong_fields(client.v2.post("/bookings", booking_body(form_responses={FIELD: sent})))

    assert list(wrong) == [f"form_responses.{field}"]
    assert words in wrong[f"form_responses.{field}"]
    assert client.counts() == before


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_the_guests_of_a_booking_are_changed_and_its_other_answers_stay(client: Client, method: str) -> None:
    client.a_link()
    booking = client.book(form_responses={"company": "Initech", FIELD: GUS})
    path = f"/bookings/{booking['id']}"

    changed = part(made(client.v2.send(method, path, {"form_responses": {FIELD: [GIA]}})), "booking")
    assert changed["form_responses_as_hash"] == {"company": "Initech", FIELD: GIA}

    changed = part(made(client.v2.send(method, path, {"form_responses": {"company": "Globex"}})), "booking")
    assert changed["form_responses_as_hash"] == {"company": "Globex", FIELD: GIA}

    changed = part(made(client.v2.send(method, path, {"form_responses": {FIELD: ""}})), "booking")
    assert changed["form_responses_as_hash"] == {"company": "Globex"}
    assert list(wrong_fields(client.v2.send(method, path, {"form_responses": {FIELD: ["x"]}}))) == [
        f"form_responses.{FIELD}[0]"
    ]


def test_a_rule_writes_to_the_guests_and_they_can_stop_it(client: Client) -> None:
    client.a_rule(client.a_link(), actions=[an_action(emails=["{{ guest.emails }}", "{{client.email}}"])])

    client.book(form_responses={FIELD: [GUS, GIA]})
    client.drain()

    recipients = [envelope.recipient for envelope in client.letterbox.envelopes]
    can_stop = ["List-Unsubscribe" in letter for letter in client.letterbox.letters()]
    assert sorted(zip(recipients, can_stop, strict=True)) == [("eve@example.net", False), (GIA, True), (GUS, True)]


def test_a_condition_can_look_at_the_guests(client: Client) -> None:
    asked = {"field": "form.answer", "question": FIELD, "operator": "contains", "value": "@example.org"}
    client.a_rule(client.a_link(), conditions=[asked])

    client.book(form_responses={FIELD: [GUS]})
    client.book(form_responses={FIELD: ["gus@example.com"]}, slot_start_time="17:30")
    client.drain()

    assert len(client.letterbox.envelopes) == 1


def test_a_preview_of_a_sample_has_a_guest(client: Client) -> None:
    body = {
        "event": "booking_confirmed",
        "meeting_ids": [client.a_link()["id"]],
        "actions": [an_action(emails=["{{guest.emails}}"])],
    }

    found = client.v2.post("/automation-rules/preview", body).json()["preview"]

    assert [one["recipient"] for one in found["deliveries"]] == ["sam@example.com"]
