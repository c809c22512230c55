"""/automation-rules: made, listed, shown, deleted, and everything about a rule that cannot work."""

import re

import pytest

from tests.faces.client import Client, Json, an_action, made, refusal, rule_body, wrong_fields
from tocsin.domain.conditions import Field

EVENTS = [
    "marked_no_show",
    "booking_confirmed",
    "booking_rescheduled",
    "booking_cancelled",
    "before_meeting_starts",
    "after_meeting_ends",
    "meeting_outcome_changed",
]
OURS = ["invite_accepted", "invite_declined"]
NOBODY = "00000000-0000-4000-8000-0000deadbeef"


def seed(*meeting_ids: str) -> Json:
    """Return the example of the original text, word for word but for its ids and address."""
    return {
        "event": "booking_confirmed",
        "meeting_ids": list(meeting_ids),
        "actions": [
            {
                "type": "send_calendar_invite_to_anyone",
                "emails": ["someone@example.com"],
                "email_subject": "You have a meeting scheduled",
                "email_body": "<h3>Hello {{client.name}}</h3><p>You have been invited to a meeting scheduled by {{host.name}} "
                "which will start at {{client.starts_at}}</p>",
                "calendar_invite_subject": "Meeting with {{host.name}}",
                "calendar_invite_body": "<p>Meeting scheduled for {{client.starts_at}}. Join using: "
                "{{meeting.scheduling_url}}</p>",
            }
        ],
        "name": "Send calendar invite to guests",
    }


def test_v2_creates_the_rule_of_the_original_text_and_answers_exactly_that(client: Client) -> None:
    links = [client.a_link(slug=slug)["id"] for slug in ("one", "two")]

    response = client.v2.post("/automation-rules", seed(*links))

    assert response.status_code == 201
    rule_id = response.json()["workflow"]["id"]
    name = "Send calendar invite to guests"
    assert response.json() == {"workflow": {"id": rule_id, "name": name, "meeting_ids": links}}
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", rule_id)


def test_v1_creates_the_same_rule_and_answers_200(client: Client) -> None:
    link = client.a_link()["id"]

    response = client.v1.post("/automation_rules", seed(link))

    assert response.status_code == 200
    rule_id = response.json()["workflow"]["id"]
    name = "Send calendar invite to guests"
    assert response.json() == {"workflow": {"id": rule_id, "name": name, "meeting_ids": [link]}}


def test_the_rule_of_the_original_text_sends_what_it_says(client: Client) -> None:
    link = client.a_link()
    made(client.v2.post("/automation-rules", seed(link["id"])))

    client.book(name="Eve Jones", time_zone="Asia/Kathmandu")
    client.drain()

    (letter,) = client.letterbox.letters("someone@example.com")
    body = letter.get_body(("html",))
    assert body is not None
    assert letter["Subject"] == "You have a meeting scheduled"
    assert "<h3>Hello Eve Jones</h3>" in body.get_content()
    assert "(Asia/Kathmandu" in body.get_content()


@pytest.mark.parametrize("name", [None, "", "   "])
def test_a_rule_without_a_name_gets_one_with_nine_digits(client: Client, name: str | None) -> None:
    body = rule_body(client.a_link()["id"])
    if name is not None:
        body["name"] = name

    rule = made(client.v2.post("/automation-rules", body))["workflow"]

    assert re.fullmatch(r"New Rule - \d{9}", rule["name"])


def test_an_empty_listing_has_no_pages(client: Client) -> None:
    pagination = {"total_records": 0, "total_pages": 0, "current_page_number": 1, "page_size": 30}

    assert client.v2.get("/automation-rules").json() == {"workflows": [], "pagination": pagination}


