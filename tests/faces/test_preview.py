"""/automation-rules/preview: what a rule would send about a booking, or about a sample; nothing is kept of it."""

import logging
import re

import pytest

from tests.faces.client import Client, Json, an_action, made, refusal, rule_body, wrong_fields
from tocsin.domain.dkim import Algorithm
from tocsin.services import dkim


def previewed(client: Client, body: Json) -> Json:
    response = client.v2.post("/automation-rules/preview", body)
    assert response.status_code == 200, response.text
    found: Json = response.json()["preview"]
    return found


def test_a_preview_on_a_sample_shows_the_mail_and_the_entry_and_keeps_nothing(client: Client) -> None:
    body = rule_body(client.a_link()["id"], actions=[an_action(emails=["ada@example.org", "{{client.email}}"])])
    before = client.counts()

    found = previewed(client, body)

    assert client.counts() == before
    assert client.drain() == 0
    assert (found["booking_id"], found["event"], found["fires"], found["deliveries_count"]) == (
        None,
        "booking_confirmed",
        True,
        2,
    )
    ada, alex = found["deliveries"]
    assert (ada["recipient"], alex["recipient"]) == ("ada@example.org", "alex@example.com")
    assert (ada["would_be_sent"], ada["reason"], ada["subject"]) == (True, None, "You have a meeting scheduled")
    assert "Hello Alex Example" in ada["text"]
    assert "<h3>Hello Alex Example</h3>" in ada["html"]
    assert "METHOD:REQUEST\r\n" in ada["calendar"]
    assert ada["message"].startswith("From: ")


def test_a_preview_on_a_booking_speaks_of_that_booking(client: Client) -> None:
    link = client.a_link()
    booking = client.book(name="Mary Poppins")

    found = previewed(client, rule_body(link["id"], event="booking_cancelled", booking_id=booking["sid"]))

    assert found["booking_id"] == booking["id"]
    [ada] = found["deliveries"]
    assert "Hello Mary Poppins" in ada["text"]
    assert "METHOD:CANCEL\r\n" in ada["calendar"]
    assert client.v2.get(f"/bookings/{booking['id']}").json()["booking"]["status"] == "confirmed"


def test_a_reminder_is_shown_with_its_moment(client: Client) -> None:
    link = client.a_link()
    booking = client.book(slot_date="2026-11-25", slot_start_time="15:30", time_zone="Europe/Berlin")

    found = previewed(
        client,
        rule_body(link["id"], event="before_meeting_starts", offset_minutes=60, booking_id=booking["id"]),
    )

    assert [one["due_at"] for one in found["deliveries"]] == ["2026-11-25T13:30:00Z"]


def test_an_answer_is_shown_as_if_somebody_who_is_invited_had_given_it(client: Client) -> None:
    action = an_action(email_subject="{{invitation.email}}: {{invitation.rsvp}}")

    found = previewed(client, rule_body(client.a_link()["id"], event="invite_accepted", actions=[action]))

    assert [one["subject"] for one in found["deliveries"]] == ["ada@example.org: accepted"]


def test_a_rule_that_would_not_fire_says_on_which_clause(client: Client) -> None:
    client.a_link()
    booking = client.book()
    other = client.a_link(slug="other")

    found = previewed(client, rule_body(other["id"], booking_id=booking["id"]))

    assert (found["fires"], found["deliveries"]) == (False, [])
    assert [one["sentence"] for one in found["clauses"] if not one["holds"]] == [
        "the booking's meeting is not among those of the rule"
    ]


def test_what_cannot_happen_to_a_booking_any_more_says_so(client: Client) -> None:
    link, booking = client.a_link(), client.book()
    client.v2.patch(f"/bookings/{booking['id']}", {"status": "cancelled"})

    found = previewed(client, rule_body(link["id"], event="marked_no_show", booking_id=booking["id"]))

    assert (found["fires"], found["deliveries"]) == (False, [])
    assert found["clauses"][-1]["sentence"] == "the booking is cancelled, so marked_no_show cannot happen to it"


