"""What the pages show and do: overview, bookings, deliveries."""

import csv
import io
import re
from html import unescape
from urllib.parse import urlencode

import pytest

from tests.builders import DAY, HOUR, a_report
from tests.faces.client import REFUSED, Client, Json, an_action, at, made, rule_body
from tests.faces.dry_runs import kept
from tests.faces.test_other_actions import FULL
from tests.faces.visitor import Visitor, signed_in
from tests.sources.senders import connected_to
from tocsin.domain.delivery import Outcome, Result
from tocsin.mail.capture import CaptureMailer
from tocsin.web import deliveries as pages
from tocsin.web.fields import Form
from tocsin.web.views import PAGES
from tocsin.web.visit import Page
from tocsin.workers.callers import drain_calls

LATER = Outcome(result=Result.TEMPORARY, code=451, enhanced_code="4.7.1", reply="greylisted")


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin who is signed in."""
    return signed_in(client)


def text(visitor: Visitor, path: str) -> str:
    """Return the words of a page, with single spaces."""
    response = visitor.get(path)
    assert response.status_code == 200, response.text
    shown = re.sub(r"<title>.*?</title>(?=\s*<link)", "", response.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", shown)).split())


def told(visitor: Visitor, path: str, fields: dict[str, str] | None = None) -> str:
    """Send a form that goes well; return the words of the page that it leads to."""
    response = visitor.post(path, fields)
    assert response.status_code == 303, response.text
    return text(visitor, response.headers["location"])


def a_booking(ann: Visitor, **fields: object) -> Json:
    """Return a booking whose page was looked at, of a link with a rule."""
    if not ann.client.v2.get("/meetings").json()["meetings"]:
        ann.client.a_rule(ann.client.a_link(), name="Invitation")
    booking = ann.client.book(**fields)
    ann.get(f"/bookings/{booking['id']}")
    return booking


def a_password_link(ann: Visitor) -> str:
    """Return what the address of a link ends in with which somebody chooses a password."""
    ann.get("/settings/people")
    page = ann.post("/settings/people/add", {"email": "vic@example.com", "role": "viewer"}).text
    found = re.search(r"/password/([0-9a-f.-]+)", page)
    assert found is not None, page
    return found[1]


def state(ann: Visitor, booking: Json) -> Json:
    found: Json = ann.client.v2.get(f"/bookings/{booking['id']}").json()["booking"]
    return found


# Overview


def test_an_empty_workspace_is_told_what_to_do_first(ann: Visitor) -> None:
    assert "There is no scheduling link yet" in text(ann, "/overview")
    link = ann.client.a_link()
    assert "There is no rule yet" in text(ann, "/overview")
    ann.client.a_rule(link)
    assert "Once a client books" in text(ann, "/overview")
    ann.client.book()
    assert "What to do first" not in text(ann, "/overview")


def test_the_overview_counts_today_what_waits_and_what_failed(ann: Visitor) -> None:
    a_booking(ann)
    ann.client.drain()
    ann.client.letterbox.outcome = REFUSED
    a_booking(ann, slot_start_time="17:00")
    ann.client.drain()
    a_booking(ann, slot_start_time="18:00")

    page = text(ann, "/overview")

    assert "1 sent today" in page
    assert "1 waiting" in page
    assert "1 failed in 14 days" in page
    assert "nobody of that name The address is not good." in page
    assert "Of the last 2 attempts: 1 accepted; 1 refused for good." in page
    assert "24.11. 1 sent, 1 failed" in page
    assert "Answers: 2 needs action" in page


def test_a_day_is_one_of_the_workspaces_zone(ann: Visitor) -> None:
    a_booking(ann)
    ann.client.clock.now = at("2026-11-24T22:59:00+00:00")
    ann.client.drain()
    ann.sign_in()
    assert "1 sent today" in text(ann, "/overview")

    ann.client.clock.now = at("2026-11-24T23:01:00+00:00")  # one minute past midnight in Berlin
    assert "0 sent today" in text(ann, "/overview")
    a_booking(ann, slot_start_time="17:00")
    ann.client.drain()

    page = text(ann, "/overview")
    assert "1 sent today" in page
    assert "24.11. 1 sent; 25.11. 1 sent" in page


def test_what_is_overdue_is_told(ann: Visitor) -> None:
    a_booking(ann)
    assert "Late:" not in text(ann, "/overview")

    ann.client.clock.advance(HOUR)

    assert "Late: what has been due longest waits since 24 Nov 2026, 13:00" in text(ann, "/overview")


# Bookings


def test_bookings_are_found_by_name_address_link_time_and_status(ann: Visitor) -> None:
    other = ann.client.a_link(slug="other", name="Other")
    a_booking(ann, name="Eve Jones", email="eve@example.net", meeting_slug="other")
    cancelled = a_booking(ann, name="Ada Byron", email="ada@example.net", slot_start_time="17:00", meeting_slug="other")
    ann.client.v2.patch(f"/bookings/{cancelled['id']}", {"status": "cancelled"})

    def found(query: str) -> set[str]:
        page = text(ann, f"/bookings?{query}")
        return {name for name in ("Eve Jones", "Ada Byron") if name in page}

    assert found("") == {"Eve Jones", "Ada Byron"}
    assert found("q=jon") == {"Eve Jones"}
    assert found("client=ADA@example.net") == {"Ada Byron"}
    assert found(f"link={other['id']}&when=upcoming") == {"Eve Jones"}
    assert found("link=none") == set()
    assert found("when=cancelled") == {"Ada Byron"}
    assert found("status=confirmed") == {"Eve Jones"}
    assert found("status=awaiting_approval") == set()
    assert found("when=past") == set()
    ann.client.clock.advance(3 * DAY)
    assert "/sign-in" in ann.get("/bookings").headers["location"]


@pytest.mark.parametrize("query", ["when=never", "status=good", "page=0", "page=x", "page=1000000", "q=%00"])
def test_a_filter_that_cannot_be_is_told(ann: Visitor, query: str) -> None:
    response = ann.get(f"/bookings?{query}")

    assert response.status_code == 422
    assert query.partition("=")[0] in response.text


def test_a_long_list_comes_in_parts_that_keep_the_filters(ann: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("bookings", "paging"):
        monkeypatch.setattr(f"tocsin.web.{module}.SHOWN", 2)
    for hour in ("09", "10", "11"):
        a_booking(ann, slot_start_time=f"{hour}:00")

    page = ann.get("/bookings?q=eve&done=moved")
    assert "1 to 2 of 3 bookings" in page.text
    assert 'href="/bookings?q=eve&amp;page=2" rel="next"' in page.text
    last = ann.get("/bookings?q=eve&page=2")
    assert "3 to 3 of 3 bookings" in last.text
    assert 'href="/bookings?q=eve&amp;page=1" rel="prev"' in last.text
    assert 'rel="next"' not in last.text


def test_a_booking_tells_what_happened_why_and_who_answered(ann: Visitor) -> None:
    booking = a_booking(ann)
    ann.client.drain()

    page = text(ann, f"/bookings/{booking['id']}")

    assert "Introduction, Wednesday, 25 November 2026 at 15:30 (Europe/Berlin, GMT+1) confirmed" in page
    assert "booking confirmed 24 Nov 2026, 13:00 ada@example.org sent" in page
    assert "accepted 250 2.0.0 taken" in page
    assert "Invitation fired yes the rule is switched on" in page
    assert "ada@example.org needs action the invite, SEQUENCE 0" in page
    assert text(ann, f"/bookings/{booking['sid']}") == page


def test_what_is_planned_stands_in_the_timeline_too(ann: Visitor) -> None:
    booking = a_booking(ann)
    meeting = ann.client.v2.get("/meetings").json()["meetings"][0]
    ann.client.a_rule(meeting, event="before_meeting_starts", offset_minutes=60)

    assert "before meeting starts 25 Nov 2026, 14:30 ada@example.org scheduled due 25 Nov 2026, 14:30" in text(
        ann, f"/bookings/{booking['id']}"
    )


def test_a_booking_is_moved_in_whatever_zone_somebody_names(ann: Visitor) -> None:
    booking = a_booking(ann, time_zone="Asia/Kathmandu")

    page = told(
        ann,
        f"/bookings/{booking['id']}/reschedule",
        {
            "slot_date": "2026-11-26",
            "slot_start_time": "16:45",
            "time_zone": "Europe/Berlin",
            "reschedule_reason": "a strike",
        },
    )

    assert "The booking is moved." in page
    assert "Thursday, 26 November 2026 at 16:45 (Europe/Berlin, GMT+1)" in page
    assert "Thursday, 26 November 2026 at 21:30 (Asia/Kathmandu, GMT+5:45)" in page
    assert "Why moved a strike" in page


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"slot_date": ""}, "slot_date", "fill this in"),
        ({"slot_date": "26.11.2026"}, "slot_date", "write a date such as"),
        ({"slot_date": "2026-02-30"}, "slot_date", "a day that exists"),
        ({"slot_date": "1969-12-31"}, "slot_date", "a year from 1970"),
        ({"slot_start_time": "25:00"}, "slot_start_time", "a time from 00:00"),
        ({"time_zone": "Berlin"}, "time_zone", "did you mean Europe/Berlin?"),
        ({"reschedule_reason": "x" * 501}, "reschedule_reason", "at most 500"),
        ({"reschedule_reason": "a\x00b"}, "reschedule_reason", "control character"),
        ({"slot_date": "2026-11-23"}, "slot_start_time", "would be over already"),
    ],
)
def test_a_wrong_field_is_told_in_its_place_and_what_was_typed_stays(
    ann: Visitor, wrong: dict[str, str], field: str, words: str
) -> None:
    booking = a_booking(ann)
    good = {
        "slot_date": "2026-11-26",
        "slot_start_time": "10:15",
        "time_zone": "Europe/Berlin",
        "reschedule_reason": "y",
    }

    response = ann.post(f"/bookings/{booking['id']}/reschedule", good | wrong)

    assert response.status_code == 422
    complaint = re.search(rf'<span class="error" id="reschedule-{field}-said">([^<]*)</span>', response.text)
    assert complaint is not None
    assert words in complaint[1]
    assert "<details open>" in response.text
    if "slot_start_time" not in wrong:
        assert 'value="10:15"' in response.text
    assert state(ann, booking)["starts_at"] == booking["starts_at"]


def test_a_time_at_the_end_of_the_calendar_is_refused_where_the_clients_year_is_another(ann: Visitor) -> None:
    booking = a_booking(ann, time_zone="Asia/Kathmandu")

    fields = {"slot_date": "2100-12-31", "slot_start_time": "23:00", "time_zone": "Europe/Berlin"}
    response = ann.post(f"/bookings/{booking['id']}/reschedule", fields)

    assert response.status_code == 422
    assert "choose a year from 1970 to 2100, in Asia/Kathmandu too" in response.text


def test_a_booking_is_cancelled_by_whom_and_why(ann: Visitor) -> None:
    booking = a_booking(ann)

    page = told(ann, f"/bookings/{booking['id']}/cancel", {"reason": "Eve is ill"})

    assert "The booking is cancelled." in page
    assert "Why off Eve is ill, by ann@example.com" in page
    assert state(ann, booking)["status"] == "cancelled"
    again = ann.post(f"/bookings/{booking['id']}/cancel")
    assert again.status_code == 409
    assert "the booking is cancelled already" in again.text


@pytest.mark.parametrize(("deed", "status"), [("approve", "confirmed"), ("reject", "rejected")])
def test_a_booking_that_awaits_approval_is_decided(ann: Visitor, deed: str, status: str) -> None:
    booking = a_booking(ann, status="awaiting_approval")

    told(ann, f"/bookings/{booking['id']}/{deed}", {"reason": "no time"})

    assert state(ann, booking)["status"] == status


def test_no_show_and_outcome_are_set_and_taken_back(ann: Visitor) -> None:
    booking = a_booking(ann)
    outcome = ann.client.v2.post("/meeting-outcomes", {"name": "Won"}).json()["meeting_outcome"]
    path = f"/bookings/{booking['id']}"

    assert "marked as no-show" in told(ann, f"{path}/no-show", {"no_show": "yes"})
    assert "no longer marked" in told(ann, f"{path}/no-show", {"no_show": "no"})
    assert "Outcome Won" in told(ann, f"{path}/outcome", {"meeting_outcome_id": outcome["id"]})
    assert "Outcome Won" not in told(ann, f"{path}/outcome", {"meeting_outcome_id": ""})
    assert ann.post(f"{path}/no-show", {"no_show": "perhaps"}).status_code == 422
    assert "no meeting outcome with this id" in ann.post(f"{path}/outcome", {"meeting_outcome_id": "x"}).text


def test_a_change_wakes_the_workers(ann: Visitor) -> None:
    booking = a_booking(ann)
    ann.client.app.bell.clear()

    told(ann, f"/bookings/{booking['id']}/no-show", {"no_show": "yes"})

    assert ann.client.app.bell.is_set()


def test_a_workspace_sees_and_changes_its_own_only(ann: Visitor) -> None:
    booking = a_booking(ann)
    bob = signed_in(ann.client.neighbour(), "bob@example.com")

    assert bob.get(f"/bookings/{booking['id']}").status_code == 404
    assert bob.post(f"/bookings/{booking['id']}/cancel").status_code == 404
    assert "Eve Jones" not in text(bob, "/bookings")
    assert state(ann, booking)["status"] == "confirmed"


# More of them are typed into the forms by tests/torture/test_bad_forms.py.
HOSTILE = ("a\0b", "x" * 10_000, "\u202e", "-1", "9" * 400)
# Nothing of the others comes as far as the database.
TAKEN_DIFFERENTLY = ("a\0b", "9" * 400)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.method} {page.path}")
def test_whatever_is_sent_a_page_never_fails(ann: Visitor, page: Page) -> None:
    booking = a_booking(ann)
    rule: str = ann.client.v2.get("/automation-rules").json()["workflows"][0]["id"]
    ann.client.drain()
    sent = the_delivery(ann)
    other = connected_to(ann.client, "generic")
    call = other.tells({"type": "unknown"})
    ids: dict[str, str] = {
        "/deliveries/": sent,
        "/mailbox/": sent,
        "/rules/": rule,
        "/bookings/": booking["id"],
        "/settings/links/": booking["meeting_id"],
        "/settings/sources/": other.source["id"],
        "/settings/members/": ann.client.v2.get("/team-members").json()["team_members"][0]["id"],
    }
    run = kept(ann.client, rule, report=a_report()).rpartition("/")[2]
    path = page.path.replace("{token}", a_password_link(ann)).replace("{call}", call["id"]).replace("{run}", run)
    path = next((path.replace("{id}", one) for begin, one in ids.items() if path.startswith(begin)), path)
    model = page.form if page.method == "POST" else page.query or Form
    is_remote = ann.client.app.store._database.dialect.is_remote

    for name in model.model_fields:
        for value in TAKEN_DIFFERENTLY if is_remote else HOSTILE:
            if page.method == "POST":
                ann.get(f"/bookings/{booking['id']}")
                ann.post(path, {name: value})
            else:
                ann.get(f"{path}?{urlencode({name: value})}")
    ann.sign_in()  # a password may have been changed meanwhile, but not that of Ann
    # Where there is no sign-in service, its pages say so.
    allowed = (404,) if path.startswith("/sign-in/openid") else (200, 303, 409)
    if page.method == "GET" and any(field.is_required() for field in model.model_fields.values()):
        allowed = (422,)  # it asks whether to do something, and nothing was named
    assert ann.get(path if page.method == "GET" else "/overview").status_code in allowed


# Deliveries


def test_the_log_is_filtered_by_its_address(ann: Visitor) -> None:
    booking = a_booking(ann)
    ann.client.drain()
    meeting = ann.client.v2.get("/meetings").json()["meetings"][0]
    rule = ann.client.a_rule(meeting, actions=[an_action(emails=["bob@example.org"])])
    ann.client.letterbox.outcome = REFUSED
    a_booking(ann, slot_start_time="18:00")
    ann.client.drain()

    def found(query: str) -> int:
        return ann.get(f"/deliveries?{query}").text.count('<td data-label="To">')

    assert found("") == 3
    assert found("state=failed") == 2
    assert found("recipient=bob%40example.org") == 1
    assert found(f"booking={booking['id']}") == 1
    assert found(f"rule={rule['id']}") == 1
    assert found("rule=none") == 0
    assert ann.get("/deliveries?state=lost").status_code == 422


def the_delivery(ann: Visitor) -> str:
    (found,) = ann.client.v2.get("/deliveries").json()["deliveries"]
    return str(found["id"])


def test_a_delivery_shows_its_message_as_it_was_received(ann: Visitor) -> None:
    a_booking(ann)
    path = f"/deliveries/{the_delivery(ann)}"
    assert "It is not written yet" in text(ann, path)
    assert ann.get(f"{path}/message").status_code == 409
    ann.client.drain()
    (envelope,) = ann.client.letterbox.envelopes

    page = ann.get(path)
    saved = ann.get(f"{path}/message")

    assert "sandbox srcdoc=" in page.text
    assert "&lt;h3&gt;Hello Eve Jones" in page.text
    assert "Meeting with Oliver" in page.text
    assert "SEQUENCE" in page.text
    assert saved.content == envelope.message
    assert saved.headers["content-disposition"] == 'attachment; filename="message.eml"'


def test_a_failed_delivery_says_what_to_do_and_is_retried(ann: Visitor) -> None:
    a_booking(ann)
    ann.client.letterbox.outcome = REFUSED
    ann.client.drain()
    path = f"/deliveries/{the_delivery(ann)}"
    page = text(ann, path)
    assert "The address is not good" in page
    assert "permanent 550 5.1.1 nobody of that name" in page

    assert "in the queue again" in told(ann, f"{path}/retry")

    again = ann.post(f"{path}/retry")
    assert again.status_code == 409
    assert "only a failed or expired delivery can be retried" in again.text


def test_what_waits_for_another_try_says_when(ann: Visitor) -> None:
    a_booking(ann)
    ann.client.letterbox.outcome = LATER
    ann.client.drain()

    page = text(ann, f"/deliveries/{the_delivery(ann)}")

    assert "Next attempt 24 Nov 2026, 13:0" in page
    assert "temporary 451 4.7.1 greylisted" in page


def test_the_log_is_saved_without_formulas(ann: Visitor) -> None:
    meeting = ann.client.a_link()
    ann.client.a_rule(meeting, actions=[an_action(emails=["=cmd@example.org", "+1@example.org", "ada@example.org"])])
    ann.client.book()
    ann.client.letterbox.outcome = Outcome(
        result=Result.PERMANENT, code=550, enhanced_code="5.1.1", reply='@SUM(1),"x"'
    )
    ann.client.drain()

    response = ann.get("/deliveries.csv?state=failed")

    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="deliveries.csv"'
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert {row["recipient"] for row in rows} == {"'=cmd@example.org", "'+1@example.org", "ada@example.org"}
    assert {row["reason"] for row in rows} == {'\'@SUM(1),"x"'}
    assert {row["state"] for row in rows} == {"failed"}
    assert ann.get("/deliveries.csv?state=sent").text.count("\n") == 1


def test_a_saved_log_ends_at_its_limit(ann: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_PART", 1)
    monkeypatch.setattr(pages, "MOST_EXPORTED", 2)
    for hour in ("09", "10", "11"):
        a_booking(ann, slot_start_time=f"{hour}:00")

    assert ann.get("/deliveries.csv").text.count("\n") == 3
    assert "the newest 2" in text(ann, "/deliveries")


def test_a_call_is_shown_as_its_body(ann: Visitor) -> None:
    call = {"type": "call_webhook", "url": "https://hooks.example.org/x"}
    made(ann.client.v2.post(FULL, rule_body(ann.client.a_link()["id"], actions=[call])))
    ann.client.book()
    drain_calls(ann.client.app.sender, CaptureMailer)

    page = text(ann, f"/deliveries/{the_delivery(ann)}")
    assert "The call Save the exact message The body" in page
    assert '"type": "booking_confirmed"' in page
    assert ann.get(f"/deliveries/{the_delivery(ann)}/message").headers["content-type"] == "application/json"