def test_rules_are_listed_in_pages_the_newest_first_in_both_versions(client: Client) -> None:
    link = client.a_link()
    rules = []
    for number in range(3):
        client.clock.now += client.clock.now.resolution
        rules.append(client.a_rule(link, name=f"rule {number}"))

    first = client.v2.get("/automation-rules", page_size=2).json()
    second = client.v2.get("/automation-rules", page_size=2, page_number=2).json()

    assert first["workflows"] == [rules[2], rules[1]]
    assert second["workflows"] == [rules[0]]
    assert second["pagination"] == {"total_records": 3, "total_pages": 2, "current_page_number": 2, "page_size": 2}
    assert client.v1.get("/automation_rules", page_size=2).json() == first


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"page_size": 0}, "page_size"),
        ({"page_size": 101}, "page_size"),
        ({"page_size": "ten"}, "page_size"),
        ({"page_number": 0}, "page_number"),
        ({"page_number": -1}, "page_number"),
        ({"page_number": "1.5"}, "page_number"),
        ({"page_number": 10**9}, "page_number"),
        ({"page_number": "9" * 5000}, "page_number"),
    ],
)
def test_a_page_that_cannot_be_is_refused(client: Client, query: Json, field: str) -> None:
    assert list(wrong_fields(client.v2.get("/automation-rules", **query))) == [field]


def test_the_largest_page_has_a_hundred_entries(client: Client) -> None:
    assert client.v2.get("/automation-rules", page_size=100).json()["pagination"]["page_size"] == 100


def test_a_rule_is_shown_in_full_with_our_own_fields(client: Client) -> None:
    link = client.a_link()
    action = an_action(emails=["ada@example.org", "{{client.email}}", "{{ host.email }}"])
    body = rule_body(link["id"], event="before_meeting_starts", offset_minutes=45, name="Soon", actions=[action])
    rule = made(client.v2.post("/automation-rules", body))["workflow"]

    shown = client.v2.get(f"/automation-rules/{rule['id']}").json()

    assert shown == {
        "workflow": {
            "id": rule["id"],
            "name": "Soon",
            "meeting_ids": [link["id"]],
            "event": "before_meeting_starts",
            "actions": [
                action | {"emails": ["ada@example.org", "{{client.email}}", "{{host.email}}"], "keep_in_sync": False}
            ],
            "enabled": True,
            "offset_minutes": 45,
            "conditions": [],
            "revision": 1,
            "created_at": "2026-11-24T12:00:00Z",
            "updated_at": "2026-11-24T12:00:00Z",
        }
    }
    assert client.v1.get(f"/automation_rules/{rule['id']}").json() == shown


@pytest.mark.parametrize("version", [1, 2])
def test_a_deleted_rule_is_gone_and_answers_nothing(client: Client, version: int) -> None:
    rule = client.a_rule(client.a_link())
    face, path = (client.v1, "/automation_rules") if version == 1 else (client.v2, "/automation-rules")

    response = face.delete(f"{path}/{rule['id']}")

    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers
    assert refusal(face.get(f"{path}/{rule['id']}"), 404) == "there is no automation rule with this id"
    assert refusal(face.delete(f"{path}/{rule['id']}"), 404) == "there is no automation rule with this id"
    assert face.get(path).json()["workflows"] == []


def test_what_waits_of_a_deleted_rule_is_withdrawn(client: Client) -> None:
    rule = client.a_rule(client.a_link())
    client.book()

    client.v2.delete(f"/automation-rules/{rule['id']}")
    client.drain()

    assert client.letterbox.envelopes == []
    (delivery,) = client.v2.get("/deliveries", rule_id=rule["id"]).json()["deliveries"]
    assert (delivery["state"], delivery["reason"]) == ("cancelled", "the rule was deleted first")


def test_a_rule_that_is_off_stays_silent(client: Client) -> None:
    client.a_rule(client.a_link(), enabled=False)

    client.book()

    assert client.drain() == 0


