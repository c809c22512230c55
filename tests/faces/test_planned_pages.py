"""The calendar of what is planned, and what can be done there about each item; the API does the same."""

import re

import pytest

from tests.builders import DAY, HOUR, MINUTE
from tests.faces.client import ACCEPTED, Client, Json, made, refusal
from tests.faces.test_signed_pages import text, told
from tests.faces.visitor import Visitor, signed_in
from tocsin.domain.delivery import State


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin who is signed in."""
    return signed_in(client)


def a_reminder(client: Client, **fields: object) -> Json:
    """Make a rule for reminders an hour ahead of bookings of a link that may be there already."""
    links = client.v2.get("/meetings").json()["meetings"]
    link = links[0] if links else client.a_link()
    timed = {"event": "before_meeting_starts", "offset_minutes": 60, "name": "Reminder"} | fields
    return client.a_rule(link, **timed)


def the_delivery(client: Client) -> Json:
    (found,) = client.v2.get("/deliveries").json()["deliveries"]
    shown: Json = found
    return shown


def cells(page: str) -> dict[str, str]:
    """Return what stands at the days of a calendar on which there is something, by day."""
    found = re.findall(r'<td class="some[^"]*">(.*?)</td>', page, re.DOTALL)
    days = {re.search(r'datetime="([^"]*)"', one)[1]: one for one in found}  # type: ignore[index]  # each has one
    return {day: " ".join(re.sub(r"<[^>]*>", " ", one.partition("</time>")[2]).split()) for day, one in days.items()}


def test_a_month_shows_how_much_is_planned_on_each_day(ann: Visitor) -> None:
    a_reminder(ann.client)
    ann.client.book()
    ann.client.book(name="Bob", slot_start_time="17:00")
    ann.client.book(slot_date="2026-11-30")
    paused = max(ann.client.v2.get("/deliveries").json()["deliveries"], key=lambda one: str(one["due_at"]))
    made(ann.client.v2.post(f"/deliveries/{paused['id']}/pause"))

    page = ann.get("/planned")

    assert page.status_code == 200
    assert cells(page.text) == {"2026-11-25": "2 planned", "2026-11-30": "1 paused"}
    assert "November 2026" in page.text


def test_a_day_is_one_of_the_workspace_s_zone(client: Client) -> None:
    ann = signed_in(client)
    a_reminder(client)
    client.book(slot_date="2026-11-26", slot_start_time="00:30")  # the reminder leaves at 23:30 of the 25th in Berlin
    with client.app.store.registry() as registry:
        zone = registry.by_subdomain("acme").time_zone  # type: ignore[union-attr]  # it is there

    (day,) = cells(ann.get("/planned?month=2026-11").text)

    assert day == {"UTC": "2026-11-25", "Europe/Berlin": "2026-11-25"}[zone]
    listed = text(ann, f"/planned?month=2026-11&day={day}")
    assert "ada@example.org" in listed
    assert "before meeting starts, by Reminder" in listed
    assert "Nothing is planned on this day" in text(ann, "/planned?month=2026-11&day=2026-11-26")


def test_months_follow_each_other_in_the_address_and_keep_the_filters(ann: Visitor) -> None:
    page = ann.get("/planned?month=2026-12&recipient=ada@example.org").text

    assert 'href="/planned?month=2026-11&amp;recipient=ada%40example.org" rel="prev"' in page
    assert 'href="/planned?month=2027-01&amp;recipient=ada%40example.org" rel="next"' in page
    assert "Nothing of that kind is planned in December 2026" in text(ann, "/planned?month=2026-12&recipient=x@y.org")
    assert 'rel="prev"' not in ann.get("/planned?month=1971-01").text
    assert 'rel="next"' not in ann.get("/planned?month=2099-12").text
    assert ann.get("/planned?month=2099-12&day=2099-12-31").status_code == 200


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("month=2026", "write a month such as 2026-11"),
        ("month=2026-13", "choose a day that exists"),
        ("month=2100-01", "choose a year from 1971 to 2099"),
        ("month=2026-11&day=2100-12-31", "choose a year from 1971 to 2099"),
        ("day=tomorrow", "write a date such as 2026-11-24"),
    ],
)
def test_a_month_that_there_is_not_is_told(ann: Visitor, query: str, sentence: str) -> None:
    response = ann.get(f"/planned?{query}")

    assert response.status_code == 422
    assert sentence in response.text


def test_the_filters_leave_what_they_name(ann: Visitor) -> None:
    client = ann.client
    rule = a_reminder(client)
    other_link = client.a_link(slug="other", name="Other")
    client.a_rule(other_link, event="before_meeting_starts", offset_minutes=30, name="Second")
    client.book(slot_start_time="10:00")
    client.book(meeting_slug="other", slot_start_time="12:00")
    day = "month=2026-11&day=2026-11-25"

    for query, number in (
        ("", 2),
        (f"&rule={rule['id']}", 1),
        (f"&link={other_link['id']}", 1),
        ("&recipient=ada@EXAMPLE.ORG", 2),
        ("&recipient=bob@example.org", 0),
        (f"&rule={rule['id']}&link={other_link['id']}", 0),
    ):
        page = ann.get(f"/planned?{day}{query}").text
        assert cells(page) == ({} if number == 0 else {"2026-11-25": f"{number} planned"})
        assert page.count('data-label="To"') == number


def test_a_long_day_is_shown_in_parts(ann: Visitor) -> None:
    a_reminder(ann.client, actions=[an_action_for(*(f"p{number}@example.org" for number in range(50)))])
    ann.client.book()
    ann.client.book(slot_start_time="17:00")

    first = text(ann, "/planned?day=2026-11-25")
    second = text(ann, "/planned?day=2026-11-25&page=2")

    assert "1 to 50 of 100 planned" in first
    assert "51 to 100 of 100 planned" in second


def an_action_for(*emails: str) -> Json:
    return {
        "type": "send_calendar_invite_to_anyone",
        "emails": list(emails),
        "email_subject": "s",
        "email_body": "<p>b</p>",
        "calendar_invite_subject": "s",
        "calendar_invite_body": "<p>b</p>",
    }


def test_pause_resume_and_skip_lead_back_to_the_day(ann: Visitor) -> None:
    a_reminder(ann.client)
    ann.client.book()
    path = f"/deliveries/{the_delivery(ann.client)['id']}"
    day = "month=2026-11&day=2026-11-25"
    ann.get(f"/planned?{day}")

    response = ann.post(f"{path}/pause", {"back": day})
    assert response.headers["location"] == f"/planned?{day}&done=paused"
    page = text(ann, response.headers["location"])
    assert "The delivery is paused" in page
    assert "paused by ann@example.com at 2026-11-24 12:00 UTC" in page
    assert "1 paused" in page

    assert "due as before" in told(ann, f"{path}/resume", {"back": day})
    page = told(ann, f"{path}/skip", {"back": day})
    assert "it is never sent" in page
    assert "Nothing is planned on this day" in page
    assert (the_delivery(ann.client)["state"], the_delivery(ann.client)["reason"]) == (
        "cancelled",
        "skipped by ann@example.com",
    )


def test_the_page_of_a_delivery_tells_who_did_what_and_has_the_buttons(ann: Visitor) -> None:
    a_reminder(ann.client)
    ann.client.book()
    path = f"/deliveries/{the_delivery(ann.client)['id']}"

    assert "Pause Skip" in text(ann, path)
    assert "Resume Skip" in told(ann, f"{path}/pause")
    told(ann, f"{path}/resume")
    page = told(ann, f"{path}/skip")

    for deed in ("paused", "resumed", "skipped"):
        assert f"24 Nov 2026, 13:00 {deed} by ann@example.com" in page or (
            f"24 Nov 2026, 12:00 {deed} by ann@example.com" in page
        )
    assert "Pause" not in page
    booking = text(ann, f"/bookings/{the_delivery(ann.client)['booking_id']}")
    assert "skipped by ann@example.com" in booking


def test_what_is_resumed_too_late_says_so(ann: Visitor) -> None:
    a_reminder(ann.client)
    ann.client.book()
    path = f"/deliveries/{the_delivery(ann.client)['id']}"
    ann.get(path)
    ann.post(f"{path}/pause")
    ann.client.clock.advance(4 * HOUR)
    ann.get(path)
    ann.client.clock.advance(DAY)
    ann.sign_in()
    ann.get("/overview")

    page = told(ann, f"{path}/resume")

    assert "too late to be sent" in page
    assert "expired" in page


def test_what_cannot_be_done_is_told_on_the_page_of_the_delivery(ann: Visitor) -> None:
    a_reminder(ann.client)
    ann.client.book()
    path = f"/deliveries/{the_delivery(ann.client)['id']}"
    ann.get(path)
    ann.post(f"{path}/skip")

    response = ann.post(f"{path}/pause")

    assert response.status_code == 409
    assert "only what waits can be paused; this delivery is cancelled" in response.text


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example/", "\r\nSet-Cookie: a=b", "x" * 3000])
def test_nobody_is_led_elsewhere(ann: Visitor, back: str) -> None:
    a_reminder(ann.client)
    ann.client.book()
    path = f"/deliveries/{the_delivery(ann.client)['id']}"
    ann.get(path)

    response = ann.post(f"{path}/pause", {"back": back})

    assert response.status_code == 422 or response.headers["location"].startswith("/planned?")
    assert "set-cookie" not in response.headers


def test_a_viewer_looks_and_changes_nothing(client: Client) -> None:
    a_reminder(client)
    client.book()
    vic = signed_in(client, role="viewer")
    path = f"/deliveries/{the_delivery(client)['id']}"

    page = text(vic, "/planned?day=2026-11-25")

    assert "ada@example.org" in page
    assert "Skip" not in page.replace("Skip to content", "")
    for deed in ("pause", "resume", "skip"):
        assert vic.post(f"{path}/{deed}").status_code == 403


def test_of_another_workspace_nothing_is_shown_or_done(ann: Visitor) -> None:
    neighbour = ann.client.neighbour()
    a_reminder(neighbour)
    neighbour.book()
    delivery = the_delivery(neighbour)

    assert cells(ann.get("/planned?month=2026-11").text) == {}
    ann.get("/planned")
    for deed in ("pause", "resume", "skip"):
        assert ann.post(f"/deliveries/{delivery['id']}/{deed}").status_code == 404
        assert ann.client.v2.post(f"/deliveries/{delivery['id']}/{deed}").status_code == 404


# The API


def test_a_program_pauses_resumes_and_skips(client: Client) -> None:
    a_reminder(client)
    client.book()
    delivery = the_delivery(client)
    path = f"/deliveries/{delivery['id']}"

    paused = client.v2.post(f"{path}/pause").json()["delivery"]
    assert (paused["state"], paused["next_attempt_at"]) == ("paused", None)
    assert paused["reason"].startswith("paused by API key ")
    resumed = client.v2.post(f"{path}/resume").json()["delivery"]
    assert (resumed["state"], resumed["reason"], resumed["next_attempt_at"]) == ("scheduled", None, delivery["due_at"])
    skipped = client.v1.post(f"{path}/skip").json()["delivery"]
    assert (skipped["state"], skipped["settled_at"]) == ("cancelled", "2026-11-24T12:00:00Z")
    assert skipped["reason"].startswith("skipped by API key ")

    client.clock.advance(2 * DAY)
    client.drain()
    assert client.letterbox.envelopes == []
    (rule,) = client.v2.get(f"/bookings/{delivery['booking_id']}/explain").json()["rules"]
    assert [one["name"] for one in rule["deliveries"][0]["steps"]] == [
        *("planned", "paused", "resumed", "skipped", "cancelled"),
    ]


def test_what_is_on_its_way_is_not_paused(client: Client) -> None:
    client.a_rule(client.a_link())
    client.book()
    now = client.clock()
    (taken,) = client.app.store.queue.claim(worker="w", now=now, lease_ends=now + MINUTE, limit=1)
    assert taken.state is State.SENDING

    for deed in ("pause", "skip"):
        assert "on its way now" in refusal(client.v2.post(f"/deliveries/{taken.id}/{deed}"), 409)
    assert "only a paused delivery" in refusal(client.v2.post(f"/deliveries/{taken.id}/resume"), 409)


def test_a_key_needs_the_scope_that_retry_needs(client: Client) -> None:
    a_reminder(client)
    client.book()
    path = f"/deliveries/{the_delivery(client)['id']}"

    for deed in ("pause", "resume", "skip"):
        refusal(client.with_key("deliveries:read").v2.post(f"{path}/{deed}"), 403)
    assert client.with_key("deliveries:write").v2.post(f"{path}/pause").status_code == 200
    assert client.letterbox.outcome == ACCEPTED
