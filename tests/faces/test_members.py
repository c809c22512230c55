"""/team-members: who hosts."""

import pytest

from tests.faces.client import Client, Json, made, refusal, wrong_fields


def members(client: Client, **query: object) -> list[Json]:
    found: list[Json] = client.v2.get("/team-members", **query).json()["team_members"]
    return found


def test_a_host_that_nobody_knew_becomes_a_member_named_after_his_address(client: Client) -> None:
    client.a_link(hosts=["zoe_van.host@example.com"])

    (member,) = members(client)

    assert (member["name"], member["email"]) == ("Zoe Van Host", "zoe_van.host@example.com")
    assert (member["time_zone"], member["organization_role"]) == ("Europe/Berlin", "standard")


@pytest.mark.parametrize("version", [1, 2])
def test_members_are_added_by_address_each_once(client: Client, version: int) -> None:
    face, path = (client.v1, "/team_members") if version == 1 else (client.v2, "/team-members")
    body = {"emails": ["ann@example.com", "bob@EXAMPLE.com", "ann@example.com"], "organization_role": "admin"}

    response = face.post(path, body)

    assert response.status_code == (200 if version == 1 else 201)
    added = response.json()["team_members"]
    assert [member["email"] for member in added] == ["ann@example.com", "bob@example.com"]
    assert {member["organization_role"] for member in added} == {"admin"}
    assert face.get(path).json()["team_members"] == added
    assert face.get(f"{path}/{added[0]['id']}").json() == {"team_member": added[0]}
    assert face.post(path, {"emails": ["ann@example.com"]}).json()["team_members"] == [added[0]]


def test_a_member_is_found_by_address_and_listed_in_pages(client: Client) -> None:
    made(client.v2.post("/team-members", {"emails": [f"m{number}@example.com" for number in range(5)]}))

    assert [one["email"] for one in members(client, email="m3@example.com")] == ["m3@example.com"]
    assert members(client, email="m9@example.com") == []
    page = client.v2.get("/team-members", page_size=2, page_number=3).json()
    assert [one["email"] for one in page["team_members"]] == ["m4@example.com"]
    assert page["pagination"] == {"total_records": 5, "total_pages": 3, "current_page_number": 3, "page_size": 2}


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_name_and_zone_that_are_set_stand_in_the_next_message(client: Client, method: str) -> None:
    link = client.a_link()
    action = {"email_subject": "{{host.name}} {{host.starts_at}}"}
    client.a_rule(link, actions=[client_action() | action])
    (member,) = members(client)
    change = {"name": "Zoë O'Host", "time_zone": "Asia/Tokyo"}

    changed = made(client.v2.send(method, f"/team-members/{member['id']}", change))["team_member"]
    client.book()
    client.drain()

    assert changed == member | change
    (letter,) = client.letterbox.letters()
    assert letter["Subject"].startswith("Zoë O'Host Wednesday, 25 November 2026 at 23:30 (Asia/Tokyo")


def client_action() -> Json:
    return {
        "type": "send_calendar_invite_to_anyone",
        "emails": ["ada@example.org"],
        "email_subject": "x",
        "email_body": "x",
        "calendar_invite_subject": "x",
        "calendar_invite_body": "x",
    }


def test_a_removed_member_is_gone_but_his_bookings_stay_his(client: Client) -> None:
    client.a_link()
    booking = client.book()
    (member,) = members(client)

    assert client.v2.delete(f"/team-members/{member['id']}").status_code == 204

    assert members(client) == []
    assert refusal(client.v2.get(f"/team-members/{member['id']}"), 404) == "there is no team member with this id"
    assert client.v2.get(f"/bookings/{booking['id']}").json()["booking"]["host_email"] == "oliver@example.com"
    made(client.v2.post("/team-members", {"emails": ["oliver@example.com"]}))
    assert [one["id"] for one in members(client)] == [member["id"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "emails"),
        ({"emails": []}, "emails"),
        ({"emails": ["ann@example.com", "nobody"]}, "emails[1]"),
        ({"emails": [f"m{number}@example.com" for number in range(51)]}, "emails"),
    ],
    ids=["none", "empty", "no address", "too many"],
)
def test_who_cannot_be_added_is_named_and_nobody_is(client: Client, body: Json, field: str) -> None:
    assert list(wrong_fields(client.v2.post("/team-members", body))) == [field]
    assert members(client) == []


def test_a_zone_that_does_not_exist_is_refused_with_the_one_that_was_meant(client: Client) -> None:
    client.a_link()
    (member,) = members(client)

    found = wrong_fields(client.v2.patch(f"/team-members/{member['id']}", {"time_zone": "Berlin", "name": " "}))

    assert found == {"time_zone": "unknown time zone Berlin; did you mean Europe/Berlin?", "name": "must not be blank"}
