"""/bookings/{id}/explain: why each rule did, or did not, write about a booking, and who holds what."""

from datetime import timedelta

import pytest

from tests.builders import MINUTE
from tests.faces.client import REFUSED, Client, Json, an_action, refusal

NO_RULE = "there is no automation rule with this id, and there was none"


def explained(client: Client, booking: Json, **query: object) -> Json:
    response = client.v2.get(f"/bookings/{booking['id']}/explain", **query)
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


def only_rule(client: Client, booking: Json, **query: object) -> Json:
    (only,) = explained(client, booking, **query)["rules"]
    found: Json = only
    return found


def failing(rule: Json) -> list[str]:
    return [one["sentence"] for one in rule["clauses"] if not one["holds"]]


def test_a_booking_explains_what_happened_which_rules_fired_and_who_holds_what(client: Client) -> None:
    link = client.a_link()
    fired = client.a_rule(link, actions=[an_action(emails=["ada@example.org"], keep_in_sync=True)])
    silent = client.a_rule(link, event="booking_cancelled", name="On cancel")
    booking = client.book()
    client.drain()

    why = explained(client, booking)

    assert [one["event"] for one in why["events"]] == ["booking_confirmed"]
    by_rule = {one["rule_id"]: one for one in why["rules"]}
    assert (by_rule[fired["id"]]["fired"], by_rule[silent["id"]]["fired"]) == (True, False)
    assert [one["recipient"] for one in by_rule[fired["id"]]["deliveries"]] == ["ada@example.org"]
    assert failing(by_rule[fired["id"]]) == []
    assert failing(by_rule[silent["id"]]) == ["booking_cancelled has not happened to this booking"]
    assert (why["other_rules_count"], why["deliveries_count"], why["recipient"]) == (0, 1, None)
    (held,) = why["invitations"]
    assert (held["recipient"], held["held_method"], held["rsvp"]) == ("ada@example.org", "REQUEST", "needs_action")
    assert [(one["rule_id"], one["keep_in_sync"]) for one in held["invited_by"]] == [(fired["id"], True)]


def test_a_clause_tells_as_data_what_is_wanted_and_what_was_so(client: Client) -> None:
    link = client.a_link()
    rule = client.a_rule(client.a_link(slug="other"), event="booking_cancelled")

    clauses = {one["name"]: one for one in only_rule(client, client.book(), rule_id=rule["id"])["clauses"]}

    assert (clauses["enabled"]["wanted"], clauses["enabled"]["found"]) == (["on"], ["on"])
    assert clauses["meeting_ids"]["wanted"] == rule["meeting_ids"]
    assert clauses["meeting_ids"]["found"] == [link["id"]]
    assert (clauses["event"]["wanted"], clauses["event"]["found"]) == (["booking_cancelled"], ["booking_confirmed"])


def test_a_delivery_that_somebody_paused_says_what_it_waits_for(client: Client) -> None:
    client.a_rule(client.a_link(), actions=[an_action(emails=["ada@example.org"])])
    booking = client.book()
    (delivery,) = only_rule(client, booking)["deliveries"]
    assert client.v2.post(f"/deliveries/{delivery['id']}/pause").status_code == 200

    (paused,) = only_rule(client, booking)["deliveries"]

    assert "waits until somebody resumes it" in str(paused)


def test_a_rule_that_is_gone_is_still_the_cause_of_what_it_sent(client: Client) -> None:
    rule = client.a_rule(client.a_link(), name="Invite Ada")
    booking = client.book()
    client.drain()
    client.v2.delete(f"/automation-rules/{rule['id']}")

    only = only_rule(client, booking)

    assert (only["rule_id"], only["name"], only["is_deleted"], only["fired"]) == (rule["id"], "Invite Ada", True, True)
    assert failing(only) == []


def test_a_rule_that_was_deleted_before_says_when(client: Client) -> None:
    rule = client.a_rule(client.a_link())
    client.v2.delete(f"/automation-rules/{rule['id']}")
    client.clock.advance(MINUTE)
    booking = client.book()

    assert explained(client, booking)["rules"] == []
    assert failing(only_rule(client, booking, rule_id=rule["id"])) == ["the rule was deleted at 2026-11-24 12:00 UTC"]


