"""From nothing to a booking with the pages alone: scheduling links, and bookings made by hand."""

import re

import pytest

from tests.faces.client import Client
from tests.faces.test_settings_lists import wrong
from tests.faces.test_signed_pages import text, told
from tests.faces.visitor import Visitor, signed_in

LINK = {
    "name": "First talk",
    "slug": "first-talk",
    "hosts": "oliver@example.com\nsam@example.com",
    "duration": "45",
    "kind": "multihost",
    "description": "What it is about.\n\nAnd more.",
    "spot": "in_person",
    "spot_details": "Room 5",
    "scheduling_url": "https://book.example.com/first",
}
BOOKING = {
    "meeting_slug": "intro",
    "name": "Eve Jones",
    "email": "eve@example.net",
    "time_zone": "Asia/Kathmandu",
    "slot_date": "2026-11-25",
    "slot_start_time": "15:30",
    "zone": "Europe/Berlin",
    "guests": "gus@example.org, hal@example.org",
    "form_responses": "Company: Example: Ltd\n\nSize: 5",
    "room_url": "https://meet.example.com/x",
}


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin who is signed in."""
    ann = signed_in(client)
    ann.get("/settings/links/new")
    return ann


def the_links(ann: Visitor) -> list[dict[str, object]]:
    found: list[dict[str, object]] = ann.client.v2.get("/meetings").json()["meetings"]
    return found


def test_somebody_begins_with_nothing(ann: Visitor) -> None:
    assert "No link yet" in text(ann, "/settings/links")
    assert "There is no open link to book." in text(ann, "/bookings/new")
    ann.get("/settings/links/new")

    page = told(ann, "/settings/links/create", LINK)

    assert "First talk first-talk Oliver, Sam All hosts together 45 open" in page
    (link,) = the_links(ann)
    assert link["hosts"] == ["oliver@example.com", "sam@example.com"]
    assert (link["duration"], link["kind"], link["spot_in_person_location"]) == (45, "multihost", "Room 5")
    ann.get("/bookings/new")
    booked = told(ann, "/bookings/create", BOOKING | {"meeting_slug": "first-talk"})
    assert "The booking is made." in booked
    assert "First talk, Wednesday, 25 November 2026 at 15:30 (Europe/Berlin, GMT+1) confirmed" in booked


def test_a_link_is_changed_and_what_is_emptied_is_gone(ann: Visitor) -> None:
    told(ann, "/settings/links/create", LINK | {"requires_approval": "yes"})
    path = f"/settings/links/{the_links(ann)[0]['id']}"
    shown = ann.get(path).text
    assert re.search(r'name="requires_approval" type="checkbox" value="yes" checked', shown)
    assert not re.search(r'name="is_disabled" type="checkbox" value="yes" checked', shown)
    assert "oliver@example.com\nsam@example.com</textarea>" in shown

    changed = LINK | {"description": "", "hosts": "sam@example.com", "is_disabled": "yes", "kind": "one_on_one"}
    assert "It is saved." in told(ann, f"{path}/change", changed)

    (link,) = the_links(ann)
    assert (link["description"], link["hosts"]) == ("", ["sam@example.com"])
    assert (link["requires_approval"], link["disabled"]) == (False, True)
    assert "There is no open link to book." in text(ann, "/bookings/new")


def test_a_link_is_deleted_and_its_bookings_stay(ann: Visitor) -> None:
    link = ann.client.a_link()
    booking = ann.client.book()
    path = f"/settings/links/{link['id']}"
    ann.get(path)

    assert "The link is off the lists." in told(ann, f"{path}/delete")

    assert the_links(ann) == []
    assert ann.get(path).status_code == 404
    assert ann.get(f"/bookings/{booking['id']}").status_code == 200


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": ""}, "name", "fill this in"),
        ({"slug": "First Talk"}, "slug", "must be made of a-z"),
        ({"slug": "intro"}, "slug", "is the slug of another meeting"),
        ({"hosts": "sam@example.com\noliver"}, "hosts", "oliver is not a mail address"),
        ({"hosts": ""}, "hosts", "fill this in"),
        ({"hosts": "\n".join(f"a{n}@example.com" for n in range(51))}, "hosts", "at most 50"),
        ({"duration": "0"}, "duration", "write a number"),
        ({"duration": "1441"}, "duration", "at most 1440"),
        ({"kind": "all"}, "kind", "choose one of"),
        ({"scheduling_url": "javascript:alert(1)"}, "scheduling_url", "must be an http or https address"),
        ({"spot": "x" * 256}, "spot", "at most 255"),
    ],
)
def test_a_wrong_link_is_told_in_its_place_and_what_was_typed_stays(
    ann: Visitor, fields: dict[str, str], field: str, words: str
) -> None:
    ann.client.a_link()

    assert words in wrong(ann, "/settings/links/create", field, LINK | fields)

    assert "Room 5" in ann.last
    assert [link["slug"] for link in the_links(ann)] == ["intro"]


def test_a_box_that_was_unticked_stays_so_when_a_form_is_shown_again(ann: Visitor) -> None:
    link = ann.client.a_link(requires_approval=True)
    path = f"/settings/links/{link['id']}/change"

    wrong(ann, path, "name", LINK | {"name": "", "is_disabled": "yes"})

    assert not re.search(r'name="requires_approval" type="checkbox" value="yes" checked', ann.last)
    assert re.search(r'name="is_disabled" type="checkbox" value="yes" checked', ann.last)


def test_links_of_another_workspace_are_not_there(ann: Visitor) -> None:
    neighbour = ann.client.neighbour()
    link = neighbour.a_link(name="Secret")

    assert "Secret" not in text(ann, "/settings/links")
    assert ann.get(f"/settings/links/{link['id']}").status_code == 404
    assert ann.post(f"/settings/links/{link['id']}/delete").status_code == 404


# A booking by hand


def test_a_booking_is_made_in_whatever_zone_its_time_is_given(ann: Visitor) -> None:
    ann.client.a_rule(ann.client.a_link())
    ann.get("/bookings/new")

    page = told(ann, "/bookings/create", BOOKING)

    assert "Wednesday, 25 November 2026 at 15:30 (Europe/Berlin, GMT+1)" in page
    assert "Wednesday, 25 November 2026 at 20:15 (Asia/Kathmandu, GMT+5:45)" in page
    assert "Guests gus@example.org, hal@example.org" in page
    assert "Company Example: Ltd" in page
    assert "Size 5" in page
    assert ann.client.drain() == 1


def test_a_booking_can_wait_for_approval_and_share_its_time_only_when_told_so(ann: Visitor) -> None:
    ann.client.a_link()
    ann.get("/bookings/new")
    told(ann, "/bookings/create", BOOKING)
    ann.get("/bookings/new")

    assert "a host is booked from" in wrong(ann, "/bookings/create", "slot_start_time", BOOKING)
    page = told(ann, "/bookings/create", BOOKING | {"override_availability": "yes", "awaits_approval": "yes"})
    assert "awaiting approval" in page


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"meeting_slug": "nothing"}, "meeting_slug", "there is no meeting with the slug"),
        ({"name": "x" * 101}, "name", "at most 100"),
        ({"email": "eve"}, "email", "is not a mail address"),
        ({"time_zone": "Nepal"}, "time_zone", "unknown time zone"),
        ({"zone": ""}, "zone", "fill this in"),
        ({"slot_date": "2026-11-23"}, "slot_start_time", "would be over already"),
        ({"slot_date": "tomorrow"}, "slot_date", "write a date"),
        ({"host_email": "sam@example.com"}, "host_email", "is not a host of this meeting"),
        ({"guests": "gus"}, "guests", "gus is not a mail address"),
        ({"form_responses": "Company"}, "form_responses", "line 1 must be a question, a colon and its answer"),
        ({"form_responses": f"Company: {'x' * 501}"}, "form_responses", "line 1 has 501 characters"),
        ({"form_responses": "\n".join(f"{n}: x" for n in range(51))}, "form_responses", "at most 50"),
        ({"room_url": "ftp://x"}, "room_url", "must be an http or https address"),
        ({"slot_date": "2100-12-31", "slot_start_time": "23:59", "zone": "Etc/GMT+12"}, "slot_date", "year"),
    ],
)
def test_a_wrong_booking_is_told_in_its_place(ann: Visitor, fields: dict[str, str], field: str, words: str) -> None:
    ann.client.a_link()
    ann.get("/bookings/new")

    assert words in wrong(ann, "/bookings/create", field, BOOKING | fields)

    assert ann.client.v2.get("/bookings").json()["bookings"] == []
