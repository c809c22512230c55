"""/automation-rules/dry-run: what a rule would have sent in a window of time; nothing is kept of it."""

import json
from datetime import timedelta

import pytest

from tests.faces.client import Client, Json, an_action, refusal, rule_body, wrong_fields
from tocsin.services import past, replay

NOVEMBER = {"from": "2026-11-01", "until": "2026-12-01"}


def tried(client: Client, body: Json) -> Json:
    response = client.v2.post("/automation-rules/dry-run", NOVEMBER | body)
    assert response.status_code == 200, response.text
    found: Json = response.json()["dry_run"]
    return found


def test_a_dry_run_lists_what_a_rule_would_have_sent_and_keeps_nothing(client: Client) -> None:
    link, booking = client.a_link(), client.book()
    client.clock.advance(timedelta(days=3))
    before = client.counts()

    found = tried(client, rule_body(link["id"], actions=[an_action(emails=["ada@example.org", "{{client.email}}"])]))

    assert client.counts() == before
    assert client.drain() == 0
    assert (found["bookings_count"], found["deliveries_count"], found["sent_count"], found["new_count"]) == (1, 2, 2, 2)
    assert found["deliveries"][0] == {
        "booking_id": booking["id"],
        "event": "booking_confirmed",
        "cause": "rule_fired",
        "action_index": 0,
        "action_type": "send_calendar_invite_to_anyone",
        "recipient": "ada@example.org",
        "time_zone": "Europe/Berlin",
        "locale": "en",
        "due_at": "2026-11-24T12:00:00Z",
        "would_be_sent": True,
        "state": "sent",
        "reason": None,
        "sent_by_present_rules": False,
        "history_since": None,
    }
    assert (found["no_longer_sent_count"], found["no_longer_sent"]) == (0, [])


def test_it_knows_what_will_fall_due_if_nothing_changes(client: Client) -> None:
    link, _ = client.a_link(), client.book()

    found = tried(
        client,
        rule_body(link["id"], event="before_meeting_starts", offset_minutes=[60, 10])
        | {"from": "2026-11-25", "until": "2026-11-26"},
    )

    assert [one["due_at"] for one in found["deliveries"]] == ["2026-11-25T13:30:00Z", "2026-11-25T14:20:00Z"]


def test_a_recipient_has_the_zone_that_he_had_then(client: Client) -> None:
    link, booking = client.a_link(), client.book(time_zone="Asia/Kathmandu")
    client.clock.advance(timedelta(hours=1))
    client.v2.patch(f"/bookings/{booking['id']}", {"time_zone": "America/New_York"})

    found = tried(client, rule_body(link["id"], actions=[an_action(emails=["{{client.email}}"])]))

    assert [one["time_zone"] for one in found["deliveries"]] == ["Asia/Kathmandu"]


def test_what_would_be_kept_back_says_why(client: Client) -> None:
    link, booking = client.a_link(), client.book()
    client.v2.post("/suppressions", {"recipient": "ada@example.org"})
    client.clock.advance(timedelta(hours=1))
    client.v2.patch(f"/bookings/{booking['id']}", {"status": "cancelled"})
    condition = {"field": "client.domain", "operator": "is", "value": "example.com"}

    [ada] = tried(client, rule_body(link["id"]))["deliveries"]
    [fussy] = tried(
        client, rule_body(link["id"], conditions=[condition], actions=[an_action(emails=["b@example.org"])])
    )["deliveries"]
    [late] = tried(client, rule_body(link["id"], event="before_meeting_starts"))["deliveries"]

    assert (ada["would_be_sent"], ada["state"]) == (False, "suppressed")
    assert fussy["reason"] == "the rule asks that client.domain is example.com; client.domain is example.net"
    assert (late["would_be_sent"], late["state"], late["sent_by_present_rules"]) == (False, "cancelled", False)


def test_a_change_of_a_rule_is_compared_with_the_rule_as_it_is(client: Client) -> None:
    link = client.a_link()
    rule = client.a_rule(link, actions=[an_action(emails=["ada@example.org", "bob@example.org"])])
    client.book()
    changed = rule_body(link["id"], actions=[an_action(emails=["bob@example.org", "cid@example.org"])])

    found = tried(client, changed | {"rule_id": rule["id"]})

    assert [(one["recipient"], one["sent_by_present_rules"]) for one in found["deliveries"]] == [
        ("bob@example.org", True),
        ("cid@example.org", False),
    ]
    assert [one["recipient"] for one in found["no_longer_sent"]] == ["ada@example.org"]
    assert (found["new_count"], found["no_longer_sent_count"]) == (1, 1)