def test_an_address_named_twice_gets_one_message(client: Client) -> None:
    action = an_action(emails=["ada@example.org", "Ada@example.org", "ada@EXAMPLE.org", "{{client.email}}"])
    rule = client.a_rule(client.a_link(), actions=[action])

    shown = client.v2.get(f"/automation-rules/{rule['id']}").json()["workflow"]
    client.book(email="ada@example.org")
    client.drain()

    assert shown["actions"][0]["emails"] == ["ada@example.org", "Ada@example.org", "{{client.email}}"]
    assert [envelope.recipient for envelope in client.letterbox.envelopes] == ["ada@example.org", "Ada@example.org"]


def test_a_link_named_twice_counts_once(client: Client) -> None:
    link = client.a_link()["id"]

    rule = made(client.v2.post("/automation-rules", rule_body(link, link)))["workflow"]

    assert rule["meeting_ids"] == [link]


def test_every_wrong_id_is_named_with_its_reason_together_with_the_other_wrong_fields(client: Client) -> None:
    link, template = client.a_link(), client.a_template()
    foreign = client.neighbour().a_link(slug="theirs")["id"]
    body = rule_body(link["id"], template["id"], foreign, NOBODY, link["sid"], event="booking_eaten")
    body["actions"] = [an_action(email_body="<script>alert(1)</script>", emails=["ada@example.org", "nobody"])]
    before = client.counts()

    found = wrong_fields(client.v2.post("/automation-rules", body))

    assert set(found) == {
        "event",
        "actions[0].email_body",
        "actions[0].emails[1]",
        *(f"meeting_ids[{number}]" for number in (1, 2, 3, 4)),
    }
    assert found["meeting_ids[1]"] == f"{template['id']} is a meeting template; give the id of a scheduling link"
    missing = "there is no scheduling link with the id {} in this workspace; GET /meetings lists them"
    assert found["meeting_ids[2]"] == missing.format(foreign)
    assert found["meeting_ids[3]"] == missing.format(NOBODY)
    assert found["meeting_ids[4]"] == f"{link['sid']} is a sid; give the scheduling link's id, a UUID"
    assert found["event"] == f"must be one of {', '.join([*EVENTS, *OURS])}"
    assert client.counts() == before


def test_wrong_ids_alone_are_named_in_one_answer_too(client: Client) -> None:
    link, template = client.a_link(), client.a_template()
    foreign = client.neighbour().a_link()["id"]

    response = client.v2.post("/automation-rules", rule_body(template["id"], foreign, link["sid"], link["id"]))

    assert list(wrong_fields(response)) == ["meeting_ids[0]", "meeting_ids[1]", "meeting_ids[2]"]


def test_a_deleted_link_cannot_be_in_a_rule(client: Client) -> None:
    link = client.a_link()
    client.v2.delete(f"/meetings/{link['sid']}")

    found = wrong_fields(client.v2.post("/automation-rules", rule_body(link["id"])))

    assert "there is no scheduling link" in found["meeting_ids[0]"]


def test_an_unknown_variable_is_named_where_it_stands_with_the_nearest_known_one(client: Client) -> None:
    action = an_action(email_body="<p>Hello {{client.nam}}</p>", calendar_invite_subject="{{Host Name}}")

    found = wrong_fields(client.v2.post("/automation-rules", rule_body(client.a_link()["id"], actions=[action])))

    assert found == {
        "actions[0].email_body": "unknown variable {{client.nam}}; did you mean {{client.name}}?",
        "actions[0].calendar_invite_subject": "unknown variable {{Host Name}}; did you mean {{host.name}}?",
    }


@pytest.mark.parametrize(
    ("html", "what"),
    [
        ("<p>x</p><script>alert(1)</script>", "<script> is not allowed (line 1, column 9)"),
        ("<p>\n<img src=x>", "<img> is not allowed (line 2, column 1)"),
        ('<p onclick="x">y</p>', "the attribute onclick of <p> is not allowed"),
        ('<a href="javascript:alert(1)">x</a>', "the address of this link is not allowed"),
        ("<!-- x -->", "comments and declarations"),
    ],
)
def test_html_that_is_not_allowed_is_named_with_its_place(client: Client, html: str, what: str) -> None:
    action = an_action(calendar_invite_body=html)

    found = wrong_fields(client.v2.post("/automation-rules", rule_body(client.a_link()["id"], actions=[action])))

    assert list(found) == ["actions[0].calendar_invite_body"]
    assert what in found["actions[0].calendar_invite_body"]


