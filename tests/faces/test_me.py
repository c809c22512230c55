"""Somebody reads the pages in a zone and a language of his own."""

import re

import pytest

from tests.faces.client import Client
from tests.faces.test_audit import entries
from tests.faces.test_signed_pages import a_booking, text, told
from tests.faces.visitor import PASSWORD, Visitor, an_account, signed_in
from tocsin.domain.sessions import FRESH

READING = "/settings/me/reading"


def test_without_a_zone_of_his_own_somebody_reads_in_that_of_the_workspace(client: Client) -> None:
    shown = text(signed_in(client), "/settings/me")

    assert "It is Tuesday, 24 November 2026 at 13:00 (Europe/Berlin, GMT+1)" in shown
    assert "Times in Europe/Berlin, the workspace’s zone" in shown


def test_times_follow_whoever_is_signed_in_and_nobody_else(client: Client) -> None:
    ann, vic = signed_in(client), signed_in(client, "vic@example.com", "viewer")
    ann.get("/settings/me")

    said = told(ann, READING, {"time_zone": "Asia/Tokyo", "locale": "de"})

    assert "It is saved." in said
    assert "It is Dienstag, 24. November 2026 um 21:00 (Asia/Tokyo, GMT+9)" in said
    assert "Times in Asia/Tokyo, your own zone" in said
    booking = a_booking(ann)
    assert "25.11.2026, 23:30" in text(ann, "/bookings")
    assert "Mittwoch, 25. November 2026 um 23:30 (Asia/Tokyo, GMT+9)" in text(ann, f"/bookings/{booking['id']}")
    assert "25 Nov 2026, 15:30" in text(vic, "/bookings")


def test_a_viewer_may_set_his_own_and_take_it_back(client: Client) -> None:
    vic = signed_in(client, role="viewer")
    vic.get("/settings/me")

    assert "your own zone" in told(vic, READING, {"time_zone": "Asia/Tokyo"})
    assert "the workspace’s zone" in told(vic, READING, {"time_zone": "", "locale": ""})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"time_zone": "Berlin"}, "unknown time zone Berlin; did you mean Europe/Berlin?"),
        ({"time_zone": "+02:00"}, "is an offset, which knows no summer time"),
        ({"locale": "klingon"}, "is no language that dates can be written in"),
        ({"locale": "a\x00"}, "holds the control character"),
    ],
)
def test_what_cannot_be_is_told_in_its_place_and_changes_nothing(
    client: Client, fields: dict[str, str], words: str
) -> None:
    ann = signed_in(client)
    ann.get("/settings/me")

    response = ann.post(READING, fields)

    assert (response.status_code, words in response.text) == (422, True)
    assert "the workspace’s zone" in text(ann, "/overview")


def test_a_zone_of_an_account_is_not_that_of_the_same_address_elsewhere(client: Client) -> None:
    globex = client.neighbour()
    ann, other = signed_in(client), signed_in(globex)
    ann.get("/settings/me")
    told(ann, READING, {"time_zone": "Asia/Tokyo"})

    assert "the workspace’s zone" in text(other, "/overview")


def test_it_is_written_into_the_audit_log(client: Client) -> None:
    ann = signed_in(client)
    ann.get("/settings/me")
    told(ann, READING, {"time_zone": "Asia/Tokyo"})
    told(ann, READING, {"time_zone": "Asia/Tokyo"})

    (entry,) = entries(client, what="account.changed")

    assert (entry["who"], entry["before"], entry["after"]) == (
        "ann@example.com",
        {"time_zone": None},
        {"time_zone": "Asia/Tokyo"},
    )


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def elsewhere(client: Client) -> Visitor:
    """Return Ann on another browser."""
    other = Visitor(client=client)
    fields = {"email": "ann@example.com", "password": PASSWORD}
    assert other.post("/sign-in", fields, User_Agent=FIREFOX).status_code == 303
    return other


def test_sessions_are_shown_and_ended_one_by_one(client: Client) -> None:
    ann = signed_in(client)
    other = elsewhere(client)

    page = ann.get("/settings/me").text
    assert "Firefox on Linux" in page
    assert "127.0.0.1" in page
    assert page.count("this one") == 1
    (name,) = re.findall(r'name="session" value="(\w+)"', page)
    assert "The session is ended" in told(ann, "/settings/me/sessions/end", {"session": name})
    assert other.get("/overview").status_code == 303
    assert ann.get("/overview").status_code == 200
    ann.get("/settings/me")
    assert ann.post("/settings/me/sessions/end", {"session": name}).status_code == 404
    (entry,) = entries(client, what="account.sessions_ended")
    assert (entry["who"], entry["after"]) == ("ann@example.com", {"sessions": 1})


def test_a_while_after_signing_in_the_password_is_needed_to_end_sessions(client: Client) -> None:
    ann = signed_in(client, role="viewer")
    other = elsewhere(client)
    client.clock.advance(FRESH)
    ann.get("/settings/me")

    for path, fields in (("end", {"session": "x"}), ("end-others", {})):
        answer = ann.post(f"/settings/me/sessions/{path}", {**fields, "present": "not the right one"})
        assert answer.status_code == 422
        assert "is not your password" in answer.text
    assert other.get("/overview").status_code == 200
    assert "All your other sessions are ended" in told(ann, "/settings/me/sessions/end-others", {"present": PASSWORD})
    assert other.get("/overview").status_code == 303
    assert ann.get("/overview").status_code == 200


def test_nobody_who_is_not_signed_in_sets_anything(client: Client) -> None:
    an_account(client)

    assert Visitor(client=client).post(READING, {"time_zone": "Asia/Tokyo"}).status_code in (303, 403)
    assert entries(client, what="account.changed") == []
