"""The suppression list, recipients, outcomes and members in the pages."""

import csv
import io
import re

import pytest

from tests.faces.client import Client
from tests.faces.test_signed_pages import a_booking, text, told
from tests.faces.visitor import Visitor, signed_in
from tocsin.web.settings import suppressions as suppression_pages


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin who is signed in."""
    return signed_in(client)


def wrong(ann: Visitor, path: str, field: str, fields: dict[str, str]) -> str:
    """Send a form that is refused; return what is said at one field."""
    response = ann.post(path, fields)
    assert response.status_code == 422, response.text
    found = re.search(rf'id="{path.rpartition("/")[2]}-{field}-said">([^<]*)<', response.text)
    assert found is not None, response.text
    return found[1]


# Suppression list


def test_an_address_is_put_on_the_list_and_what_waits_for_it_ends(ann: Visitor) -> None:
    a_booking(ann)
    ann.get("/settings/suppressions")

    fields = {"recipient": "ada@example.org", "rule_id": "", "note": "asked us on the phone"}
    page = told(ann, "/settings/suppressions/add", fields)

    assert "The address is on the list" in page
    assert "ada@example.org put here by hand asked us on the phone all rules" in page
    assert ann.client.v2.get("/deliveries").json()["deliveries"][0]["state"] == "suppressed"


def test_an_entry_can_be_for_one_rule_only(ann: Visitor) -> None:
    rule = ann.client.a_rule(ann.client.a_link(), name="Invitation")
    ann.get("/settings/suppressions")

    page = told(ann, "/settings/suppressions/add", {"recipient": "ada@example.org", "rule_id": rule["id"]})

    assert "put here by hand Invitation" in page
    assert ann.client.v2.get("/suppressions").json()["suppressions"][0]["rule_id"] == rule["id"]


def test_an_entry_is_lifted(ann: Visitor) -> None:
    ann.client.v2.post("/suppressions", {"recipient": "ada@example.org"})
    ann.get("/settings/suppressions")

    page = told(ann, "/settings/suppressions/lift", {"recipient": "ada@example.org", "rule_id": ""})

    assert "The address is off the list" in page
    assert ann.client.v2.get("/suppressions").json()["suppressions"] == []
    assert ann.post("/settings/suppressions/lift", {"recipient": "ada@example.org"}).status_code == 404


def test_the_list_is_searched_and_comes_in_parts(ann: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("settings.suppressions", "paging"):
        monkeypatch.setattr(f"tocsin.web.{module}.SHOWN", 2)
    for name in ("ada", "bob", "eve_1", "eve%2"):
        ann.client.v2.post("/suppressions", {"recipient": f"{name}@example.org"})

    first = ann.get("/settings/suppressions?q=EXAMPLE.org")
    assert "1 to 2 of 4 entries" in first.text
    assert 'href="/settings/suppressions?q=EXAMPLE.org&amp;page=2" rel="next"' in first.text
    assert "1 to 1 of 1 entries" in ann.get("/settings/suppressions?q=eve_").text  # a letter, and no pattern
    assert "No address on the list contains that." in text(ann, "/settings/suppressions?q=zoe")


def test_the_list_is_saved_without_formulas(ann: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppression_pages, "_PART", 1)
    ann.client.v2.post("/suppressions", {"recipient": "=cmd@example.org", "note": "@SUM(1)"})
    ann.client.v2.post("/suppressions", {"recipient": "ada@example.org"})

    response = ann.get("/settings/suppressions.csv")

    assert response.headers["content-disposition"] == 'attachment; filename="suppressions.csv"'
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert {(row["recipient"], row["note"]) for row in rows} == {
        ("'=cmd@example.org", "'@SUM(1)"),
        ("ada@example.org", ""),
    }


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"recipient": "ada"}, "recipient", "is not a mail address"),
        ({"note": "x" * 501}, "note", "at most 500"),
        ({"rule_id": "nothing"}, "rule_id", "there is no automation rule"),
    ],
)
def test_a_wrong_entry_is_told_in_its_place(ann: Visitor, fields: dict[str, str], field: str, words: str) -> None:
    ann.get("/settings/suppressions")

    good = {"recipient": "ada@example.org", "rule_id": "", "note": "x"}
    assert words in wrong(ann, "/settings/suppressions/add", field, good | fields)


# Recipients


def test_zone_and_language_of_an_address_are_set_and_forgotten(ann: Visitor) -> None:
    ann.get("/settings/recipients")

    page = told(
        ann, "/settings/recipients/set", {"address": "eve@example.net", "time_zone": "Asia/Tokyo", "locale": "de"}
    )

    assert "eve@example.net Asia/Tokyo de Dienstag, 24. November 2026 um 21:00 (Asia/Tokyo, GMT+9)" in page
    assert ann.client.v2.get("/recipients/eve@example.net").json()["recipient"]["time_zone"] == "Asia/Tokyo"
    assert "Nothing is set for anybody." in told(ann, "/settings/recipients/remove", {"address": "eve@example.net"})
    assert ann.post("/settings/recipients/remove", {"address": "eve@example.net"}).status_code == 404


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"address": "eve"}, "address", "is not a mail address"),
        ({"time_zone": "Tokyo"}, "time_zone", "did you mean Asia/Tokyo?"),
        ({"locale": "klingon"}, "locale", "is no language"),
        ({"time_zone": "", "locale": ""}, "time_zone", "give a time zone, a locale, or both"),
    ],
)
def test_a_wrong_setting_is_told_in_its_place(ann: Visitor, fields: dict[str, str], field: str, words: str) -> None:
    ann.get("/settings/recipients")

    good = {"address": "eve@example.net", "time_zone": "Asia/Tokyo", "locale": "de"}
    assert words in wrong(ann, "/settings/recipients/set", field, good | fields)


# Outcomes


def test_outcomes_are_made_and_deleted_but_not_the_built_in_one(ann: Visitor) -> None:
    ann.get("/settings/outcomes")

    page = told(ann, "/settings/outcomes/create", {"name": "Won", "color": "#00AA00"})
    assert "Won #00aa00" in page
    assert "No show" in page
    assert "there is a meeting outcome called Won already" in wrong(
        ann, "/settings/outcomes/create", "name", {"name": "Won", "color": "#00aa00"}
    )
    assert "must be a colour" in wrong(ann, "/settings/outcomes/create", "color", {"name": "Lost", "color": "red"})
    built_in, won = ann.client.v2.get("/meeting-outcomes").json()["meeting_outcomes"]
    assert ann.post("/settings/outcomes/delete", {"outcome": built_in["id"]}).status_code == 409
    assert "Won" not in told(ann, "/settings/outcomes/delete", {"outcome": won["id"]})


# Members


def test_members_are_added_changed_and_removed(ann: Visitor) -> None:
    ann.get("/settings/members")

    page = told(ann, "/settings/members/add", {"email": "grace.hopper@example.com", "name": "", "time_zone": ""})
    assert "Grace Hopper grace.hopper@example.com Europe/Berlin" in page
    (member,) = ann.client.v2.get("/team-members").json()["team_members"]
    path = f"/settings/members/{member['id']}"
    page = told(ann, f"{path}/change", {"name": "Admiral", "time_zone": "America/New_York"})
    assert "Admiral" in page
    assert ann.client.v2.get(f"/team-members/{member['id']}").json()["team_member"]["time_zone"] == "America/New_York"
    assert "Admiral" not in told(ann, f"{path}/remove")
    assert ann.get(path).status_code == 404


def test_what_is_wrong_with_a_member_is_told_in_its_place(ann: Visitor) -> None:
    ann.get("/settings/members")
    assert "is not a mail address" in wrong(ann, "/settings/members/add", "email", {"email": "x"})
    told(ann, "/settings/members/add", {"email": "a@example.com", "name": "Ada", "time_zone": "Asia/Tokyo"})
    (member,) = ann.client.v2.get("/team-members").json()["team_members"]
    assert (member["name"], member["time_zone"]) == ("Ada", "Asia/Tokyo")
    path = f"/settings/members/{member['id']}/change"
    assert "did you mean" in wrong(ann, path, "time_zone", {"name": "A", "time_zone": "Berlin"})
    assert "fill this in" in wrong(ann, path, "name", {"name": "", "time_zone": "Asia/Tokyo"})


def test_lists_hold_nothing_of_another_workspace(ann: Visitor) -> None:
    neighbour = ann.client.neighbour()
    neighbour.v2.post("/suppressions", {"recipient": "secret@example.org"})
    neighbour.v2.put("/recipients/secret@example.org", {"locale": "de"})
    neighbour.v2.post("/team-members", {"emails": ["secret@example.org"]})
    neighbour.v2.post("/meeting-outcomes", {"name": "secret"})

    for name in ("suppressions", "recipients", "members", "outcomes"):
        assert "secret" not in ann.get(f"/settings/{name}").text
    assert "secret" not in ann.get("/settings/suppressions.csv").text
