"""/automation-rules/test-send: somebody of the workspace gets what a rule would send, and nobody else is told anything."""

from datetime import timedelta
from typing import Any

import pytest

from tests.faces.client import (
    Client,
    Json,
    an_action,
    connected,
    made,
    refusal,
    rule_body,
    wrong_fields,
)
from tocsin.domain.delivery import Outcome, Result
from tocsin.domain.dkim import Algorithm
from tocsin.formats.opened import Opened, opened
from tocsin.services import dkim
from tocsin.storage.store import SqlStore

OLIVER = "oliver@example.com"  # a member, who hosts the link
GREYLISTED = Outcome(result=Result.TEMPORARY, code=451, enhanced_code="4.7.1", reply="later")


def wanted(*meeting_ids: str, **fields: object) -> Json:
    return rule_body(*meeting_ids, **fields) | {"recipient": fields.get("recipient", OLIVER)}


def planned_for(client: Client, body: Json) -> list[Json]:
    found: list[Json] = made(client.v2.post("/automation-rules/test-send", body))["deliveries"]
    return found


def got(client: Client) -> list[Opened]:
    """Return what has left, as its recipient reads it."""
    client.drain()
    return [opened(envelope.message) for envelope in client.letterbox.envelopes]


def log(client: Client, one: Json) -> Json:
    found: Json = client.v2.get(f"/deliveries/{one['id']}").json()["delivery"]
    return found


def property_of(calendar: str, name: str) -> str:
    [line] = [line for line in calendar.replace("\r\n ", "").splitlines() if line.split(":")[0].split(";")[0] == name]
    return line.partition(":")[2]


def test_a_member_gets_what_the_rule_would_send_and_the_log_says_that_it_is_a_test(client: Client) -> None:
    link, booking = client.a_link(), client.book(name="Mary Poppins")

    [planned] = planned_for(client, wanted(link["id"], booking_id=booking["sid"]))
    [message] = got(client)

    assert [envelope.recipient for envelope in client.letterbox.envelopes] == [OLIVER]
    assert message.subject == "[Test] You have a meeting scheduled"
    assert "Hello Mary Poppins" in message.text
    assert property_of(message.calendar, "SUMMARY").startswith("[Test] ")
    assert property_of(message.calendar, "METHOD") == "REQUEST"
    sent = log(client, planned)
    assert (sent["cause"], sent["state"], sent["recipient"]) == ("test", "sent", OLIVER)
    assert client.v2.get(f"/deliveries/{planned['id']}/message").content == client.letterbox.envelopes[0].message


def test_without_a_booking_it_is_about_a_sample_that_is_not_kept(client: Client) -> None:
    link = client.a_link()
    before = client.counts()

    planned_for(client, wanted(link["id"]))
    [message] = got(client)

    assert "Hello Alex Example" in message.text
    changed = {table for table, number in client.counts().items() if number != before[table]}
    assert changed == {"deliveries", "attempts", "messages", "usage", "workspace_limits", "audit"}


def test_each_action_is_sent_with_a_uid_that_no_booking_has(client: Client) -> None:
    link, booking = client.a_link(), client.book()
    actions = [an_action(emails=["ada@example.org"]), an_action(emails=["{{client.email}}"], keep_in_sync=True)]
    body = wanted(link["id"], booking_id=booking["id"], actions=actions)

    planned_for(client, body)
    planned_for(client, body)
    uids = {property_of(message.calendar, "UID") for message in got(client)}

    assert len(uids) == 4
    client.v2.post("/automation-rules", rule_body(link["id"], event="booking_cancelled"))
    client.v2.patch(f"/bookings/{booking['id']}", {"status": "cancelled"})
    real = got(client)[-1]
    assert property_of(real.calendar, "UID") not in uids


def test_what_calendars_hold_of_the_booking_stays_as_it_is(client: Client) -> None:
    link = client.a_link()
    client.a_rule(link, actions=[an_action(emails=[OLIVER], keep_in_sync=True)])
    booking = client.book()
    client.drain()
    before = client.v2.get("/invitations", booking_id=booking["id"]).json()

    planned_for(client, wanted(link["id"], booking_id=booking["id"]))
    client.drain()

    assert client.v2.get("/invitations", booking_id=booking["id"]).json() == before
    assert [one["cause"] for one in client.v2.get("/deliveries", booking_id=booking["id"]).json()["deliveries"]] == [
        "rule_fired"
    ]
    client.v2.patch(f"/bookings/{booking['id']}", {"status": "cancelled"})
    cancelled = got(client)[-1]
    assert (property_of(cancelled.calendar, "METHOD"), property_of(cancelled.calendar, "SEQUENCE")) == ("CANCEL", "1")


@pytest.mark.parametrize(
    ("event", "method"),
    [("booking_cancelled", "CANCEL"), ("before_meeting_starts", "REQUEST"), ("marked_no_show", "REQUEST")],
)
def test_a_test_is_as_if_the_event_had_happened_and_it_has_not(client: Client, event: str, method: str) -> None:
    link, booking = client.a_link(), client.book()

    planned_for(client, wanted(link["id"], event=event, booking_id=booking["id"]))
    [message] = got(client)

    assert property_of(message.calendar, "METHOD") == method
    assert client.v2.get(f"/bookings/{booking['id']}").json()["booking"]["status"] == "confirmed"


def test_an_answer_is_as_if_the_recipient_had_given_it(client: Client) -> None:
    action = an_action(email_subject="{{invitation.email}}: {{invitation.rsvp}}")

    planned_for(client, wanted(client.a_link()["id"], event="invite_declined", actions=[action]))

    assert [message.subject for message in got(client)] == [f"[Test] {OLIVER}: declined"]


