"""Conditions of a rule: read and shown, refused with what would fit, and asked before a message leaves."""

from typing import Any

import pytest

from tests.faces.client import Client, Json, booking_body, rule_body, wrong_fields

WEEKEND = {
    "field": "booking.weekday",
    "operator": "is_one_of",
    "value": ["saturday", "sunday"],
    "time_zone": "Asia/Tokyo",
}
SIZE = {"field": "form.answer", "question": "Team size", "operator": "is_not_empty"}
EITHER = {"any": [{"field": "client.is_new", "operator": "is", "value": True}, WEEKEND]}


def shown(client: Client, rule: Json) -> Json:
    found: Json = client.v2.get(f"/automation-rules/{rule['id']}").json()["workflow"]
    return found


def test_conditions_are_shown_as_they_were_sent_and_can_be_sent_back(client: Client) -> None:
    sent = [WEEKEND, SIZE, EITHER, {"field": "booking.duration_minutes", "operator": "at_least", "value": 45}]
    rule = client.a_rule(client.a_link(), conditions=sent)

    full = shown(client, rule)

    assert full["conditions"] == sent
    again = client.v2.patch(f"/automation-rules/{rule['id']}", {"conditions": full["conditions"]})
    assert again.json()["workflow"] == full


@pytest.mark.parametrize(
    ("condition", "field", "message"),
    [
        ({"field": "client.emial", "operator": "is", "value": "x"}, "field", "must be one of meeting.id, host.email"),
        ({"field": "booking.hour", "operator": "contains", "value": 3}, "operator",
         "for booking.hour must be one of is, is_not, at_least, at_most"),
        ({"field": "booking.hour", "value": 3}, "operator", "for booking.hour must be one of is, is_not, at_least, at_most"),
        ({"field": "booking.hour", "operator": "is", "value": "3"}, "value", "must be a whole number from 0 to 23"),
        ({"field": "booking.hour", "operator": "is"}, "value", "must be a whole number from 0 to 23"),
        ({"field": "client.is_new", "operator": "is", "value": "yes"}, "value", "must be true or false"),
        ({"field": "booking.status", "operator": "is", "value": ["confirmed"]}, "value", "must be one of confirmed,"),
        ({"field": "client.domain", "operator": "is_one_of", "value": "x"}, "value", "must be a list of 1 to 50 values"),
        ({"field": "client.domain", "operator": "is", "value": {"x": 1}}, "value", "must be a text of 1 to 255 characters"),
        ({"field": "client.domain", "operator": "is", "value": "a\x00b"}, "value", ""),
        ({"field": "client.domain", "operator": "is_empty", "value": "x"}, "value", "is not wanted with is_empty"),
        ({"field": "form.answer", "operator": "is", "value": "x"}, "question", "is required: what the form asked"),
        ({"field": "client.email", "question": "Size", "operator": "is", "value": "x"}, "question",
         "is only for form.answer"),
        ({"field": "client.email", "time_zone": "UTC", "operator": "is", "value": "x"}, "time_zone",
         "is only for booking.hour, booking.weekday"),
        ({"field": "booking.hour", "time_zone": "Berlin", "operator": "is", "value": 3}, "time_zone", ""),
        ({"field": "client.email", "operator": "is", "value": "x", "colour": "red"}, "colour", "is not a field here"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_its_field_with_what_would(
    client: Client, condition: Json, field: str, message: str
) -> None:
    body = rule_body(client.a_link()["id"], conditions=[condition])

    found = wrong_fields(client.v2.post("/automation-rules", body))

    assert list(found) == [f"conditions[0].{field}"]
    assert found[f"conditions[0].{field}"].startswith(message)


@pytest.mark.parametrize(
    ("condition", "field", "message"),
    [
        ({}, "conditions[0]", "give field, operator and value; or any"),
        ({"any": []}, "conditions[0].any", "must have at least 1 entries"),
        ({"any": [SIZE], "field": "client.email", "operator": "is", "value": "x"}, "conditions[0]", "give field"),
        ({"any": [EITHER]}, "conditions[0]", "a group holds conditions and no other group"),
        (
            {"any": [{"field": "client.is_new", "operator": "is", "value": 1}]},
            "conditions[0].any[0].value",
            "must be true",
        ),
        ("weekend", "conditions[0]", "must be an object"),
    ],
)
def test_a_group_is_a_list_of_conditions_and_nothing_else(
    client: Client, condition: Any, field: str, message: str
) -> None:
    found = wrong_fields(client.v2.post("/automation-rules", rule_body(client.a_link()["id"], conditions=[condition])))

    assert list(found) == [field]
    assert found[field].startswith(message)


def test_a_message_whose_condition_does_not_hold_is_not_sent_and_says_what_was_so(client: Client) -> None:
    condition = {"field": "client.domain", "operator": "is_none_of", "value": ["example.net"]}
    rule = client.a_rule(client.a_link(), conditions=[condition])

    client.book(email="eve@example.net")
    client.book(email="eve@example.org", slot_start_time="17:30")
    client.drain()

    found = client.v2.get("/deliveries", rule_id=rule["id"]).json()["deliveries"]
    assert {(one["state"], one["reason"]) for one in found} == {
        ("cancelled", "the rule asks that client.domain is_none_of example.net; client.domain is example.net"),
        ("sent", None),
    }


def test_a_rule_can_be_for_the_first_booking_of_a_client(client: Client) -> None:
    client.a_rule(client.a_link(), conditions=[{"field": "client.is_new", "operator": "is", "value": True}])

    for number, email in enumerate(["eve@example.net", "eve@example.net", "new@example.net"]):
        client.book(email=email, slot_start_time=f"1{number}:00")
    client.drain()

    states = [one["state"] for one in client.v2.get("/deliveries").json()["deliveries"]]
    assert sorted(states) == ["cancelled", "sent", "sent"]


def test_a_rule_can_be_for_an_answer_of_the_form(client: Client) -> None:
    condition = {"field": "form.answer", "question": "Urgent?", "operator": "is", "value": "yes"}
    client.a_rule(client.a_link(), conditions=[condition])

    client.book(form_responses={"Urgent?": "Yes"})
    client.book(form_responses={"Urgent?": "No"}, slot_start_time="17:30")
    client.drain()

    assert sorted(one["state"] for one in client.v2.get("/deliveries").json()["deliveries"]) == ["cancelled", "sent"]


@pytest.mark.parametrize(
    ("question", "answer"),
    [("Où?", "Cafe\u0301"), ("Ou\u0300?", "Café"), (" Où? ", " Café "), ("Où?", ["Cafe\u0301"])],
    ids=["answer", "question", "blanks", "list"],
)
def test_an_answer_is_compared_whatever_way_its_letters_are_put_together(
    client: Client, question: str, answer: object
) -> None:
    condition = {"field": "form.answer", "question": "Où?", "operator": "is", "value": "Café"}
    client.a_rule(client.a_link(), conditions=[condition])

    booking = client.book(form_responses={question: answer})
    client.drain()

    assert booking["form_responses_as_hash"] == {"Où?": "Café"}
    assert [one["state"] for one in client.v2.get("/deliveries").json()["deliveries"]] == ["sent"]


def test_a_question_that_is_there_in_two_spellings_is_refused(client: Client) -> None:
    client.a_link()

    answer = client.v2.post("/bookings", booking_body(form_responses={"Où?": "here", "Ou\u0300? ": "there"}))

    assert wrong_fields(answer) == {"form_responses": "names the question 'Où?' twice"}


def test_a_preview_says_that_a_condition_does_not_hold(client: Client) -> None:
    condition = {"field": "booking.duration_minutes", "operator": "at_least", "value": 60}
    body = rule_body(client.a_link()["id"], conditions=[condition])

    [ada] = client.v2.post("/automation-rules/preview", body).json()["preview"]["deliveries"]

    assert (ada["would_be_sent"], ada["reason"]) == (
        False,
        "the rule asks that booking.duration_minutes at_least 60; booking.duration_minutes is 30",
    )