def test_an_unknown_field_is_refused_with_the_nearest_name(client: Client) -> None:
    body = rule_body(client.a_link()["id"], nmae="x", offset=5)
    body["actions"] = [an_action(subject="x")]

    found = wrong_fields(client.v2.post("/automation-rules", body))

    assert found["nmae"] == "is not a field here; did you mean name?"
    assert "is not a field here; did you mean" in found["actions[0].subject"]
    assert set(found) == {"nmae", "offset", "actions[0].subject"}


def test_an_empty_object_is_told_all_that_it_lacks(client: Client) -> None:
    found = wrong_fields(client.v2.post("/automation-rules", {}))

    assert found == dict.fromkeys(("event", "meeting_ids", "actions"), "is required")


def test_an_action_is_told_all_that_it_lacks(client: Client) -> None:
    body = rule_body(client.a_link()["id"], actions=[{"type": "send_email"}, an_action(emails=[])])

    found = wrong_fields(client.v2.post("/automation-rules", body))

    texts = ("email_subject", "email_body", "calendar_invite_subject", "calendar_invite_body")
    assert found == {
        "actions[0].type": "must be send_calendar_invite_to_anyone, or send_email or call_webhook on the routes that take them "
        "(docs/api.md)",
        **{f"actions[0].{name}": "is required" for name in ("emails", *texts)},
        "actions[1].emails": "must have at least 1 entries",
    }


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("nobody", "write one address, such as ana@example.com"),
        ("", "write one address, such as ana@example.com"),
        ("a@example.com, b@example.com", "write one address"),
        ("Ada <ada@example.org>", "write one address"),
        ("{{client.name}}", "of variables only {{client.email}}, {{host.email}}, {{guest.emails}} can be recipients"),
        ("x{{client.email}}", "write one address"),
        ("ada@example.org\r\nBcc: eve@example.net", "holds the control character U+000D"),
        ("ada@example.org>\u0000", "holds the control character U+0000"),
        (f"{'a' * 65}@example.org", "before the @"),
    ],
)
def test_a_recipient_that_cannot_be_is_named(client: Client, entry: str, what: str) -> None:
    body = rule_body(client.a_link()["id"], actions=[an_action(emails=["ada@example.org", entry])])

    found = wrong_fields(client.v2.post("/automation-rules", body))

    assert list(found) == ["actions[0].emails[1]"]
    assert what in found["actions[0].emails[1]"]


@pytest.mark.parametrize(
    ("field", "most", "fill"),
    [
        ("actions", 10, an_action()),
        ("meeting_ids", 200, "00000000-0000-4000-8000-000000000000"),
    ],
)
def test_lists_have_an_end(client: Client, field: str, most: int, fill: object) -> None:
    body = rule_body(client.a_link()["id"]) | {field: [fill] * (most + 1)}

    assert wrong_fields(client.v2.post("/automation-rules", body)) == {field: f"must have at most {most} entries"}


def test_an_action_has_at_most_fifty_recipients(client: Client) -> None:
    link = client.a_link()["id"]
    fifty = [f"guest{number}@example.org" for number in range(50)]

    found = client.v2.post("/automation-rules", rule_body(link, actions=[an_action(emails=[*fifty, "x@example.org"])]))

    assert wrong_fields(found) == {"actions[0].emails": "must have at most 50 entries"}
    made(client.v2.post("/automation-rules", rule_body(link, actions=[an_action(emails=fifty)])))


