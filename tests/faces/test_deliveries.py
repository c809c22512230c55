"""/deliveries and /invitations: the log of what was sent, and what calendars hold."""

from datetime import timedelta

import pytest

from tests.faces.client import ACCEPTED, REFUSED, Client, Json, an_action, made, refusal, wrong_fields


def deliveries(client: Client, **query: object) -> list[Json]:
    found: list[Json] = client.v2.get("/deliveries", **query).json()["deliveries"]
    return found


def test_a_delivery_tells_why_it_exists_when_it_is_due_and_what_happens_next(client: Client) -> None:
    rule = client.a_rule(client.a_link())
    booking = client.book()

    (waiting,) = deliveries(client)
    client.drain()
    (sent,) = deliveries(client)

    assert waiting == {
        "id": waiting["id"],
        "state": "scheduled",
        "reason": None,
        "cause": "rule_fired",
        "event": "booking_confirmed",
        "about": None,
        "rule_id": rule["id"],
        "rule_revision": 1,
        "action_index": 0,
        "action_type": "send_calendar_invite_to_anyone",
        "booking_id": booking["id"],
        "booking_revision": 0,
        "recipient": "ada@example.org",
        "due_at": "2026-11-24T12:00:00Z",
        "expires_at": "2026-11-27T12:00:00Z",
        "next_attempt_at": "2026-11-24T12:00:00Z",
        "attempts_count": 0,
        "created_at": "2026-11-24T12:00:00Z",
        "settled_at": None,
    }
    after = {"state": "sent", "next_attempt_at": None, "attempts_count": 1, "settled_at": "2026-11-24T12:00:00Z"}
    assert sent == waiting | after
    assert client.v1.get("/deliveries").json()["deliveries"] == [sent]


def test_the_message_is_byte_for_byte_what_was_handed_over(client: Client) -> None:
    client.a_rule(client.a_link())
    client.book(name="Ève 👩‍💻")
    (delivery,) = deliveries(client)
    path = f"/deliveries/{delivery['id']}/message"

    before = client.v2.get(path)
    client.drain()
    response = client.v2.get(path)

    assert "no message yet" in refusal(before, 409)
    assert response.content == client.letterbox.envelopes[0].message
    assert response.headers["content-type"] == "message/rfc822"
    assert response.headers["content-disposition"] == 'attachment; filename="message.eml"'
    assert client.v1.get(path).content == response.content


def test_each_attempt_is_shown_with_the_reply(client: Client) -> None:
    client.a_rule(client.a_link())
    client.book()
    client.letterbox.outcome = REFUSED
    client.drain()
    (delivery,) = deliveries(client)

    shown = client.v2.get(f"/deliveries/{delivery['id']}").json()["delivery"]

    assert (shown["state"], shown["reason"]) == ("failed", "nobody of that name")
    attempt = {
        "number": 1,
        "started_at": "2026-11-24T12:00:00Z",
        "ended_at": "2026-11-24T12:00:00Z",
        "result": "permanent",
        "code": 550,
        "enhanced_code": "5.1.1",
        "reply": "nobody of that name",
    }
    assert shown == delivery | {"attempts": [attempt]}


def test_a_failed_delivery_is_sent_again_when_asked_with_the_same_bytes(client: Client) -> None:
    client.a_rule(client.a_link())
    client.book()
    client.letterbox.outcome = REFUSED
    client.drain()
    (failed,) = deliveries(client, state="failed")
    client.letterbox.outcome = ACCEPTED
    client.clock.advance(timedelta(hours=1))

    again = made(client.v2.post(f"/deliveries/{failed['id']}/retry"))["delivery"]
    client.drain()

    assert (again["state"], again["next_attempt_at"]) == ("scheduled", "2026-11-24T13:00:00Z")
    (sent,) = deliveries(client, state="sent")
    assert (sent["id"], sent["attempts_count"]) == (failed["id"], 2)
    first, second = client.letterbox.envelopes
    assert (first.recipient, first.message) == (second.recipient, second.message)
    assert "only a failed or expired delivery" in refusal(client.v1.post(f"/deliveries/{sent['id']}/retry"), 409)


