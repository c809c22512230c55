"""Text of a booker or an admin that wants to become a header, a part, a recipient or a calendar property: it stays text."""

from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default as modern
from email.utils import getaddresses

import pytest
from icalendar import Calendar

from tests.faces.client import Client, an_action, booking_body
from tests.inspector import HEADERS

HOSTILE = [
    "=?UTF-8?Q?hi=0D=0ABcc:_x@y?=",
    "=?utf-8?b?aGkNCkJjYzogeEB5?= x",
    'Eve "Q" Jones',
    "Eve\\, Jones; x",
    "Eve\nBcc: x@example.com",
    "Eve\r\nBcc: x@example.com",
    "Eve\rBcc: x@example.com",
    "Eve\u2028Bcc: x@example.com",
    "Eve\x85Bcc: x@example.com",
    "Eve\x00Jones",
    "Eve\x0bJones",
    "END:VEVENT",
    "x\nEND:VEVENT\nBEGIN:VALARM",
    "ATTENDEE:mailto:x@example.com",
    "{{host.email}}",
    "{{client.name}} {{7*7}}",
    "<b>bold</b>",
    "<script>alert(1)</script>",
    "</p><img src=x onerror=alert(1)>",
    "&lt;b&gt; &amp; &#x41;",
    "Eve <x@example.com>, y@example.com",
    "Eve\u202egnirts",
    "\u202bEve",
    "-----boundary",
    "--==",
    "Ève Ünïcødé 👩‍💻 王",
    "x" * 100,
    "é" * 100,
    "a" * 90 + "\\n\\,\\;",
    "^n^'",
    "%0d%0aBcc:x",
    "Z\u0301\u0323",
    "\ud800",
    "javascript:alert(1)",
]
FIELDS = (
    "name",
    "preferred_meeting_spot",
    "spot_details",
    "room_url",
    "cancel_reason",
    "form_responses",
    "email",
    "time_zone",
    "meeting_slug",
    "host_email",
)
# Fields with a grammar of their own, in which none of these texts is right.
STRICT = ("room_url", "email", "time_zone", "meeting_slug", "host_email")
VARIABLES = "{{client.name}}|{{client.first_name}}|{{client.email}}|{{booking.cancel_reason}}|{{meeting.join_url}}"
BODY = "<p>{{client.name}}|{{booking.cancel_reason}}|{{meeting.name}}|{{meeting.description}}|{{host.name}}</p>"


def shape(message: bytes) -> tuple[list[str], list[str], list[str]]:
    """Return all that could be smuggled in: headers, parts with their own headers, and calendar properties."""
    parsed = message_from_bytes(message, policy=modern)
    parts = [f"{part.get_content_type()}{sorted(part.keys()) if part is not parsed else ''}" for part in parsed.walk()]
    entry = next(part for part in parsed.walk() if part.get_content_type() == "text/calendar")
    content = entry.get_payload(decode=True)
    assert isinstance(content, bytes)
    calendar = Calendar.from_ical(content)
    properties = [f"{name}" for name, _ in calendar.property_items()]
    return sorted(name.lower() for name in parsed.keys()), parts, properties  # noqa: SIM118  a header can come twice


def text_parts(letter: EmailMessage) -> dict[str, str]:
    return {
        part.get_content_type(): part.get_payload(decode=True).decode()  # type: ignore[union-attr]
        for part in letter.walk()
        if part.get_content_maintype() == "text"
    }


def prepared(client: Client) -> None:
    """Make rules that say all that a booker wrote, everywhere."""
    link = client.a_link(description="A talk")
    action = an_action(
        emails=["{{client.email}}"],
        email_subject=VARIABLES,
        email_body=BODY,
        calendar_invite_subject=VARIABLES,
        calendar_invite_body=BODY,
    )
    for event in ("booking_confirmed", "booking_cancelled"):
        client.a_rule(link, event=event, actions=[action])


