"""/meeting-outcomes: how a meeting went, and what follows from saying so."""

import pytest

from tests.faces.client import Client, Json, made, refusal, wrong_fields


def built_in(client: Client) -> Json:
    found: Json = client.v2.get("/meeting-outcomes").json()["meeting_outcomes"][0]
    return found


def an_outcome(client: Client, **fields: object) -> Json:
    found: Json = made(client.v2.post("/meeting-outcomes", {"name": "Won"} | fields))["meeting_outcome"]
    return found


def test_every_workspace_has_the_outcome_no_show(client: Client) -> None:
    outcome = built_in(client)

    assert client.v2.get("/meeting-outcomes").json() == {"meeting_outcomes": [outcome]}
    assert (outcome["name"], outcome["kind"]) == ("No show", "no_show")
    assert refusal(client.v2.delete(f"/meeting-outcomes/{outcome['id']}"), 409)
    assert built_in(client) == outcome


@pytest.mark.parametrize("version", [1, 2])
def test_an_outcome_is_made_shown_changed_and_deleted(client: Client, version: int) -> None:
    face, path = (client.v1, "/meeting_outcomes") if version == 1 else (client.v2, "/meeting-outcomes")

    response = face.post(path, {"name": "Won", "color": "#00AA00"})

    assert response.status_code == (200 if version == 1 else 201)
    outcome = response.json()["meeting_outcome"]
    assert outcome == {"id": outcome["id"], "name": "Won", "color": "#00aa00", "kind": "custom"}
    assert face.get(f"{path}/{outcome['id']}").json() == {"meeting_outcome": outcome}
    for method, name in (("PATCH", "Lost"), ("PUT", "Open")):
        changed = face.send(method, f"{path}/{outcome['id']}", {"name": name}).json()["meeting_outcome"]
        assert changed == outcome | {"name": name}
    assert face.delete(f"{path}/{outcome['id']}").status_code == 204
    assert refusal(face.get(f"{path}/{outcome['id']}"), 404) == "there is no meeting outcome with this id"


def test_the_name_of_a_deleted_outcome_restores_it(client: Client) -> None:
    outcome = an_outcome(client, color="#111111")
    client.v2.delete(f"/meeting-outcomes/{outcome['id']}")

    assert an_outcome(client, color="#222222") == outcome | {"color": "#222222"}


def test_a_name_is_given_once(client: Client) -> None:
    an_outcome(client)
    other = an_outcome(client, name="Lost")

    assert list(wrong_fields(client.v2.post("/meeting-outcomes", {"name": "Won"}))) == ["name"]
    assert list(wrong_fields(client.v2.patch(f"/meeting-outcomes/{other['id']}", {"name": "Won"}))) == ["name"]
    assert client.v2.patch(f"/meeting-outcomes/{other['id']}", {"name": "Lost"}).status_code == 200


@pytest.mark.parametrize("color", ["red", "#12345", "#1234567", "#12345g", "", "#٠١٢٣٤٥"])
def test_a_colour_is_written_as_the_web_writes_it(client: Client, color: str) -> None:
    found = wrong_fields(client.v2.post("/meeting-outcomes", {"name": "Won", "color": color}))

    assert found == {"color": "must be a colour such as #22c55e"}


@pytest.mark.parametrize("field", ["meeting_outcome_id", "meeting_outcome"])
def test_an_outcome_is_set_once_shown_in_both_versions_and_cleared_with_an_empty_string(
    client: Client, field: str
) -> None:
    client.a_rule(client.a_link(), event="meeting_outcome_changed")
    booking, outcome = client.book(), an_outcome(client)
    fired = []

    for value in (outcome["id"], outcome["id"], "", ""):
        changed = made(client.v2.patch(f"/bookings/{booking['id']}", {field: value}))["booking"]
        assert changed["meeting_outcome"] == (outcome if value else None)
        shown = client.v1.get(f"/bookings/{booking['id']}").json()
        assert shown["meeting_outcome"] == ("Won" if value else None)
        fired.append(client.drain())

    assert fired == [1, 0, 1, 0]


def test_the_built_in_outcome_marks_the_booking_and_fires_both_events(client: Client) -> None:
    link = client.a_link()
    client.a_rule(link, event="marked_no_show")
    client.a_rule(link, event="meeting_outcome_changed")
    booking = client.book()
    change = {"meeting_outcome_id": built_in(client)["id"]}

    marked = made(client.v2.patch(f"/bookings/{booking['id']}", change))["booking"]

    assert marked["no_show"] is True
    assert marked["meeting_outcome"]["kind"] == "no_show"
    events = {one["event"] for one in client.v2.get("/deliveries").json()["deliveries"]}
    assert events == {"marked_no_show", "meeting_outcome_changed"}
    assert client.drain() == 2
    made(client.v2.patch(f"/bookings/{booking['id']}", change))
    assert client.drain() == 0


def test_an_outcome_that_is_gone_cannot_be_set_but_stays_where_it_is(client: Client) -> None:
    client.a_link()
    booking, outcome = client.book(), an_outcome(client)
    made(client.v2.patch(f"/bookings/{booking['id']}", {"meeting_outcome_id": outcome["id"]}))
    client.v2.delete(f"/meeting-outcomes/{outcome['id']}")
    second = client.book(slot_start_time="17:00")

    found = wrong_fields(client.v2.patch(f"/bookings/{second['id']}", {"meeting_outcome_id": outcome["id"]}))

    assert found == {"meeting_outcome_id": "there is no meeting outcome with this id"}
    assert client.v2.get(f"/bookings/{booking['id']}").json()["booking"]["meeting_outcome"] == outcome
    # To say again what the booking has is no change, and must not fail.
    again = client.v2.patch(f"/bookings/{booking['id']}", {"room_url": "https://meet.example/1"})
    assert made(again)["booking"]["meeting_outcome"] == outcome