def test_an_expired_delivery_is_sent_when_asked(client: Client) -> None:
    client.a_rule(client.a_link())
    client.book(slot_date="2026-12-24")
    client.clock.advance(timedelta(hours=73))
    client.drain()
    (expired,) = deliveries(client, state="expired")

    made(client.v2.post(f"/deliveries/{expired['id']}/retry"))
    client.drain()

    assert expired["reason"] == "not sent by 2026-11-27 12:00 UTC"
    assert [one["state"] for one in deliveries(client)] == ["sent"]


@pytest.mark.parametrize("state", ["scheduled", "sent", "cancelled"])
def test_only_what_failed_or_expired_is_retried(client: Client, state: str) -> None:
    client.a_rule(client.a_link())
    booking = client.book()
    if state == "cancelled":
        client.v2.patch(f"/bookings/{booking['id']}", {"status": "cancelled"})
    if state == "sent":
        client.drain()
    (delivery,) = deliveries(client)

    assert delivery["state"] == state
    sentence = refusal(client.v2.post(f"/deliveries/{delivery['id']}/retry"), 409)
    assert sentence == f"only a failed or expired delivery can be retried; this one is {state}"


def test_the_log_is_searched(client: Client) -> None:
    link = client.a_link()
    first = client.a_rule(link, actions=[an_action(emails=["ada@example.org", "bob@example.org"])])
    second = client.a_rule(link, event="booking_cancelled")
    one, two = client.book(), client.book(slot_start_time="17:00")
    client.drain()
    client.v2.patch(f"/bookings/{two['id']}", {"status": "cancelled"})

    def found(**query: object) -> int:
        return int(client.v2.get("/deliveries", **query).json()["pagination"]["total_records"])

    assert found() == 5
    assert found(state="sent") == 4
    assert found(state="scheduled") == 1
    assert found(state="failed") == 0
    assert found(booking_id=one["id"]) == 2
    assert found(rule_id=first["id"]) == 4
    assert found(rule_id=second["id"], booking_id=two["id"]) == 1
    assert found(recipient="bob@example.org") == 2
    assert found(recipient="bob@example.org", booking_id=one["id"], state="sent") == 1
    assert found(booking_id="nothing") == 0
    assert len(deliveries(client, page_size=2, page_number=3)) == 1


def test_a_state_that_does_not_exist_is_told_those_that_do(client: Client) -> None:
    found = wrong_fields(client.v2.get("/deliveries", state="lost"))

    assert found == {
        "state": "must be one of scheduled, sending, retrying, paused, sent, failed, cancelled, superseded, expired, suppressed"
    }


def test_an_invitation_shows_what_each_calendar_was_told(client: Client) -> None:
    link = client.a_link()
    for event in ("booking_confirmed", "booking_rescheduled", "booking_cancelled"):
        client.a_rule(link, event=event)
    booking = client.book()
    seen = []
    uids = set()

    for change in ({}, {"slot_date": "2026-11-26", "slot_start_time": "10:00"}, {"status": "cancelled"}):
        made(client.v2.patch(f"/bookings/{booking['id']}", change))
        client.drain()
        (invitation,) = client.v2.get("/invitations", booking_id=booking["sid"]).json()["invitations"]
        seen.append((invitation["method"], invitation["sequence"]))
        uids.add(invitation["uid"])

    assert seen == [("REQUEST", 0), ("REQUEST", 1), ("CANCEL", 2)]
    assert len(uids) == 1
    assert invitation["message_ids"] == [str(letter["Message-ID"]).strip("<>") for letter in client.letterbox.letters()]
    assert (invitation["held_method"], invitation["held_sequence"]) == ("CANCEL", 2)
    assert invitation["recipient"] == "ada@example.org"
    assert client.v1.get("/invitations", booking_id=booking["id"]).json() == {"invitations": [invitation]}


def test_invitations_are_those_of_one_booking(client: Client) -> None:
    assert wrong_fields(client.v2.get("/invitations")) == {"booking_id": "is required"}
    assert refusal(client.v2.get("/invitations", booking_id="nothing"), 404) == "there is no booking with this id"
    assert list(wrong_fields(client.v2.get("/invitations", booking_id=""))) == ["booking_id"]