@pytest.mark.parametrize("event", ["before_meeting_starts", "after_meeting_ends"])
@pytest.mark.parametrize("minutes", [0, 525_600])
def test_a_timed_rule_takes_an_offset(client: Client, event: str, minutes: int) -> None:
    rule = client.a_rule(client.a_link(), event=event, offset_minutes=minutes)

    shown = client.v2.get(f"/automation-rules/{rule['id']}").json()["workflow"]

    assert shown["offset_minutes"] == minutes


@pytest.mark.parametrize(("event", "minutes"), [("before_meeting_starts", 30), ("after_meeting_ends", 0)])
def test_a_timed_rule_has_an_offset_of_its_own(client: Client, event: str, minutes: int) -> None:
    rule = client.a_rule(client.a_link(), event=event)

    assert client.v2.get(f"/automation-rules/{rule['id']}").json()["workflow"]["offset_minutes"] == minutes


def test_a_timed_rule_takes_several_offsets_each_once_the_longest_first(client: Client) -> None:
    rule = client.a_rule(client.a_link(), event="before_meeting_starts", offset_minutes=[10, 1440, 60, 10])
    client.book()

    shown = client.v2.get(f"/automation-rules/{rule['id']}").json()["workflow"]
    assert shown["offset_minutes"] == [1440, 60, 10]
    deliveries = client.v2.get("/deliveries").json()["deliveries"]
    assert sorted(one["due_at"] for one in deliveries) == [
        "2026-11-24T14:30:00Z",
        "2026-11-25T13:30:00Z",
        "2026-11-25T14:20:00Z",
    ]
    assert changed(client, rule, offset_minutes=60)["offset_minutes"] == 60
    due = [one["due_at"] for one in client.v2.get("/deliveries", state="scheduled").json()["deliveries"]]
    assert due == ["2026-11-25T13:30:00Z"]


@pytest.mark.parametrize("event", [event for event in EVENTS if "meeting_s" not in event and "ends" not in event])
def test_other_rules_take_no_offset(client: Client, event: str) -> None:
    body = rule_body(client.a_link()["id"], event=event)

    found = wrong_fields(client.v2.post("/automation-rules", body | {"offset_minutes": 30}))

    assert found == {"offset_minutes": "is only for before_meeting_starts and after_meeting_ends; leave it out"}
    assert made(client.v2.post("/automation-rules", body | {"offset_minutes": None}))


@pytest.mark.parametrize("minutes", [-1, 525_601, 1.5, "30", True, [], [5, -1], list(range(11)), [[5]]])
def test_an_offset_is_a_whole_number_of_minutes_up_to_a_year(client: Client, minutes: object) -> None:
    body = rule_body(client.a_link()["id"], event="before_meeting_starts", offset_minutes=minutes)

    assert list(wrong_fields(client.v2.post("/automation-rules", body))) == ["offset_minutes"]


def test_a_reminder_for_a_booking_that_was_there_first_is_planned(client: Client) -> None:
    link = client.a_link()
    booking = client.book()

    client.a_rule(link, event="before_meeting_starts", offset_minutes=60)

    (delivery,) = client.v2.get("/deliveries", booking_id=booking["id"]).json()["deliveries"]
    assert delivery["due_at"] == "2026-11-25T13:30:00Z"


def test_a_rule_can_keep_its_invites_in_sync_and_says_so(client: Client) -> None:
    link = client.a_link()["id"]

    rule = made(client.v2.post("/automation-rules", rule_body(link, actions=[an_action(keep_in_sync=True)])))

    shown = client.v2.get(f"/automation-rules/{rule['workflow']['id']}").json()["workflow"]
    assert [action["keep_in_sync"] for action in shown["actions"]] == [True]


def changed(client: Client, rule: Json, **changes: object) -> Json:
    response = client.v2.patch(f"/automation-rules/{rule['id']}", changes)
    assert response.status_code == 200, response.text
    found: Json = response.json()["workflow"]
    return found


