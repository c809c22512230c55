"""/automation-rules/{id}/revisions and /undo: who changed what of a rule and when, and back again."""

from datetime import timedelta

from tests.faces.client import Client, Json, an_action, refusal, wrong_fields


def revisions(client: Client, rule: Json) -> list[Json]:
    response = client.v2.get(f"/automation-rules/{rule['id']}/revisions")
    assert response.status_code == 200, response.text
    found: list[Json] = response.json()["revisions"]
    return found


def whole(client: Client, rule: Json) -> Json:
    found: Json = client.v2.get(f"/automation-rules/{rule['id']}").json()["workflow"]
    return found


def changed(client: Client, rule: Json, **fields: object) -> Json:
    response = client.v2.patch(f"/automation-rules/{rule['id']}", fields)
    assert response.status_code == 200, response.text
    found: Json = response.json()["workflow"]
    return found


def undone(client: Client, rule: Json, **query: object) -> Json:
    response = client.v2.post(f"/automation-rules/{rule['id']}/undo", **query)
    assert response.status_code == 200, response.text
    found: Json = response.json()["workflow"]
    return found


def test_each_change_says_who_made_it_when_and_what_it_was(client: Client) -> None:
    rule = client.a_rule(client.a_link())
    client.clock.advance(timedelta(minutes=1))
    changed(client, rule, name="Another", actions=[an_action(emails=["bob@example.org"])])
    client.v2.post(f"/automation-rules/{rule['id']}/disable")

    off, other, first = revisions(client, rule)

    assert [one["revision"] for one in (off, other, first)] == [3, 2, 1]
    assert [one["changed"] for one in (off, other, first)] == [["enabled"], ["actions", "name"], []]
    assert {one["made_by"] for one in (off, other, first)} == {"API key all"}
    assert first["made_at"] < other["made_at"]
    assert off["workflow"] == whole(client, rule)
    assert first["workflow"]["actions"][0]["emails"] == ["ada@example.org"]


def test_a_change_is_undone_as_another_change(client: Client) -> None:
    link, other = client.a_link(), client.a_link(slug="other")
    rule = client.a_rule(link, event="before_meeting_starts", offset_minutes=60)
    before = whole(client, rule)
    condition = {"field": "client.is_new", "operator": "is", "value": True}
    changed(client, rule, event="booking_confirmed", meeting_ids=[other["id"]], conditions=[condition], enabled=False)

    after = undone(client, rule)

    assert after == before | {"revision": 3, "updated_at": after["updated_at"]}
    assert undone(client, rule)["conditions"] == [condition]


def test_a_rule_goes_back_to_any_revision_and_its_reminders_are_planned_anew(client: Client) -> None:
    rule = client.a_rule(client.a_link(), event="before_meeting_starts", offset_minutes=60)
    client.book()
    changed(client, rule, offset_minutes=30)
    changed(client, rule, name="Another")

    assert undone(client, rule, revision=1)["offset_minutes"] == 60

    deliveries = client.v2.get("/deliveries", state="scheduled").json()["deliveries"]
    assert [(one["rule_revision"], one["due_at"]) for one in deliveries] == [(4, "2026-11-25T13:30:00Z")]


def test_what_was_never_changed_cannot_be_undone(client: Client) -> None:
    rule = client.a_rule(client.a_link())

    refused = client.v2.post(f"/automation-rules/{rule['id']}/undo")

    assert refusal(refused, 409) == "the rule was never changed, so there is nothing to undo"


def test_a_revision_that_never_was_is_refused_with_those_that_were(client: Client) -> None:
    rule = client.a_rule(client.a_link())
    changed(client, rule, name="Another")
    path = f"/automation-rules/{rule['id']}/undo"

    assert wrong_fields(client.v2.post(path, revision=7)) == {
        "revision": "must be a revision of this rule, from 1 to 2"
    }
    assert wrong_fields(client.v2.post(path, revision=0)) == {"revision": "must be at least 1"}
    assert whole(client, rule)["revision"] == 2


def test_to_go_back_to_what_a_rule_is_changes_nothing(client: Client) -> None:
    rule = client.a_rule(client.a_link())
    changed(client, rule, name="Another")

    assert undone(client, rule, revision=2)["revision"] == 2


def test_a_link_that_is_gone_meanwhile_keeps_a_change_from_being_undone(client: Client) -> None:
    link, other = client.a_link(), client.a_link(slug="other")
    rule = client.a_rule(link)
    changed(client, rule, meeting_ids=[other["id"]])
    client.v2.delete(f"/meetings/{link['id']}")

    refused = wrong_fields(client.v2.post(f"/automation-rules/{rule['id']}/undo"))

    assert list(refused) == ["meeting_ids[0]"]


def test_a_revision_that_an_older_version_made_is_shown_without_what_it_did_not_keep(client: Client) -> None:
    rule = client.a_rule(client.a_link())
    changed(client, rule, name="Another")
    with client.app.store._database.transaction() as connection:
        connection.run(
            "UPDATE rule_revisions SET name = NULL, event = NULL, enabled = NULL, link_ids = NULL WHERE revision = 1"
        )

    assert revisions(client, rule)[1]["workflow"] is None
    assert "change the rule by hand" in refusal(client.v2.post(f"/automation-rules/{rule['id']}/undo"), 409)


def test_an_unknown_rule_has_no_revisions(client: Client) -> None:
    path = "/automation-rules/00000000-0000-4000-8000-0000deadbeef"

    assert refusal(client.v2.get(f"{path}/revisions"), 404)
    assert refusal(client.v2.post(f"{path}/undo"), 404)
