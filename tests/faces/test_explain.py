"""/bookings/{id}/explain: why each rule did, or did not, write about a booking, and who holds what."""

from tests.faces.client import Client, Json, an_action, refusal

GONE = [{"name": "deleted", "holds": False, "sentence": "the rule was deleted since; what it sent stays"}]


def explained(client: Client, booking: Json) -> Json:
    response = client.v2.get(f"/bookings/{booking['id']}/explain")
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


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
    assert [one["sentence"] for one in by_rule[silent["id"]]["clauses"] if not one["holds"]] == [
        "booking_cancelled has not happened to this booking"
    ]
    (held,) = why["invitations"]
    assert (held["recipient"], held["held_method"], held["rsvp"]) == ("ada@example.org", "REQUEST", "needs_action")
    assert [(one["rule_id"], one["keep_in_sync"]) for one in held["invited_by"]] == [(fired["id"], True)]


def test_a_rule_that_is_gone_is_still_the_cause_of_what_it_sent(client: Client) -> None:
    rule = client.a_rule(client.a_link())
    booking = client.book()
    client.drain()
    client.v2.delete(f"/automation-rules/{rule['id']}")

    (only,) = explained(client, booking)["rules"]

    assert (only["rule_id"], only["name"], only["clauses"], only["fired"]) == (rule["id"], None, GONE, True)


def test_a_rule_that_was_switched_off_says_so(client: Client) -> None:
    rule = client.a_rule(client.a_link())
    client.v2.post(f"/automation-rules/{rule['id']}/disable")

    (only,) = explained(client, client.book())["rules"]

    assert [one["sentence"] for one in only["clauses"] if not one["holds"]] == ["the rule is switched off"]


def test_a_delivery_that_keeps_an_invite_true_is_told_from_one_that_a_rule_asked_for(client: Client) -> None:
    client.a_rule(client.a_link(), actions=[an_action(keep_in_sync=True)])
    booking = client.book()
    client.drain()
    client.v2.patch(f"/bookings/{booking['id']}", {"status": "cancelled"})

    (rule,) = explained(client, booking)["rules"]

    assert [(one["cause"], one["event"]) for one in rule["deliveries"]] == [
        ("rule_fired", "booking_confirmed"),
        ("keep_in_sync", "booking_cancelled"),
    ]


def test_a_booking_that_is_not_there_explains_nothing(client: Client) -> None:
    assert refusal(client.v2.get("/bookings/nothing/explain"), 404) == "there is no booking with this id"