def test_what_is_changed_of_a_rule_is_a_new_revision_and_all_else_stays(client: Client) -> None:
    rule = client.a_rule(client.a_link(), event="before_meeting_starts", offset_minutes=45)
    before = client.v2.get(f"/automation-rules/{rule['id']}").json()["workflow"]

    after = changed(client, rule, name="Another name", offset_minutes=None)

    assert after == before | {"name": "Another name", "revision": 2}
    assert client.v2.get(f"/automation-rules/{rule['id']}").json()["workflow"] == after


def test_a_change_that_changes_nothing_is_no_revision(client: Client) -> None:
    rule = client.a_rule(client.a_link())

    assert changed(client, rule, enabled=True)["revision"] == 1
    assert changed(client, rule)["revision"] == 1


def test_a_rule_gets_other_recipients_links_conditions_and_another_event(client: Client) -> None:
    rule = client.a_rule(client.a_link(), event="after_meeting_ends", offset_minutes=5)
    other = client.a_link(slug="other")
    condition = {"field": "invitation.rsvp", "operator": "is_for_nobody", "value": "accepted"}

    after = changed(
        client,
        rule,
        event="booking_confirmed",
        meeting_ids=[other["id"]],
        actions=[an_action(emails=["bob@example.org"])],
        conditions=[condition],
    )

    assert (after["event"], after["offset_minutes"], after["meeting_ids"]) == ("booking_confirmed", None, [other["id"]])
    assert (after["actions"][0]["emails"], after["conditions"]) == (["bob@example.org"], [condition])


def test_a_wrong_change_of_a_rule_is_refused_by_its_field_and_changes_nothing(client: Client) -> None:
    rule = client.a_rule(client.a_link())
    path = f"/automation-rules/{rule['id']}"

    found = wrong_fields(client.v2.patch(path, {"event": "booking_confrimed", "offset_minutes": 5, "colour": "red"}))
    assert set(found) == {"event", "colour"}
    assert wrong_fields(client.v2.patch(path, {"offset_minutes": 5})) == {
        "offset_minutes": "is only for before_meeting_starts and after_meeting_ends; leave it out"
    }
    assert set(wrong_fields(client.v2.patch(path, {"meeting_ids": ["unknown"]}))) == {"meeting_ids[0]"}
    condition = {"field": "weather", "operator": "is", "value": "accepted"}
    assert wrong_fields(client.v2.patch(path, {"conditions": [condition]})) == {
        "conditions[0].field": f"must be one of {', '.join(Field)}"
    }
    assert client.v2.get(path).json()["workflow"]["revision"] == 1
    assert refusal(client.v2.patch(f"/automation-rules/{NOBODY}", {"name": "x"}), 404)


def test_a_rule_whose_link_was_deleted_can_still_be_changed(client: Client) -> None:
    link = client.a_link()
    rule = client.a_rule(link)
    client.v2.delete(f"/meetings/{link['id']}")

    assert changed(client, rule, name="New")["meeting_ids"] == [link["id"]]


def test_a_rule_is_switched_off_and_on(client: Client) -> None:
    rule = client.a_rule(client.a_link())
    path = f"/automation-rules/{rule['id']}"

    off = client.v2.post(f"{path}/disable").json()["workflow"]
    client.book()
    assert client.v2.get("/deliveries").json()["deliveries"] == []
    on = client.v2.post(f"{path}/enable").json()["workflow"]
    again = client.v2.post(f"{path}/enable").json()["workflow"]

    assert [(one["enabled"], one["revision"]) for one in (off, on, again)] == [(False, 2), (True, 3), (True, 3)]


def test_a_rule_can_be_made_for_what_recipients_answer(client: Client) -> None:
    rule = client.a_rule(client.a_link(), event="invite_accepted")

    assert client.v2.get(f"/automation-rules/{rule['id']}").json()["workflow"]["event"] == "invite_accepted"
    found = wrong_fields(client.v2.patch(f"/automation-rules/{rule['id']}", {"event": "recipient_removed"}))
    assert found["event"].startswith("must be one of marked_no_show, ")
