"""/recipients: in which time zone and language an address is written to."""

import pytest

from tests.builders import HOUR
from tests.faces.client import Client, Json, an_action, made, part, refusal, rule_body, wrong_fields

ADA = "ada@example.org"
ZONED: Json = {"time_zone": "Asia/Tokyo", "locale": "ja"}


def put(client: Client, address: str = ADA, **fields: object) -> Json:
    return part(made(client.v2.put(f"/recipients/{address}", fields or ZONED)), "recipient")


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_set_is_shown_and_listed(client: Client, version: int) -> None:
    face = client.v1 if version == 1 else client.v2

    response = face.put("/recipients/Ada%40EXAMPLE.org", ZONED)

    assert response.status_code == 200
    one = response.json()["recipient"]
    assert one == {"address": "Ada@example.org", "updated_at": "2026-11-24T12:00:00Z"} | ZONED
    assert face.get("/recipients/Ada@example.ORG").json() == {"recipient": one}
    assert face.get("/recipients").json()["recipients"] == [one]


def test_what_is_left_out_is_not_set_any_more(client: Client) -> None:
    put(client)
    client.clock.advance(HOUR)

    changed = put(client, locale="de")

    assert changed == {"address": ADA, "time_zone": None, "locale": "de", "updated_at": "2026-11-24T13:00:00Z"}
    assert client.v2.get(f"/recipients/{ADA}").json()["recipient"] == changed


def test_the_list_comes_in_pages(client: Client) -> None:
    for number in range(3):
        put(client, f"p{number}@example.org")

    body = client.v2.get("/recipients", page_size=2).json()

    assert [one["address"] for one in body["recipients"]] == ["p0@example.org", "p1@example.org"]
    assert body["pagination"] == {"total_records": 3, "total_pages": 2, "current_page_number": 1, "page_size": 2}


@pytest.mark.parametrize("address", [ADA, "a/b@example.org", "ü@example.org", "50%25@example.org"])
def test_what_is_set_is_forgotten(client: Client, address: str) -> None:
    put(client, address)

    assert client.v2.delete(f"/recipients/{address}").status_code == 204

    for method in ("GET", "DELETE"):
        assert refusal(client.v2.send(method, f"/recipients/{address}"), 404) == "nothing is set for this address"


@pytest.mark.parametrize(
    ("address", "body", "field", "words"),
    [
        (ADA, {}, "time_zone", "give a time zone, a locale, or both"),
        (ADA, {"time_zone": None, "locale": None}, "time_zone", "give a time zone"),
        (ADA, {"time_zone": "asia/tokyo"}, "time_zone", "did you mean Asia/Tokyo"),
        (ADA, {"locale": "xx"}, "locale", "write one such as en, de, pt-BR or ja"),
        (ADA, {"locale": ""}, "locale", "write one such as"),
        (ADA, {"language": "de"}, "language", "is not a field here; did you mean"),
        ("nobody", ZONED, "address", "is not a mail address"),
        ("a%20b@example.org", ZONED, "address", "is not a mail address"),
        ("%00@example.org", ZONED, "address", "is not a mail address"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_set(
    client: Client, address: str, body: Json, field: str, words: str
) -> None:
    wrong = wrong_fields(client.v2.put(f"/recipients/{address}", body))

    assert list(wrong) == [field]
    assert words in wrong[field]
    assert client.v2.get("/recipients").json()["recipients"] == []


def test_a_workspace_has_its_own(client: Client) -> None:
    put(client)
    neighbour = client.neighbour()

    assert neighbour.v2.get("/recipients").json()["recipients"] == []
    for method in ("GET", "DELETE"):
        assert neighbour.v2.send(method, f"/recipients/{ADA}").status_code == 404
    assert client.v2.get(f"/recipients/{ADA}").status_code == 200


def test_a_preview_shows_each_message_as_its_recipient_reads_it(client: Client) -> None:
    put(client)
    put(client, "alex@example.com", locale="ar")
    action = an_action(emails=[ADA, "{{client.email}}", "{{host.email}}"], email_subject="{{booking.starts_at}}")
    body = rule_body(client.a_link()["id"], actions=[action])

    found = client.v2.post("/automation-rules/preview", body).json()["preview"]

    assert found["locale"] == "en"
    assert [(one["time_zone"], one["locale"]) for one in found["deliveries"]] == [
        ("Asia/Tokyo", "ja"),
        ("Europe/Berlin", "ar"),
        ("Europe/Berlin", "en"),
    ]
    assert [one["subject"] for one in found["deliveries"]] == [
        "2026年11月25日水曜日 18:00 (Asia/Tokyo, GMT+9)",
        "الأربعاء، 25 نوفمبر 2026 في 10:00 ص (Europe/Berlin, GMT+1)",
        "Wednesday, 25 November 2026 at 10:00 (Europe/Berlin, GMT+1)",
    ]
    assert [one["html"].splitlines()[1] for one in found["deliveries"]] == [
        '<html lang="ja">',
        '<html lang="ar" dir="rtl">',
        '<html lang="en">',
    ]