def test_a_rule_beside_those_that_are_there_takes_nothing_away(client: Client) -> None:
    link = client.a_link()
    client.a_rule(link)
    client.book()

    found = tried(client, rule_body(link["id"]))

    assert [(one["recipient"], one["sent_by_present_rules"]) for one in found["deliveries"]] == [
        ("ada@example.org", True)
    ]
    assert (found["new_count"], found["no_longer_sent_count"]) == (0, 0)


def test_a_booking_of_which_the_past_is_not_known_says_since_when_it_is(client: Client) -> None:
    link, booking = client.a_link(), client.book()
    client.clock.advance(timedelta(hours=1))
    client.v2.patch(f"/bookings/{booking['id']}", {"name": "Eve Smith"})
    with client.app.store._database.transaction() as connection:
        connection.run("DELETE FROM booking_revisions WHERE revision = 0")

    [ada] = tried(client, rule_body(link["id"]))["deliveries"]

    assert (ada["due_at"], ada["history_since"]) == ("2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z")


def test_a_booking_made_before_there_was_a_history_is_known_as_it_is(client: Client) -> None:
    link, _ = client.a_link(), client.book()
    with client.app.store._database.transaction() as connection:
        connection.run("DELETE FROM booking_revisions")

    [ada] = tried(client, rule_body(link["id"]))["deliveries"]

    assert (ada["would_be_sent"], ada["history_since"]) == (True, None)


@pytest.mark.parametrize(
    ("window", "wrong"),
    [
        pytest.param({"from": "2026-12-01"}, "until", id="it ends when it begins"),
        pytest.param({"until": "2026-10-01"}, "until", id="it ends before it begins"),
        pytest.param({"until": "2027-11-03"}, "until", id="it is longer than a year"),
        pytest.param({"from": "last month"}, "from", id="its begin is no moment"),
        pytest.param({"from": None}, "from", id="it has no begin"),
        pytest.param({"until": None}, "until", id="it has no end"),
    ],
)
def test_a_window_is_refused_if(client: Client, window: Json, wrong: str) -> None:
    body = rule_body(client.a_link()["id"]) | NOVEMBER | window

    assert list(wrong_fields(client.v2.post("/automation-rules/dry-run", body))) == [wrong]


def test_a_year_is_the_longest_window(client: Client) -> None:
    tried(client, rule_body(client.a_link()["id"]) | {"until": "2027-11-02"})


def test_a_rule_that_could_not_be_saved_cannot_be_tried(client: Client) -> None:
    response = client.v2.post("/automation-rules/dry-run", rule_body("no-such-link") | NOVEMBER)
    assert list(wrong_fields(response)) == ["meeting_ids[0]"]

    body = rule_body(client.a_link()["id"], rule_id="nothere") | NOVEMBER
    assert refusal(client.v2.post("/automation-rules/dry-run", body), 404) == "there is no automation rule with this id"


def test_too_much_for_one_dry_run_is_refused_with_a_way_out(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    link = client.a_link()
    client.book()
    client.book(slot_start_time="17:30")
    body = rule_body(link["id"]) | NOVEMBER

    monkeypatch.setattr(replay, "MOST_IDS", 1)
    wrong = wrong_fields(client.v2.post("/automation-rules/dry-run", body))
    assert wrong == {"until": "more is planned than can be tried at once; choose a shorter time"}

    monkeypatch.setattr(past, "MOST_BOOKINGS", 1)
    wrong = wrong_fields(client.v2.post("/automation-rules/dry-run", body))
    assert wrong == {"until": "more than 1 bookings are concerned; choose a shorter time"}


def test_one_dry_run_is_made_at_a_time(client: Client) -> None:
    body = rule_body(client.a_link()["id"]) | NOVEMBER
    line = client.line

    with client.app.scratch.open():
        headers = [("Host", client.host), ("X-Api-Key", client.key), ("Content-Type", "application/json")]
        busy = line.call("POST", "/api/external/v2/automation-rules/dry-run", json.dumps(body).encode(), headers)

    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
    tried(client, body)


def test_a_key_needs_to_read_bookings_for_it(client: Client) -> None:
    body = rule_body(client.a_link()["id"]) | NOVEMBER

    refused = client.with_key("rules:write").v2.post("/automation-rules/dry-run", body)
    allowed = client.with_key("rules:write", "bookings:read").v2.post("/automation-rules/dry-run", body)

    assert refusal(refused, 403) == "this API key lacks the scope bookings:read"
    assert allowed.status_code == 200
