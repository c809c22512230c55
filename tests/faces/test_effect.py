"""What a change of a rule will do to what is planned: asked by a program, and shown before somebody says yes on a page."""

import pytest

from tests.faces.client import Client, Json, an_action, made, refusal, rule_body, wrong_fields
from tests.faces.test_planned_pages import a_reminder
from tests.faces.test_signed_pages import text, told
from tests.faces.visitor import Visitor, signed_in

EFFECT = "/automation-rules/effect"


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin who is signed in."""
    return signed_in(client)


def effect(client: Client, body: Json) -> Json:
    response = client.v2.post(EFFECT, body)
    assert response.status_code == 200, response.text
    found: Json = response.json()["effect"]
    return found


def counts(found: Json) -> dict[str, int]:
    return {name: part["count"] for name, part in found.items() if isinstance(part, dict) and part["count"]}


def a_timed_body(client: Client, **fields: object) -> Json:
    (link,) = client.v2.get("/meetings").json()["meetings"]
    return rule_body(link["id"], event="before_meeting_starts", offset_minutes=60) | fields


def test_a_new_rule_adds_what_it_would_plan_and_nothing_is_kept(client: Client) -> None:
    client.a_link()
    booking = client.book()
    before = client.counts()

    found = effect(client, a_timed_body(client))

    assert counts(found) == {"added": 1}
    assert found["added"]["first"] == [
        {
            "booking_id": booking["id"],
            "rule_id": None,
            "event": "before_meeting_starts",
            "action_type": "send_calendar_invite_to_anyone",
            "recipient": "ada@example.org",
            "due_at": "2026-11-25T13:30:00Z",
            "was_due_at": None,
            "state": "scheduled",
        }
    ]
    assert (found["bookings_count"], found["is_whole"]) == (1, True)
    assert client.counts() == before


def test_a_change_moves_adds_and_withdraws(client: Client) -> None:
    rule = a_reminder(client, actions=[an_action(emails=["ada@example.org", "bob@example.org"])])
    client.book()

    def said(**fields: object) -> dict[str, int]:
        action = an_action(emails=["ada@example.org", "bob@example.org"])
        return counts(effect(client, a_timed_body(client, rule_id=rule["id"], actions=[action]) | fields))

    assert said() == {"staying": 2}
    assert said(offset_minutes=[60, 120]) == {"added": 2, "staying": 2}
    assert said(offset_minutes=90) == {"moved": 2}
    assert said(actions=[an_action()]) == {"staying": 1, "withdrawn": 1}
    assert said(enabled=False) == {"withdrawn": 2}


def test_who_is_taken_off_is_said_to_be_told(client: Client) -> None:
    both = an_action(emails=["ada@example.org", "bob@example.org"], keep_in_sync=True)
    rule = client.a_rule(client.a_link(), actions=[both])
    client.book()
    client.drain()
    (link,) = client.v2.get("/meetings").json()["meetings"]

    found = effect(client, rule_body(link["id"], rule_id=rule["id"], actions=[an_action(keep_in_sync=True)]))

    assert counts(found) == {"cancels": 1}
    assert found["cancels"]["first"][0]["recipient"] == "bob@example.org"


def test_more_than_ten_are_counted_and_ten_shown(client: Client) -> None:
    client.a_link()
    client.book()
    people = [f"p{number}@example.org" for number in range(12)]

    found = effect(client, a_timed_body(client, actions=[an_action(emails=people)]))

    assert found["added"]["count"] == 12
    assert len(found["added"]["first"]) == 10


def test_what_could_not_be_saved_has_no_effect_to_be_told(client: Client) -> None:
    link = client.a_link()
    client.book()

    refusal(client.v2.post(EFFECT, a_timed_body(client, rule_id="nothing")), 404)
    assert "meeting_ids[0]" in wrong_fields(client.v2.post(EFFECT, rule_body("nothing")))
    assert "actions" in wrong_fields(client.v2.post(EFFECT, rule_body(link["id"], actions=[])))
    neighbour = client.neighbour()
    theirs = neighbour.a_rule(neighbour.a_link())
    refusal(client.v2.post(EFFECT, a_timed_body(client, rule_id=theirs["id"])), 404)


def test_a_key_must_be_allowed_to_write_rules_and_read_bookings(client: Client) -> None:
    client.a_link()

    for scopes in (["rules:write"], ["bookings:read", "rules:read"]):
        refusal(client.with_key(*scopes).v2.post(EFFECT, a_timed_body(client)), 403)
    assert client.with_key("rules:write", "bookings:read").v2.post(EFFECT, a_timed_body(client)).status_code == 200


# The pages


def test_switching_off_shows_what_is_withdrawn_before_it_is(ann: Visitor) -> None:
    rule = a_reminder(ann.client)
    ann.client.book()
    path = f"/rules/{rule['id']}"
    assert f'href="{path}/switch?on=no"' in ann.get(path).text

    page = text(ann, f"{path}/switch?on=no")

    assert "Switch it off?" in page
    assert "1 delivery will be withdrawn" in page
    assert "ada@example.org" in page
    assert "1 booking was looked at." in page
    assert ann.client.v2.get("/deliveries").json()["deliveries"][0]["state"] == "scheduled"
    assert "The rule is off" in told(ann, f"{path}/switch", {"on": "no"})
    assert ann.client.v2.get("/deliveries").json()["deliveries"][0]["state"] == "cancelled"
    page = text(ann, f"{path}/switch?on=yes")
    assert "1 delivery will be added" in page


def test_undoing_shows_what_moves(ann: Visitor) -> None:
    rule = a_reminder(ann.client)
    ann.client.book()
    ann.client.v2.patch(f"/automation-rules/{rule['id']}", {"offset_minutes": [120]})
    path = f"/rules/{rule['id']}"
    assert f'href="{path}/undo?revision=1"' in ann.get(path).text

    page = text(ann, f"{path}/undo?revision=1")

    assert "Make it revision 1 again?" in page
    assert "1 delivery will move" in page
    assert "25 Nov 2026, 14:30 was 25 Nov 2026, 13:30" in page
    assert "as it was then" in told(ann, f"{path}/undo", {"revision": "1"})


def test_a_revision_that_there_is_not_has_no_effect(ann: Visitor) -> None:
    path = f"/rules/{a_reminder(ann.client)['id']}"

    response = ann.get(f"{path}/undo?revision=9")

    assert response.status_code == 422
    assert "must be a revision of this rule" in response.text


def test_deleting_shows_what_goes_and_then_deletes(ann: Visitor) -> None:
    rule = a_reminder(ann.client)
    ann.client.book()
    path = f"/rules/{rule['id']}"

    page = text(ann, f"{path}/delete")
    assert "Delete the rule?" in page
    assert "1 delivery will be withdrawn" in page
    assert "The rule is deleted" in told(ann, f"{path}/delete")

    assert ann.get(path).status_code == 404


def test_what_changes_nothing_says_so(ann: Visitor) -> None:
    rule = ann.client.a_rule(ann.client.a_link())
    ann.client.book()
    ann.client.drain()

    page = text(ann, f"/rules/{rule['id']}/switch?on=no")

    assert "Nothing that is planned changes." in page
    assert "Conditions, opt-outs and limits are asked when each message is sent." in page


def test_a_viewer_is_not_asked(client: Client) -> None:
    vic = signed_in(client, role="viewer")
    rule = a_reminder(client)
    path = f"/rules/{rule['id']}"
    vic.get("/rules")

    for page in ("switch?on=no", "undo?revision=1", "delete"):
        assert vic.get(f"{path}/{page}").status_code == 403
    assert vic.post(f"{path}/delete").status_code == 403
    assert made(client.v2.post(f"/automation-rules/{rule['id']}/disable"))
