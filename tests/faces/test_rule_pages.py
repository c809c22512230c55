"""The pages of rules: what each says it does, what it would send, what it was, and the switches that are turned there."""

import pytest

from tests.faces.client import Client, an_action, made, rule_body
from tests.faces.test_other_actions import CALL, FULL, MAIL
from tests.faces.test_signed_pages import text, told
from tests.faces.visitor import Visitor, signed_in


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin who is signed in."""
    return signed_in(client)


def a_rule(ann: Visitor, **fields: object) -> str:
    """Make a rule with each sort of action; return its id."""
    actions = [an_action(keep_in_sync=True), MAIL, CALL]
    body = rule_body(ann.client.a_link()["id"], **{"name": "Tell all", "actions": actions, **fields})
    rule_id: str = made(ann.client.v2.post(FULL, body))["workflow"]["id"]
    return rule_id


def test_an_empty_list_says_what_to_do(ann: Visitor) -> None:
    assert "No rule yet" in text(ann, "/rules")


@pytest.mark.parametrize(
    ("event", "offsets", "sentence"),
    [
        ("booking_confirmed", None, "When a booking of Introduction is confirmed"),
        ("before_meeting_starts", [1440, 60, 10], "When a booking of Introduction starts in 1 day, 1 hour, 10 minutes"),
        ("after_meeting_ends", [0], "When a booking of Introduction has been over for 0 minutes"),
        ("after_meeting_ends", [90], "When a booking of Introduction has been over for 90 minutes"),
    ],
)
def test_a_rule_says_in_a_sentence_when_it_fires(
    ann: Visitor, event: str, offsets: list[int] | None, sentence: str
) -> None:
    timed = {} if offsets is None else {"offset_minutes": offsets}
    rule_id = a_rule(ann, event=event, **timed)

    assert sentence in text(ann, "/rules")
    page = text(ann, f"/rules/{rule_id}")
    assert sentence in page
    assert "send calendar invite to anyone kept in sync" in page
    assert "ada@example.org, {{client.email}}" in page
    assert CALL["url"] in page
    assert "None: it writes whenever it fires." in page


def test_conditions_stand_in_words(ann: Visitor) -> None:
    domain = {"field": "client.domain", "operator": "is", "value": "example.org"}
    days = {"field": "booking.weekday", "operator": "is_none_of", "value": ["saturday", "sunday"]}
    rule_id = a_rule(ann, conditions=[domain, {"any": [days, domain]}])

    page = text(ann, f"/rules/{rule_id}")

    assert "the domain of the client's address is example.org" in page
    assert (
        "the day of the week is none of saturday, sunday, or the domain of the client's address is example.org" in page
    )


def test_a_mail_stands_as_people_read_it(ann: Visitor) -> None:
    rule_id = a_rule(ann, actions=[an_action(email_body="<p>Hello <strong>{{client.name}}</strong></p><p>Bye</p>")])

    page = text(ann, f"/rules/{rule_id}")

    assert "Hello {{client.name}}" in page
    assert "<strong>" not in page


def test_what_a_rule_would_send_is_shown_and_nothing_is_kept(ann: Visitor) -> None:
    rule_id = a_rule(ann)
    ann.get("/rules")
    before = ann.client.counts()

    page = ann.get(f"/rules/{rule_id}/try")

    assert page.status_code == 200
    assert "You have a meeting scheduled" in page.text
    assert "Hello Alex Example" in page.text
    assert page.text.count("<iframe") == 3
    assert "delivery_id" in page.text
    assert ann.client.counts() == before


def test_a_rule_is_switched_and_made_what_it_was(ann: Visitor) -> None:
    rule_id = a_rule(ann)
    path = f"/rules/{rule_id}"
    ann.get(path)

    assert "The rule is off" in told(ann, f"{path}/switch", {"on": "no"})
    assert ann.client.v2.get(f"/automation-rules/{rule_id}").json()["workflow"]["enabled"] is False
    page = text(ann, path)
    assert "Revision 2" in page
    assert "by ann@example.com" in page
    assert "On or off on off" in page

    assert "The rule is again as it was then" in told(ann, f"{path}/undo", {"revision": "1"})
    assert ann.client.v2.get(f"/automation-rules/{rule_id}").json()["workflow"]["enabled"] is True
    assert "The rule is on." in told(ann, f"{path}/switch", {"on": "yes"})


def test_a_revision_that_there_is_not_is_told(ann: Visitor) -> None:
    path = f"/rules/{a_rule(ann)}"
    ann.get(path)

    response = ann.post(f"{path}/undo", {"revision": "9"})

    assert response.status_code == 422
    assert "must be a revision of this rule" in response.text


def test_a_viewer_sees_no_buttons(client: Client) -> None:
    vic = signed_in(client, role="viewer")
    path = f"/rules/{a_rule(vic)}"

    assert "Switch off" not in text(vic, path)
    assert vic.post(f"{path}/switch", {"on": "no"}).status_code == 403


def test_a_rule_of_another_workspace_is_not_there(ann: Visitor) -> None:
    neighbour = ann.client.neighbour()
    link = neighbour.a_link()
    rule_id = neighbour.a_rule(link)["id"]

    for path in (f"/rules/{rule_id}", f"/rules/{rule_id}/try"):
        assert ann.get(path).status_code == 404