def test_several_reminders_are_shown_in_the_order_of_their_moments(client: Client) -> None:
    body = rule_body(client.a_link()["id"], event="before_meeting_starts", offset_minutes=[10, 600, 60])

    found = previewed(client, body)

    due = [one["due_at"] for one in found["deliveries"]]
    assert len(due) == 3
    assert due == sorted(due)


def test_an_answer_is_shown_whatever_the_rule_asks_of_answers(client: Client) -> None:
    condition = {"field": "invitation.rsvp", "operator": "is_for_somebody", "value": "accepted"}
    body = rule_body(client.a_link()["id"], event="invite_accepted", conditions=[condition])

    assert [one["would_be_sent"] for one in previewed(client, body)["deliveries"]] == [True]


def test_the_links_in_what_is_shown_are_of_no_use(client: Client) -> None:
    [ada] = previewed(client, rule_body(client.a_link()["id"]))["deliveries"]
    [token] = re.findall(r"/opt-out/([\w-]+)", ada["message"].replace("=\r\n", ""))[:1]

    assert client.root.get(f"/opt-out/{token}").status_code == 404


def test_what_is_shown_is_not_signed_for_the_workspace(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    body, app, now = rule_body(client.a_link()["id"]), client.app, client.clock()
    with app.store.directory() as directory:
        acme = directory.by_subdomain("acme")
    assert acme is not None
    with app.store.transaction(acme.id) as tx:
        dkim.create(
            tx, "tocsin.example", selector="one", algorithm=Algorithm.ED25519, secret=app.sender.secret, now=now
        )
        dkim.activate(tx, "tocsin.example", "one", now=now)

    [ada] = previewed(client, body)["deliveries"]
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING] == []
    made(client.v2.post("/automation-rules", body))
    client.book()
    client.drain()

    assert "DKIM-Signature" not in ada["message"]
    assert client.letterbox.letters()[0]["DKIM-Signature"]


def test_a_message_that_would_be_kept_back_says_why(client: Client) -> None:
    link = client.a_link()
    client.v2.post("/suppressions", {"recipient": "ada@example.org"})

    [ada] = previewed(client, rule_body(link["id"]))["deliveries"]

    assert (ada["would_be_sent"], ada["message"], ada["subject"]) == (False, None, None)
    assert ada["reason"]


def test_of_a_rule_for_many_the_first_are_shown_and_all_are_counted(client: Client) -> None:
    emails = [f"guest{number}@example.org" for number in range(40)]
    actions = [an_action(emails=emails), an_action(emails=emails)]

    found = previewed(client, rule_body(client.a_link()["id"], actions=actions))

    assert (found["deliveries_count"], len(found["deliveries"])) == (80, 50)


def test_a_rule_that_could_not_be_saved_has_no_preview(client: Client) -> None:
    response = client.v2.post("/automation-rules/preview", rule_body("no-such-link", actions=[an_action(emails=["x"])]))
    assert list(wrong_fields(response)) == ["actions[0].emails[0]"]

    response = client.v2.post("/automation-rules/preview", rule_body("no-such-link"))
    assert list(wrong_fields(response)) == ["meeting_ids[0]"]


def test_an_unknown_booking_is_not_found(client: Client) -> None:
    response = client.v2.post("/automation-rules/preview", rule_body(client.a_link()["id"], booking_id="nothere"))

    assert refusal(response, 404) == "there is no booking with this id"


def test_a_key_that_may_not_read_bookings_sees_a_sample_and_no_booking(client: Client) -> None:
    link, booking = client.a_link(), client.book()
    face = client.with_key("rules:write").v2

    assert face.post("/automation-rules/preview", rule_body(link["id"])).status_code == 200
    refused = face.post("/automation-rules/preview", rule_body(link["id"], booking_id=booking["id"]))

    assert refusal(refused, 403) == "this API key lacks the scope bookings:read"
