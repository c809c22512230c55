"""/meetings and /meeting-templates: scheduling links and what they are made from."""

import pytest

from tests.faces.client import Client, Json, made, refusal, wrong_fields

BODY = {"slug": "intro", "name": "Introduction", "hosts": ["oliver@example.com"], "duration": 30}
# What the original's clients read and what means nothing here.
NEUTRAL: Json = {
    "organization_id": None,
    "durations": [],
    "spots": [],
    "deleted_at": None,
    "lead_time": 0,
    "fees": [],
    "pre_booking_allowed": True,
    "start_time_increment": 30,
    "locked_time_zone": None,
    "before_buffer_time": 0,
}


def test_v2_makes_a_link_and_answers_201_with_the_fields_of_the_original(client: Client) -> None:
    response = client.v2.post("/meetings", BODY)

    assert response.status_code == 201
    assert set(response.json()) == {"meeting"}
    link = response.json()["meeting"]
    expected = BODY | NEUTRAL | {
        "description": "",
        "kind": "one_on_one",
        "disabled": False,
        "is_template": False,
        "requires_approval": False,
        "scheduling_url": "http://acme.tocsin.test/intro",
        "created_at": "2026-11-24T12:00:00Z",
    }  # fmt: skip
    assert {name: link[name] for name in expected} == expected
    assert "extras" not in link


def test_v1_makes_a_link_with_a_message_and_shows_it_unwrapped(client: Client) -> None:
    response = client.v1.post("/meetings", BODY)
    link = response.json()["meeting"]
    changed = client.v1.patch(f"/meetings/{link['sid']}", {"name": "Talk", "hosts": ["ann@example.com"]})

    assert (response.status_code, response.json()["message"]) == (200, "Meeting created successfully")
    assert changed.json()["message"] == "Meeting updated successfully"
    assert changed.json()["meeting"]["hosts"] == ["ann@example.com"]
    assert client.v1.get(f"/meetings/{link['sid']}").json() == changed.json()["meeting"]


@pytest.mark.parametrize("kind", ["one_on_one", "round_robin", "multihost", "grouped"])
def test_what_was_written_is_read_back(client: Client, kind: str) -> None:
    fields = {
        "kind": kind,
        "description": "First line\nSecond line",
        "hosts": ["ann@example.com", "bob@example.com"],
        "spot": "in_person",
        "spot_in_person_location": "Room 5",
        "scheduling_url": "https://book.example/intro",
        "start_time_increment": 15,
        "before_buffer_time": 5,
        "is_multiple_spots_allowed": True,
        "locked_time_zone": "Europe/Berlin",
        "requires_approval": True,
    }

    link = client.a_link(**fields)

    shown = client.v2.get(f"/meetings/{link['id']}").json()["meeting"]
    assert shown == link == client.v2.get(f"/meetings/{link['sid']}").json()["meeting"]
    assert {name: shown[name] for name in fields} == fields
    assert shown["spot_phone_call_number"] is None


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_what_is_left_out_of_a_change_stays(client: Client, method: str) -> None:
    link = client.a_link(description="A talk", start_time_increment=15)

    changed = made(client.v2.send(method, f"/meetings/{link['sid']}", {"duration": 45, "name": None}))["meeting"]

    assert changed == link | {"duration": 45, "updated_at": changed["updated_at"]}


def test_a_deleted_link_is_gone_and_its_slug_is_free(client: Client) -> None:
    link = client.a_link()

    assert client.v2.delete(f"/meetings/{link['sid']}").status_code == 204

    assert refusal(client.v2.get(f"/meetings/{link['id']}"), 404) == "there is no meeting with this id"
    assert client.v2.get("/meetings").json()["meetings"] == []
    assert client.a_link()["id"] != link["id"]


def test_a_slug_belongs_to_one_link_or_template(client: Client) -> None:
    client.a_link()
    other = client.a_link(slug="other")

    for response in (
        client.v2.post("/meetings", BODY),
        client.v2.post("/meeting-templates", BODY),
        client.v2.patch(f"/meetings/{other['id']}", {"slug": "intro"}),
    ):
        assert wrong_fields(response) == {"slug": "intro is the slug of another meeting; choose another"}
    assert client.neighbour().a_link()["slug"] == "intro"


