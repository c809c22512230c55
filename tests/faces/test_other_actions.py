"""Actions beside the original's: on our own routes they are taken, shown, tried, and told what is wrong with them."""

import json
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.faces.client import Client, Json, an_action, connected, made, rule_body, wrong_fields
from tocsin.formats.opened import opened
from tocsin.mail.capture import CaptureMailer
from tocsin.storage.store import SqlStore
from tocsin.workers.callers import drain_calls

MAIL: Json = {
    "type": "send_email",
    "emails": ["ada@example.org", "{{client.email}}"],
    "email_subject": "News of {{meeting.name}}",
    "email_body": "<p>Hello {{client.name}}</p>",
}
CALL: Json = {"type": "call_webhook", "url": "https://hooks.example.org/bookings"}
FULL = "/automation-rules/full"


def body_with(client: Client, *actions: Json, **fields: object) -> Json:
    return rule_body(client.a_link()["id"], actions=list(actions), **fields)


def test_a_rule_with_each_action_is_made_shown_and_changed(client: Client) -> None:
    body = body_with(client, an_action(), MAIL, CALL)

    rule = made(client.v2.post(FULL, body))["workflow"]
    shown = client.v2.get(f"/automation-rules/{rule['id']}").json()["workflow"]
    changed = client.v2.patch(f"/automation-rules/{rule['id']}", {"actions": [CALL]}).json()["workflow"]

    assert rule == shown
    assert shown["actions"] == [an_action() | {"keep_in_sync": False}, MAIL, CALL]
    assert (changed["actions"], changed["revision"]) == ([CALL], 2)
    named = client.v2.patch(f"/automation-rules/{rule['id']}", {"name": "calls"}).json()["workflow"]
    assert (named["name"], named["actions"]) == ("calls", [CALL])


@pytest.mark.parametrize("action", [MAIL, CALL], ids=["mail", "call"])
def test_where_the_original_makes_rules_its_own_action_alone_is_taken(client: Client, action: Json) -> None:
    body = body_with(client, action)
    for answer in (client.v1.post("/automation_rules", body), client.v2.post("/automation-rules", body)):
        found = wrong_fields(answer)

        assert found["actions[0].type"].startswith("must be send_calendar_invite_to_anyone")
        assert "docs/api.md" in found["actions[0].type"]


def test_a_mail_and_a_call_are_planned_and_told_in_the_log(client: Client) -> None:
    body = body_with(client, MAIL, CALL)
    client.v2.post(FULL, body)
    client.book()

    client.drain()
    drain_calls(client.app.sender, CaptureMailer)

    log = {one["recipient"]: one for one in client.v2.get("/deliveries").json()["deliveries"]}
    assert {one["action_type"] for one in log.values()} == {"send_email", "call_webhook"}
    assert {one["state"] for one in log.values()} == {"sent"}
    call = log[CALL["url"]]
    body_sent = client.v2.get(f"/deliveries/{call['id']}/message")
    assert body_sent.headers["content-type"] == "application/json"
    assert body_sent.json()["data"]["delivery_id"] == call["id"]
    mail = client.v2.get(f"/deliveries/{log['ada@example.org']['id']}/message")
    assert opened(mail.content).subject == "News of Introduction"


def test_a_preview_shows_a_mail_without_a_calendar_and_the_body_of_a_call(client: Client) -> None:
    body = body_with(client, MAIL, CALL)

    found = client.v2.post("/automation-rules/preview", body).json()["preview"]

    mail, _, call = found["deliveries"]
    assert (mail["action_type"], mail["subject"], mail["calendar"]) == ("send_email", "News of Introduction", None)
    assert "Hello Alex Example" in mail["html"]
    assert (call["recipient"], call["html"], call["calendar"]) == (CALL["url"], None, None)
    assert json.loads(call["message"])["data"]["booking"]["client"]["name"] == "Alex Example"


def test_the_mailbox_shows_mails_and_calls(client: Client) -> None:
    client.v2.post(FULL, body_with(client, MAIL, CALL))
    client.book()
    client.drain()
    drain_calls(client.app.sender, CaptureMailer)

    listing = client.root.get("/mailbox").text
    log = {one["recipient"]: one["id"] for one in client.v2.get("/deliveries").json()["deliveries"]}
    mail, call = (client.root.get(f"/mailbox/{log[to]}").text for to in ("ada@example.org", CALL["url"]))

    assert CALL["url"] in listing
    assert "invite.ics" not in mail
    assert "message.eml" in mail
    assert "delivery_id" in call
    assert "iframe" not in call


