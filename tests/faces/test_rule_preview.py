"""The preview beside the form: messages and entries as their recipients see them, and never an error page."""

from datetime import timedelta

import pytest

from tests.faces.client import Client, an_action, made
from tests.faces.test_rule_editor import Editor, opened, sent
from tests.faces.visitor import Visitor, signed_in
from tocsin.web.calendar_entry import entry_of, properties

PREVIEW = "/rules/preview"


@pytest.fixture
def ann(client: Client) -> Visitor:
    """Give an admin who is signed in."""
    return signed_in(client)


def a_form(ann: Visitor) -> Editor:
    if not ann.client.v2.get("/meetings").json()["meetings"]:
        ann.client.a_link(spot="zoom", spot_details="https://meet.example.com/room")
    return opened(ann, "/rules/new?starter=invite-client")


def test_it_is_a_part_of_a_page_that_keeps_nothing(ann: Visitor) -> None:
    form = a_form(ann)
    before = ann.client.counts()

    response = sent(ann, PREVIEW, form.sent("preview"))

    assert response.status_code == 200
    assert "<html" not in response.text
    assert "<strong>alex@example.com</strong>" in response.text
    assert "Introduction with Oliver" in response.text
    assert 'sandbox srcdoc="' in response.text
    assert "Leaves Tuesday, 24 November 2026 at 13:00 (Europe/Berlin, GMT+1)" in response.text
    assert "10:00 – 10:30 (Europe/Berlin)" in response.text
    assert "Oliver (invites@tocsin.example)" in response.text
    assert "Alex Example (alex@example.com)" in response.text
    assert ann.client.counts() == before


def test_without_a_script_the_whole_page_shows_it_with_what_was_typed(ann: Visitor) -> None:
    form = a_form(ann)

    response = sent(
        ann, "/rules/new", form.sent("preview", actions__0__calendar_invite_subject="Tea with {{client.name}}")
    )

    assert "Tea with Alex Example" in response.text
    assert dict(Editor(response.text).pairs)["actions-0-calendar_invite_subject"] == "Tea with {{client.name}}"


def test_everybody_is_shown_in_his_own_zone_and_language_or_in_one_that_is_chosen(ann: Visitor) -> None:
    form = a_form(ann)
    made(ann.client.v2.put("/recipients/bob@example.org", {"time_zone": "Asia/Tokyo", "locale": "ja"}))
    to_both = {"actions__0__emails": "ada@example.org\nbob@example.org"}

    both = sent(ann, PREVIEW, form.sent("preview", **to_both)).text
    bob = sent(ann, PREVIEW, form.sent("preview", preview_recipient="bob@example.org", **to_both)).text
    utc = sent(ann, PREVIEW, form.sent("preview", preview_zone="UTC", **to_both)).text

    assert both.count("<iframe") == 2
    assert "<strong>ada@example.org</strong>" not in bob
    assert "2026年11月25日水曜日<br>18:00 – 18:30 (Asia/Tokyo)" in bob
    assert '<option value="ada@example.org">' in bob
    assert '<option value="bob@example.org" selected>' in bob
    assert "09:00 – 09:30 (UTC)" in utc


def test_it_can_be_about_one_of_the_latest_bookings_of_the_links(ann: Visitor) -> None:
    form = a_form(ann)
    booking = ann.client.book(name="Grace Hopper")
    ann.client.a_link(slug="other", name="Other")
    ann.client.book(meeting_slug="other", name="Somebody Else", slot_start_time="17:00")

    response = sent(ann, PREVIEW, form.sent("preview", preview_booking=booking["id"]))

    assert "the booking of Grace Hopper" in response.text
    assert f'<option value="{booking["id"]}" selected>' in response.text
    assert "Somebody Else" not in response.text
    assert "a sample booking of Alex" in sent(ann, PREVIEW, form.sent("preview", preview_booking="gone")).text


def test_an_unfinished_rule_says_what_is_missing(ann: Visitor) -> None:
    form = a_form(ann)

    response = sent(
        ann, PREVIEW, form.sent("preview", actions__0__email_body="<p", preview_zone="Mars/Base", link="nothing")
    )
    empty = sent(ann, PREVIEW, [("_token", dict(form.pairs)["_token"])])

    assert response.status_code == 200
    assert "Action 1, mail: " in response.text
    assert empty.status_code == 200
    assert "Scheduling links: choose at least one" in empty.text
    zone = sent(ann, PREVIEW, form.sent("preview", preview_zone="Mars/Base"))
    assert "Mars/Base" in zone.text
    assert zone.status_code == 200
    link = sent(ann, PREVIEW, form.sent("preview", link="nothing"))
    assert "Scheduling links: there is no scheduling link" in link.text