def test_a_rule_that_was_switched_off_says_since_when(client: Client) -> None:
    rule = client.a_rule(client.a_link())
    client.v2.post(f"/automation-rules/{rule['id']}/disable")

    only = only_rule(client, client.book())

    assert failing(only) == ["the rule is switched off since 2026-11-24 12:00 UTC"]


def test_a_rule_that_was_changed_since_answers_for_what_it_was_then(client: Client) -> None:
    rule = client.a_rule(client.a_link(), event="booking_cancelled")
    booking = client.book()
    client.clock.advance(MINUTE)
    client.v2.patch(f"/automation-rules/{rule['id']}", {"event": "booking_confirmed"})

    only = only_rule(client, booking)

    assert (only["rule_revision"], only["current_revision"], only["fired"]) == (1, 2, False)
    assert failing(only) == [
        (
            "booking_confirmed happened at 2026-11-24 12:00 UTC, but the rule was made for booking_cancelled then; that was "
            "changed at 2026-11-24 12:01 UTC"
        )
    ]
    assert [(one["event"], one["rule_revision"], one["fired"]) for one in only["occasions"]] == [
        ("booking_confirmed", 1, False)
    ]


def test_a_delivery_that_keeps_an_invite_true_is_told_from_one_that_a_rule_asked_for(client: Client) -> None:
    client.a_rule(client.a_link(), actions=[an_action(keep_in_sync=True)])
    booking = client.book()
    client.drain()
    client.v2.patch(f"/bookings/{booking['id']}", {"status": "cancelled"})

    rule = only_rule(client, booking)

    assert [(one["cause"], one["event"]) for one in rule["deliveries"]] == [
        ("rule_fired", "booking_confirmed"),
        ("keep_in_sync", "booking_cancelled"),
    ]
    assert "keeps the invite in sync" in rule["deliveries"][1]["clauses"][0]["sentence"]


def test_a_delivery_tells_why_this_address_got_it_and_what_the_server_said(client: Client) -> None:
    client.a_rule(client.a_link(), name="Welcome", actions=[an_action(emails=["{{client.email}}"])])
    booking = client.book()
    client.drain()

    (told,) = only_rule(client, booking)["deliveries"]

    assert [one["sentence"] for one in told["clauses"]] == [
        "the rule “Welcome” fired, as it was at revision 1",
        "booking_confirmed happened at 2026-11-24 12:00 UTC",
        "action 1 names {{client.email}}, which was eve@example.net",
    ]
    assert (told["email_entry"], told["event_occurred_at"]) == ("{{client.email}}", "2026-11-24T12:00:00Z")
    assert told["steps"][-1]["sentence"] == "sent at attempt 1; the server said: 250 2.0.0 taken"
    assert (told["last_attempt"]["code"], told["last_attempt"]["reply"]) == (250, "taken")
    assert (told["checks"], told["replaced_by"], told["rsvp"]) == ([], [], None)


def test_a_delivery_that_was_refused_tells_it_too(client: Client) -> None:
    client.a_rule(client.a_link())
    booking = client.book()
    client.letterbox.outcome = REFUSED
    client.drain()

    (told,) = only_rule(client, booking)["deliveries"]

    assert [one["name"] for one in told["steps"]] == ["planned", "attempt", "failed"]
    assert told["steps"][-1]["sentence"] == "ended as failed: nobody of that name"


def test_a_reminder_that_moved_names_the_one_that_was_planned_instead(client: Client) -> None:
    client.a_rule(client.a_link(), event="before_meeting_starts")
    booking = client.book()
    client.clock.advance(MINUTE)
    moved = client.v2.patch(f"/bookings/{booking['id']}", {"slot_date": "2026-11-26", "slot_start_time": "15:30"})
    assert moved.status_code == 200, moved.text

    former, newer = only_rule(client, booking)["deliveries"]

    assert (former["state"], former["replaced_by"]) == ("superseded", [newer["id"]])
    assert former["steps"][-1]["sentence"] == (
        "ended as superseded: the booking changed; planned anew; in its place before_meeting_starts at 2026-11-26 14:00 UTC"
    )