def test_a_secret_is_made_shown_once_and_told_apart_by_url(client: Client) -> None:
    first = made(client.v2.post("/webhook-secrets", {"url": CALL["url"]}))["webhook_secret"]
    second = made(client.v2.post("/webhook-secrets", {"url": CALL["url"]}))["webhook_secret"]
    other = made(client.v2.post("/webhook-secrets", {"url": f"{CALL['url']}/2"}))["webhook_secret"]

    assert len({first["secret"], second["secret"], other["secret"]}) == 3
    assert first["secret"].startswith("whsec_")
    assert Webhook(first["secret"])
    assert first["former_until"] == "2026-11-25T12:00:00Z"


def test_a_secret_is_not_kept_for_whoever_repeats_the_request(client: Client) -> None:
    answer = client.v2.send("POST", "/webhook-secrets", {"url": CALL["url"]}, headers={"Idempotency-Key": "k"})

    assert answer.status_code == 201
    assert client.counts()["answers"] == 0


def test_an_unknown_type_is_told_which_there_are(client: Client) -> None:
    found = wrong_fields(client.v2.post(FULL, body_with(client, {"type": "send_sms"})))

    assert "send_email or call_webhook" in found["actions[0].type"]


@pytest.mark.parametrize("name", ["=", "=ActionIn", "=SendEmailIn"])
def test_a_field_that_is_named_like_a_tag_of_ours_is_told_as_any_other(client: Client, name: str) -> None:
    body = body_with(client, MAIL)

    for path, sent in ((FULL, body | {name: 1}), ("/webhook-secrets", {"url": CALL["url"], name: 1})):
        assert wrong_fields(client.v2.post(path, sent))[name].startswith("is not a field here")
    inside = wrong_fields(client.v2.post(FULL, body | {"actions": [MAIL | {name: 1}]}))
    assert inside[f"actions[0].{name}"].startswith("is not a field here")


@pytest.mark.parametrize("sent", ["x", 7, [], None], ids=str)
def test_an_action_that_is_no_object_is_told_so(client: Client, sent: Any) -> None:
    found = wrong_fields(client.v2.post(FULL, body_with(client, MAIL) | {"actions": [MAIL, sent]}))

    assert found == {"actions[1]": "must be an object"}


def test_each_wrong_field_of_an_action_is_named_with_what_would_be_right(client: Client) -> None:
    actions = [
        MAIL | {"emails": ["ada@example.org", "nobody"], "email_body": "<script>x</script>"},
        MAIL | {"calendar_invite_subject": "x"},
        CALL | {"url": "http://hooks.example.org/x"},
        CALL | {"emails": ["ada@example.org"]},
        {"type": "call_webhook"},
    ]

    found = wrong_fields(client.v2.post(FULL, body_with(client, *actions)))

    assert "write one address" in found["actions[0].emails[1]"]
    assert "script" in found["actions[0].email_body"]
    assert found["actions[1].calendar_invite_subject"].startswith("is not a field here; did you mean email_subject")
    assert found["actions[2].url"] == "must begin with https://"
    assert found["actions[3].emails"].startswith("is not a field here")
    assert found["actions[4].url"] == "is required"


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("https://10.0.0.1/x", "must name a public host"),
        ("https://localhost/x", "must name a public host"),
        ("https://hooks.example.org:8443/x", "must be on port 443"),
        ("https://ada@hooks.example.org/x", "is not the URL of a webhook"),
        ("https://hooks.example.org/#x", "is not the URL of a webhook"),
        ("https://hooks.example.org/a b", "is not the URL of a webhook"),
        ("https://bücher.example/x", "is not the URL of a webhook"),
        ("https://hooks.example.org/" + "x" * 2000, "is longer than 2000 characters"),
        ("hooks", "is not the URL of a webhook"),
        ("", "is not the URL of a webhook"),
    ],
)
def test_a_url_that_may_not_be_called_is_refused_when_the_rule_is_saved(client: Client, url: str, right: str) -> None:
    body = body_with(client, CALL | {"url": url})
    before = client.counts()

    for path in (FULL, "/automation-rules/preview"):
        assert right in wrong_fields(client.v2.post(path, body))["actions[0].url"]
    assert right in wrong_fields(client.v2.post("/webhook-secrets", {"url": url}))["url"]
    assert client.counts() == before


def test_what_an_operator_opened_is_accepted(sqlite_store: SqlStore) -> None:
    with connected(sqlite_store, TOCSIN_WEBHOOK_ALLOW="http://n8n.internal:5678, https://10.0.0.5") as opening:
        body = body_with(opening, CALL | {"url": "http://n8n.internal:5678/hook"})

        rule = made(opening.v2.post(FULL, body))["workflow"]
        patched = opening.v2.patch(f"/automation-rules/{rule['id']}", {"name": "still"})

        assert patched.status_code == 200