def test_conditions_do_not_keep_a_test_back(client: Client) -> None:
    condition = {"field": "client.domain", "operator": "is", "value": "nowhere.example"}

    planned_for(client, wanted(client.a_link()["id"], conditions=[condition]))

    assert len(got(client)) == 1


def test_a_plain_mail_is_tested_too_and_no_webhook_is_called(client: Client) -> None:
    mail = {"type": "send_email", "emails": ["ada@example.org"], "email_subject": "News", "email_body": "<p>New.</p>"}
    call = {"type": "call_webhook", "url": "https://hooks.example.org/bookings"}
    link = client.a_link()

    planned = planned_for(client, wanted(link["id"], actions=[call, mail]))
    only_calls = client.v2.post("/automation-rules/test-send", wanted(link["id"], actions=[call]))

    assert [(one["action_index"], one["action_type"]) for one in planned] == [(1, "send_email")]
    assert [(message.subject, message.calendar) for message in got(client)] == [("[Test] News", "")]
    assert wrong_fields(only_calls) == {"actions": "must hold one that sends mail; a test calls no webhook"}


def test_what_cannot_happen_to_a_booking_cannot_be_tested_on_it(client: Client) -> None:
    link, booking = client.a_link(), client.book()
    client.v2.patch(f"/bookings/{booking['id']}", {"status": "cancelled"})

    response = client.v2.post(
        "/automation-rules/test-send", wanted(link["id"], event="marked_no_show", booking_id=booking["id"])
    )

    assert "so marked_no_show cannot happen to it" in refusal(response, 409)


@pytest.mark.parametrize("recipient", ["ada@example.org", "gone@example.com", "eve@example.net"])
def test_nobody_gets_a_test_but_members(client: Client, recipient: str) -> None:
    link, booking = client.a_link(), client.book()
    client.v2.post("/team-members", {"emails": ["gone@example.com"]})
    [gone] = client.v2.get("/team-members", email="gone@example.com").json()["team_members"]
    client.v2.delete(f"/team-members/{gone['id']}")
    before = client.counts()

    response = client.v2.post(
        "/automation-rules/test-send", wanted(link["id"], booking_id=booking["id"], recipient=recipient)
    )

    assert wrong_fields(response) == {"recipient": "must be the address of a team member; tests go to nobody else"}
    assert client.counts() == before


def test_a_member_on_the_suppression_list_gets_none(client: Client) -> None:
    link = client.a_link()
    client.v2.post("/suppressions", {"recipient": OLIVER})

    [planned] = planned_for(client, wanted(link["id"]))

    assert got(client) == []
    assert log(client, planned)["state"] == "suppressed"


def test_tests_count_against_the_limits(store: SqlStore) -> None:
    with connected(store, TOCSIN_LIMIT_RECIPIENT="1/day") as client:
        body = wanted(client.a_link()["id"])
        first, second = planned_for(client, body)[0], planned_for(client, body)[0]

        assert len(got(client)) == 1
        assert sorted(log(client, one)["state"] for one in (first, second)) == ["sent", "suppressed"]


def test_a_test_is_tried_again_with_the_same_bytes_for_an_hour(client: Client) -> None:
    link = client.a_link()
    client.letterbox.outcome = GREYLISTED
    [planned] = planned_for(client, wanted(link["id"]))
    client.drain()
    assert log(client, planned)["state"] == "retrying"

    client.clock.advance(timedelta(minutes=2))
    client.drain()
    first, second = client.letterbox.envelopes
    assert (first.recipient, first.message) == (second.recipient, second.message)

    client.clock.advance(timedelta(hours=1))
    client.drain()
    assert log(client, planned)["state"] == "expired"
    assert len(client.letterbox.envelopes) == 2


def test_a_test_is_signed_like_every_message(client: Client) -> None:
    link, app, now = client.a_link(), client.app, client.clock()
    with app.store.directory() as directory:
        acme = directory.by_subdomain("acme")
    assert acme is not None
    with app.store.transaction(acme.id) as tx:
        key: dict[str, Any] = {"selector": "one", "algorithm": Algorithm.ED25519, "secret": app.sender.secret}
        dkim.create(tx, "tocsin.example", now=now, **key)
        dkim.activate(tx, "tocsin.example", "one", now=now)

    planned_for(client, wanted(link["id"]))
    client.drain()

    assert client.letterbox.letters()[0]["DKIM-Signature"]


def test_a_test_that_is_asked_for_twice_with_one_key_is_sent_once(client: Client) -> None:
    body = wanted(client.a_link()["id"])
    path, headers = "/automation-rules/test-send", {"Idempotency-Key": "one"}

    answers = [client.v2.send("POST", path, body, headers=headers).json() for _ in range(2)]

    assert answers[0] == answers[1]
    assert len(got(client)) == 1


def test_a_rule_that_could_not_be_saved_cannot_be_tested(client: Client) -> None:
    client.a_link()

    response = client.v2.post("/automation-rules/test-send", wanted("no-such-link"))

    assert list(wrong_fields(response)) == ["meeting_ids[0]"]


def test_a_key_that_may_not_read_bookings_tests_on_a_sample_only(client: Client) -> None:
    link, booking = client.a_link(), client.book()
    face = client.with_key("rules:write").v2

    assert face.post("/automation-rules/test-send", wanted(link["id"])).status_code == 201
    refused = face.post("/automation-rules/test-send", wanted(link["id"], booking_id=booking["id"]))

    assert refusal(refused, 403) == "this API key lacks the scope bookings:read"