def test_all_that_is_wrong_with_a_link_is_told_at_once(client: Client) -> None:
    body = {
        "slug": "In Tro",
        "hosts": ["nobody", "ann@example.com"],
        "duration": 0,
        "kind": "solo",
        "scheduling_url": "ftp://x",
        "requires_approval": "yes",
    }

    found = wrong_fields(client.v2.post("/meetings", body))

    assert set(found) == {*body, "hosts[0]"} - {"hosts"}
    assert found["duration"] == "must be at least 1"
    assert found["kind"] == "must be one of one_on_one, round_robin, multihost, grouped"


def test_a_link_needs_a_name_hosts_and_a_duration(client: Client) -> None:
    found = wrong_fields(client.v2.post("/meetings", {"slug": "intro"}))

    assert found == dict.fromkeys(("name", "hosts", "duration"), "is required unless template_id names a template")


def test_a_template_is_made_listed_changed_and_deleted_at_its_own_path(client: Client) -> None:
    link, template = client.a_link(), client.a_template()

    changed = made(client.v2.put(f"/meeting-templates/{template['sid']}", {"name": "Form"}))["meeting_template"]

    assert template["is_template"] is True
    assert changed["name"] == "Form"
    assert client.v2.get("/meeting-templates").json()["meeting_templates"] == [changed]
    assert client.v1.get("/meeting_templates").json()["templates"] == [changed]
    assert client.v1.get(f"/meeting_templates/{template['id']}").json() == {"meeting_template": changed}
    assert client.v2.get("/meetings").json()["meetings"] == [link]
    assert refusal(client.v2.get(f"/meetings/{template['id']}"), 404) == "there is no meeting with this id"
    gone = client.v2.get(f"/meeting-templates/{link['id']}")
    assert refusal(gone, 404) == "there is no meeting template with this id"
    assert client.v2.delete(f"/meeting-templates/{template['id']}").status_code == 204
    assert client.v2.get("/meeting-templates").json()["meeting_templates"] == []


def test_a_link_is_made_from_a_template_and_what_is_given_wins(client: Client) -> None:
    template = client.a_template(description="From the mould", kind="grouped", start_time_increment=10)

    link = made(client.v2.post("/meetings", {"slug": "made", "template_id": template["id"], "duration": 20}))["meeting"]

    own = {"id", "sid", "slug", "is_template", "duration", "scheduling_url"}
    same = set(template) - own
    assert {name: link[name] for name in same} == {name: template[name] for name in same}
    assert (link["duration"], link["is_template"]) == (20, False)
    assert link["id"] != template["id"]


def test_only_a_template_of_this_workspace_can_be_copied(client: Client) -> None:
    link = client.a_link()
    foreign = client.neighbour().a_template()["id"]

    for template_id in (link["id"], foreign, "nothing"):
        found = wrong_fields(client.v2.post("/meetings", {"slug": "made", "template_id": template_id}))
        assert found == {"template_id": "there is no meeting template with this id"}


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ({}, ["intro", "deep-dive", "arger"]),
        ({"search": "DIVE"}, ["deep-dive"]),
        ({"search": "ärger"}, ["arger"]),
        ({"search": "%"}, []),
        ({"search": "intro"}, ["intro"]),
        ({"host_email": "ann@example.com"}, ["deep-dive"]),
        ({"page_size": 2, "page_number": 2}, ["arger"]),
        ({"page_size": 100, "page_number": 2}, []),
    ],
    ids=str,
)
def test_links_are_listed_the_oldest_first_by(client: Client, query: Json, slugs: list[str]) -> None:
    fields: list[Json] = [
        {"slug": "intro"},
        {"slug": "deep-dive", "name": "Dive", "hosts": ["ann@example.com"]},
        {"slug": "arger", "name": "Ärger"},
    ]
    for link in fields:
        client.clock.now += client.clock.now.resolution
        client.a_link(**link)

    for face in (client.v1, client.v2):
        assert [link["slug"] for link in face.get("/meetings", **query).json()["meetings"]] == slugs