def written(client: Client, number: int, field: str, text: str) -> bytes | None:
    """Make a booking with `text` in `field`, or cancel one for that reason; return the message about it if it is taken."""
    body = booking_body(slot_start_time=f"{number % 24:02d}:00", slot_date=f"2026-12-{1 + number // 24:02d}")
    if field != "cancel_reason":
        body[field] = {"q": text} if field == "form_responses" else text
    response = client.v2.post("/bookings", body)
    if response.status_code == 201 and field == "cancel_reason":
        client.drain()
        change = {"status": "cancelled", "cancel_reason": text}
        response = client.v2.patch(f"/bookings/{response.json()['booking']['id']}", change)
    if response.status_code == 422:
        return None
    client.letterbox.envelopes.clear()
    client.drain()
    (envelope,) = client.letterbox.envelopes
    assert envelope.recipient == body["email"]
    return envelope.message


@pytest.mark.parametrize("field", FIELDS)
def test_what_a_booker_writes_stays_text_in_every_field(sqlite_client: Client, field: str) -> None:
    client = sqlite_client
    prepared(client)
    plain = written(client, 0, "cancel_reason" if field == "cancel_reason" else "name", "plain")
    assert plain is not None
    headers, parts, properties = shape(plain)
    accepted = set()

    for number, text in enumerate(HOSTILE):
        message = written(client, number + 1, field, text)
        if message is None:
            continue
        accepted.add(text)
        found = shape(message)
        assert found[:2] == (headers, parts), text
        # A place is only there if there is one.
        assert [name for name in found[2] if name != "LOCATION"] == properties, text
        assert found[2].count("LOCATION") <= 1, text
        letter = message_from_bytes(message, policy=modern)
        assert [address for _, address in getaddresses([str(letter["To"])])] == ["eve@example.net"], text

    # So that the test does not pass because everything is refused.
    if field in STRICT:
        assert not accepted
    else:
        assert {text for text in HOSTILE if text.isprintable()} <= accepted
    assert set(headers) <= HEADERS


@pytest.mark.parametrize(
    "name",
    ["{{host.email}}", "<b>bold</b>", 'Eve "Q" Jones', "END:VEVENT", "&lt;b&gt;", "Ève 👩‍💻 王", "Eve\\, Jones; x"],
)
def test_a_name_appears_as_typed_everywhere(client: Client, name: str) -> None:
    prepared(client)

    client.book(name=name)
    client.drain()

    (letter,) = client.letterbox.letters("eve@example.net")
    texts = text_parts(letter)
    calendar = Calendar.from_ical(texts["text/calendar"])
    (entry,) = calendar.walk("VEVENT")
    assert str(letter["Subject"]).startswith(f"{name}|")
    assert f"{name}|" in texts["text/plain"]
    assert "<b>" not in texts["text/html"]
    assert str(entry["SUMMARY"]).startswith(f"{name}|")
    assert f"{name}|" in str(entry["DESCRIPTION"])
    assert str(make_header(decode_header(letter["To"].addresses[0].display_name))) == name


def test_an_encoded_word_is_taken_apart(client: Client) -> None:
    prepared(client)

    client.book(name=HOSTILE[0])
    client.drain()

    (letter,) = client.letterbox.letters("eve@example.net")
    assert "= ?UTF-8?Q?hi=0D=0ABcc:_x@y?=" in str(letter["Subject"])
    assert letter["Bcc"] is None


@pytest.mark.parametrize("field", ["name", "description"])
@pytest.mark.parametrize("text", HOSTILE)
def test_what_an_admin_writes_on_a_link_stays_text(both: tuple[Client, Client], field: str, text: str) -> None:
    client = both[0]
    slug = f"{field}-{HOSTILE.index(text)}"
    hosts = [f"{slug}@example.com"]
    body = {"slug": slug, "name": "Link", "hosts": hosts, "duration": 30} | {field: text}
    response = client.v2.post("/meetings", body)
    client.letterbox.envelopes.clear()
    if response.status_code != 201:
        assert response.json()["field_errors"][0]["field"] == field
        return
    action = an_action(email_subject="{{meeting.name}}", email_body=BODY, calendar_invite_body=BODY)
    client.a_rule(response.json()["meeting"], actions=[action])

    client.book(meeting_slug=slug)
    client.drain()

    (envelope,) = client.letterbox.envelopes
    headers, parts, properties = shape(envelope.message)
    assert set(headers) <= HEADERS
    assert len(set(headers)) == len(headers)
    assert [part.partition("[")[0] for part in parts].count("text/calendar") == 1
    assert properties.count("BEGIN") == 2
    assert properties.count("ATTENDEE") == 1
    assert "ATTACH" not in properties
