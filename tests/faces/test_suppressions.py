"""/suppressions: who gets no more messages."""

from typing import Any

import pytest

from tests.builders import HOUR
from tests.faces.client import Client, Json, an_action, made, part, refusal, wrong_fields
from tocsin.services import administration

ADA = "ada@example.org"


def add(client: Client, recipient: str = ADA, **fields: object) -> Json:
    return part(made(client.v2.post("/suppressions", {"recipient": recipient} | fields)), "suppression")


def listed(client: Client, **query: object) -> list[Json]:
    found: list[Json] = client.v2.get("/suppressions", **query).json()["suppressions"]
    return found


@pytest.fixture
def rule(client: Client) -> Json:
    """Give a rule that writes to Ada, and a booking of which she was to be told."""
    found = client.a_rule(client.a_link(), event="before_meeting_starts")
    client.book()
    return found


@pytest.mark.parametrize("version", [1, 2])
def test_an_address_is_put_on_the_list_and_listed(client: Client, version: int) -> None:
    face = client.v1 if version == 1 else client.v2

    response = face.post("/suppressions", {"recipient": "Ada@EXAMPLE.org", "note": "asked by\ntelephone"})

    assert response.status_code == (200 if version == 1 else 201)
    entry = response.json()["suppression"]
    assert entry == {
        "recipient": "Ada@example.org",
        "rule_id": None,
        "reason": "by_hand",
        "since_at": "2026-11-24T12:00:00Z",
        "note": "asked by\ntelephone",
    }
    assert listed(client) == [entry]
    assert listed(client, recipient="ADA@example.org") == [entry]
    assert listed(client, recipient="bob@example.org") == []


def test_the_list_comes_in_pages_the_newest_first(client: Client) -> None:
    for number in range(3):
        client.clock.advance(HOUR)
        add(client, f"p{number}@example.org")

    body = client.v2.get("/suppressions", page_size=2).json()

    assert [one["recipient"] for one in body["suppressions"]] == ["p2@example.org", "p1@example.org"]
    assert body["pagination"] == {"total_records": 3, "total_pages": 2, "current_page_number": 1, "page_size": 2}


def test_what_waits_ends_and_nothing_more_leaves(client: Client, rule: Json) -> None:
    add(client)

    (delivery,) = client.v2.get("/deliveries", rule_id=rule["id"]).json()["deliveries"]
    assert delivery["state"] == "suppressed"
    assert delivery["reason"] == (
        "the recipient was put on the suppression list of this workspace by hand on 2026-11-24"
    )
    client.book(slot_start_time="17:30")
    client.clock.advance(30 * HOUR)
    client.drain()
    assert client.letterbox.letters(ADA) == []


def test_an_entry_may_be_for_one_rule(client: Client, rule: Json) -> None:
    other = client.a_rule(client.a_link(slug="other", name="Other"), actions=[an_action()])

    entry = add(client, rule_id=other["id"])

    assert entry["rule_id"] == other["id"]
    (delivery,) = client.v2.get("/deliveries", rule_id=rule["id"]).json()["deliveries"]
    assert delivery["state"] == "scheduled"


@pytest.mark.parametrize("spelled", ["ada@example.org", "ADA%40Example.ORG"])
def test_an_address_is_taken_off_the_list(client: Client, spelled: str) -> None:
    add(client)

    assert client.v2.delete(f"/suppressions/{spelled}").status_code == 204

    assert listed(client) == []
    assert refusal(client.v2.delete(f"/suppressions/{spelled}"), 404) == (
        "this address is not on the list for the whole workspace"
    )


def test_an_address_with_a_slash_is_taken_off_too(client: Client) -> None:
    add(client, "a/b@example.org")

    assert client.v2.delete("/suppressions/a%2Fb%40example.org").status_code == 204


def test_an_entry_for_a_rule_is_taken_off_by_naming_it(client: Client, rule: Json) -> None:
    add(client, rule_id=rule["id"])

    assert f"it is listed for {rule['id']}" in refusal(client.v2.delete(f"/suppressions/{ADA}"), 404)
    assert client.v2.send("DELETE", f"/suppressions/{ADA}", query={"rule_id": rule["id"]}).status_code == 204
    assert listed(client) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "recipient"),
        ({"recipient": "nobody"}, "recipient"),
        ({"recipient": ADA, "rule_id": "nothing"}, "rule_id"),
        ({"recipient": ADA, "note": "x" * 501}, "note"),
        ({"recipient": ADA, "note": "\u0007"}, "note"),
        ({"recipient": ADA, "reason": "bounced"}, "reason"),
    ],
    ids=["nobody", "no address", "no rule", "too long", "a control", "an unknown field"],
)
def test_what_is_wrong_is_named_and_nothing_is_listed(client: Client, body: Json, field: str) -> None:
    assert list(wrong_fields(client.v2.post("/suppressions", body))) == [field]
    assert listed(client) == []


def test_the_same_request_again_has_one_effect(client: Client) -> None:
    headers = {"Idempotency-Key": "once"}

    first = client.v2.send("POST", "/suppressions", {"recipient": ADA}, headers=headers)
    client.clock.advance(HOUR)

    assert client.v2.send("POST", "/suppressions", {"recipient": ADA}, headers=headers).json() == first.json()
    assert add(client)["since_at"] == first.json()["suppression"]["since_at"]


def test_a_workspace_has_its_own_list(client: Client) -> None:
    add(client)
    neighbour = client.neighbour()

    assert neighbour.v2.get("/suppressions").json()["suppressions"] == []
    assert neighbour.v2.delete(f"/suppressions/{ADA}").status_code == 404
    assert len(listed(client)) == 1


def test_a_key_needs_the_scope(client: Client) -> None:
    values: dict[str, Any] = {"subdomain": "acme", "name": "reads", "scopes": ["deliveries:read"]}
    key = administration.run(client.app.office, "key create", values)["key"]

    assert client.v2.send("GET", "/suppressions", headers={"X-Api-Key": key}).status_code == 200
    assert "deliveries:write" in refusal(
        client.v2.send("POST", "/suppressions", {"recipient": ADA}, headers={"X-Api-Key": key}), 403
    )