@pytest.mark.parametrize(
    "fields",
    [
        {"actions__0__type": "nonsense"},
        {"event": "recipient_removed"},
        {"event": "\0"},
        {"actions__0__emails": "\x07" * 10},
        {"conditions__0__field": "x", "conditions__0__operator": "y"},
        {"conditions__3__field": "booking.hour", "conditions__3__operator": "at_least", "conditions__3__value": "x\ny"},
        {"conditions__3__field": "client.domain", "conditions__3__operator": "is", "conditions__3__time_zone": "UTC"},
        {"offsets__0__number": "9" * 40, "event": "before_meeting_starts"},
        {"preview_booking": "\0"},
        {"preview_booking": "x" * 100},
        {"link": "\0"},
        {"name": "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")},
        {"preview_zone": "\0"},
        {"revision": "\0"},
    ],
)
def test_whatever_is_typed_is_answered_by_a_page(ann: Visitor, fields: dict[str, str]) -> None:
    form = a_form(ann)

    for path in (PREVIEW, "/rules/new"):
        assert sent(ann, path, form.sent("preview", **fields)).status_code == 200
    assert sent(ann, "/rules/new", form.sent("save", **fields)).status_code in (303, 422)
    assert ann.post_pairs("/rules/new", [("_token", dict(form.pairs)["_token"])]).status_code == 200


def test_a_condition_that_does_not_hold_is_told(ann: Visitor) -> None:
    form = a_form(ann)
    fields = {
        "conditions__0__field": "client.domain",
        "conditions__0__operator": "is",
        "conditions__0__value": "example.org",
    }

    response = sent(ann, PREVIEW, form.sent("preview", **fields))

    assert "would not be sent" in response.text
    assert "client.domain" in response.text


def test_calls_and_plain_mails_have_no_entry(ann: Visitor) -> None:
    form = a_form(ann)
    fields = {"actions__0__type": "call_webhook", "actions__0__url": "https://hooks.example.org/bookings"}

    response = sent(ann, PREVIEW, form.sent("preview", **fields))

    assert "<strong>https://hooks.example.org/bookings</strong>" in response.text
    assert "Called Tuesday" in response.text
    assert "delivery_id" in response.text
    assert 'class="day' not in response.text


def test_a_cancelled_entry_is_shown_as_taken_out(ann: Visitor) -> None:
    form = a_form(ann)
    booking = ann.client.book()
    ann.client.a_rule({"id": dict(form.pairs)["link"]}, actions=[an_action(emails=["ada@example.org"])])
    ann.client.clock.advance(timedelta(minutes=1))
    ann.client.book(slot_start_time="17:00")
    ann.client.drain()
    log = ann.client.v2.get("/bookings").json()["bookings"]
    told = next(one["id"] for one in log if one["id"] != booking["id"])

    response = sent(
        ann,
        PREVIEW,
        form.sent("preview", event="booking_cancelled", actions__0__emails="ada@example.org", preview_booking=told),
    )

    assert "Taken out of the calendar" in response.text


LINES = [
    "BEGIN:VCALENDAR", "METHOD:REQUEST", "BEGIN:VEVENT", "DTSTART:20261124T221500Z", "DTEND:20261125T0", " 04500Z",
    "SUMMARY:A\\, b\\; c \\\\n d", 'ORGANIZER;CN="Ann: the; host":mailto:ann%2Bx@example.com', "DESCRIPTION:one\\ntwo",
    "ATTENDEE;ROLE=REQ-PARTICIPANT:mailto:bob@example.org", "END:VEVENT", "END:VCALENDAR", "",
]  # fmt: skip


def test_an_entry_is_read_as_it_is_written() -> None:
    entry = entry_of("\r\n".join(LINES), time_zone="Asia/Kolkata", locale="en")

    assert entry.title == "A, b; c \\n d"
    assert entry.notes == "one\ntwo"
    assert entry.organizer == "Ann: the; host (ann+x@example.com)"
    assert entry.attendees == ["bob@example.org"]
    assert (entry.weekday, entry.day, entry.month) == ("Wed", "25", "Nov")
    assert entry.date == "Wednesday, 25 November 2026"
    assert entry.times == "03:45 – 06:15 (Asia/Kolkata)"
    # From the full hour before it to the one after it, half an hour off from UTC.
    assert [hour.label for hour in entry.hours] == ["03:00", "04:00", "05:00", "06:00", "07:00"]
    assert (entry.top, entry.height) == (33, 110)
    assert [name for name, _, _ in properties("\r\n".join(LINES))][:2] == ["METHOD", "DTSTART"]


def test_a_meeting_of_days_does_not_make_the_page_longer_than_a_day() -> None:
    long = "\r\n".join(LINES).replace("20261125T0\r\n 04500Z", "20261205T004500Z")

    entry = entry_of(long, time_zone="UTC", locale="en")

    assert len(entry.hours) == 11
    assert entry.top + entry.height <= entry.hours[-1].y