def test_what_waits_tells_what_will_be_asked_and_how_that_stands_now(client: Client) -> None:
    conditions = [{"field": "place.spot", "operator": "is", "value": "in_person"}]
    client.a_rule(client.a_link(spot="zoom"), event="before_meeting_starts", conditions=conditions)

    rule = only_rule(client, client.book())

    (waiting,) = rule["deliveries"]
    assert rule["checks"] == []
    assert [(one["name"], one["holds"]) for one in waiting["checks"]] == [
        ("conditions", False),
        ("suppression", True),
        ("sending", True),
    ]
    assert waiting["checks"][0]["sentence"] == (
        "the rule asks that place.spot is in_person, and it is not so: place.spot is zoom"
    )


def test_a_rule_that_planned_nothing_tells_what_it_would_ask(client: Client) -> None:
    accepted = {"field": "invitation.rsvp", "operator": "is", "value": "accepted"}
    emails = ["ada@example.org", "bob@example.org"]
    client.a_rule(client.a_link(), event="booking_cancelled", conditions=[accepted], actions=[an_action(emails=emails)])
    client.v2.post("/suppressions", {"recipient": "bob@example.org"})

    rule = only_rule(client, client.book())

    assert failing(rule) == ["booking_cancelled has not happened to this booking"]
    assert [(one["name"], one["holds"], one["sentence"].partition(":")[0]) for one in rule["checks"]] == [
        ("conditions", False, "of ada@example.org"),
        ("conditions", False, "of bob@example.org"),
        ("suppression", False, "bob@example.org"),
        ("sending", True, "the workspace's sending is not paused"),
    ]


@pytest.mark.parametrize(("person", "gets"), [("ada@example.org", True), ("bob@example.org", False)])
def test_one_person_is_answered_whether_a_rule_is_for_him(client: Client, person: str, gets: bool) -> None:
    emails = ["ada@example.org", "{{client.email}}"]
    client.a_rule(client.a_link(), actions=[an_action(emails=emails, keep_in_sync=True)])
    booking = client.book()
    client.drain()

    why = explained(client, booking, recipient=person)

    (rule,) = why["rules"]
    assert rule["fired"]
    assert failing(rule) == ([] if gets else ["the rule wrote to others, and not bob@example.org"])
    assert [one["recipient"] for one in rule["deliveries"]] == [person] * gets
    assert [one["recipient"] for one in why["invitations"]] == [person] * gets
    assert [one["name"] for one in rule["checks"]] == ([] if gets else ["suppression", "sending"])
    assert why["recipient"] == person


def test_an_address_is_asked_for_in_whatever_case_its_domain_is_written(client: Client) -> None:
    client.a_rule(client.a_link())

    why = explained(client, client.book(), recipient="ada@EXAMPLE.org")

    assert why["recipient"] == "ada@example.org"
    assert failing(why["rules"][0]) == []


def test_a_rule_of_another_link_is_asked_for_by_its_id(client: Client) -> None:
    client.a_rule(client.a_link())
    other = client.a_rule(client.a_link(slug="other"), name="Elsewhere")
    booking = client.book()

    assert explained(client, booking)["other_rules_count"] == 1
    rule = only_rule(client, booking, rule_id=other["id"])

    assert rule["name"] == "Elsewhere"
    assert failing(rule) == ["the booking's meeting is not among those of the rule"]


def test_a_rule_that_never_was_and_one_of_another_workspace_are_refused(client: Client) -> None:
    client.a_link()
    booking = client.book()
    globex = client.neighbour()
    theirs = globex.a_rule(globex.a_link())

    for rule_id in ("nothing", theirs["id"]):
        assert refusal(client.v2.get(f"/bookings/{booking['id']}/explain", rule_id=rule_id), 404) == NO_RULE


def test_a_booking_that_is_not_there_explains_nothing(client: Client) -> None:
    assert refusal(client.v2.get("/bookings/nothing/explain"), 404) == "there is no booking with this id"


def test_a_timed_rule_that_was_made_too_late_says_so(client: Client) -> None:
    link = client.a_link()
    booking = client.book()
    client.clock.advance(timedelta(days=3))
    client.a_rule(link, event="before_meeting_starts")

    [sentence] = failing(only_rule(client, booking))

    assert sentence == (
        "the rule is so since 2026-11-27 12:00 UTC (revision 1), after the start of the meeting at 2026-11-25 14:30 UTC; "
        "it concerns bookings to come"
    )
