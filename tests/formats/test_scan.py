"""Each kind of damage that a mistake in the writers could do, and that the scan must see."""

import base64
from dataclasses import replace

import pytest

from tests.formats.letters import a_letter, an_entry, an_invite
from tocsin.domain.invite import Invite, Method
from tocsin.formats import ics, mime, scan

CLEAN = mime.write(a_letter(references="b1.0.first@example.net", opt_out_url="https://example.net/opt-out/x"))
CALENDAR = ics.write(an_invite())
FROM = b'From: "Zoe Host" <bookings@example.net>'
TO = b'To: "Alice" <alice@example.com>'
SUBJECT = b"Subject: Invitation: Intro call"
PLAIN = b"Content-Type: text/plain; charset=utf-8"
ATTENDEE = 'ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN="Alice":mailto:alice@example.com'


def encoded(text: str) -> bytes:
    return b"=?utf-8?b?" + base64.b64encode(text.encode()) + b"?="


@pytest.mark.parametrize("method", Method)
def test_what_the_writers_write_is_clean(method: Method) -> None:
    assert scan.complaints(mime.write(a_letter(an_invite(method=method, summary="ü" * 200)))) == []
    assert scan.complaints(CLEAN) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"see you", b"see\0you", "NUL"),
        (b"see you", b"see\nyou", "CR or LF"),
        (b"see you", b"see\ryou", "CR or LF"),
        (SUBJECT, b"Subject: " + b"x" * 990, "more than 998 octets"),
        (b"\r\n\r\n", b"\r\n", "is not a header"),
        (CLEAN, SUBJECT, "no empty line"),
        (SUBJECT, b"Subject: \xff", "not UTF-8"),
        (SUBJECT, b"Subject:x", "is not a header"),
        (SUBJECT, b"Subject : x", "is not a header"),
        (SUBJECT, b"Subject: x\r\n\ty", "is not a header"),
        (SUBJECT, SUBJECT + b"\r\nBcc: x@y.example", "the header Bcc is not expected"),
        (SUBJECT, SUBJECT + b"\r\nsubject: x", "the header subject is not expected"),
        (SUBJECT, SUBJECT + b"\r\nContent-Class: Sharing", "the header Content-Class is not expected"),
        (SUBJECT, SUBJECT + b"\r\n" + SUBJECT, "the header Subject is there twice"),
        (TO, TO + b"\r\n" + TO, "the header To is there twice"),
        (SUBJECT + b"\r\n", b"", "the header Subject is missing"),
        (b"MIME-Version: 1.0\r\n", b"", "the header MIME-Version is missing"),
        (b"MIME-Version: 1.0", b"MIME-Version: 1.1", "MIME-Version is not of the form"),
        (b"auto-generated", b"no", "Auto-Submitted is not of the form"),
        (SUBJECT, "Subject: ü".encode(), "Subject is not of the form"),
        (SUBJECT, b"Subject: a\x07b", "Subject is not of the form"),
        (SUBJECT, b"Subject: x " + encoded("y"), "Subject is not of the form"),
        (SUBJECT, b"Subject: =?utf-8?q?hi?=", "Subject is not of the form"),
        (SUBJECT, b"Subject: " + encoded("hi\r\nBcc: x@y.example"), "Subject is not of the form"),
        (SUBJECT, b"Subject: " + encoded("=?utf-8?q?x?="), "Subject is not of the form"),
        (SUBJECT, b"Subject: " + encoded("\u202ex"), "Subject is not of the form"),
        (SUBJECT, b"Subject: =?utf-8?b?w7?=", "Subject is not of the form"),
        (SUBJECT, b"Subject: =?utf-8?b?ww==?= =?utf-8?b?vA==?=", "Subject is not of the form"),
        (FROM, b"From: bookings@example.net, x@y.example", "From is not of the form"),
        (FROM, b"From: Zoe <bookings@example.net>", "From is not of the form"),
        (FROM, b'From: "Zoe" Host" <bookings@example.net>', "From is not of the form"),
        (FROM, b'From: "=?utf-8?q?x?=" <bookings@example.net>', "From is not of the form"),
        (TO, b'To: "A" <alice@example.com>, "B" <b@example.com>', "To is not of the form"),
        (TO, b"To: group: alice@example.com;", "To is not of the form"),
        (TO, b"To: ali ce@example.com", "To is not of the form"),
        (TO, b"To: alice@example.com@example.org", "To is not of the form"),
        (TO, "To: ali\u202ece@example.com".encode(), "To is not of the form"),
        (TO, b"To: =?utf-8?b?YQ==?=@example.com", "To is not of the form"),
        (b"Reply-To: zoe@example.net", b"Reply-To: zoe@example.net,x@y.example", "Reply-To is not of the form"),
        (b"Message-ID: <", b"Message-ID: <a b", "Message-ID is not of the form"),
        (b"References: <b1.0.first@example.net>", b"References: <other@example.net>", "References and In-Reply-To differ"),
        (b"References: <b1.0.first@example.net>\r\n", b"", "References and In-Reply-To differ"),
        (b"<https://", b"<ftp://", "List-Unsubscribe is not of the form"),
        (b"<https://example", b"<https://exa mple", "List-Unsubscribe is not of the form"),
        (b"<https://", b"<mailto:x@y.example>, <https://", "List-Unsubscribe is not of the form"),
        (b"opt-out/x>", b"opt-out/x", "List-Unsubscribe is not of the form"),
        (b"opt-out/x>", "opt-out/ü>".encode(), "List-Unsubscribe is not of the form"),
        (b"=One-Click", b"=Two-Clicks", "List-Unsubscribe-Post is not of the form"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b"", "are not there together"),
        (b"List-Unsubscribe: <https://example.net/opt-out/x>\r\n", b"", "are not there together"),
        (b"Date: Tue, 24 Nov 2026", b"Date: Di, 24 Nov 2026", "Date is not of the form"),
        (b"multipart/mixed", b"multipart/related", "is not multipart/mixed"),
        (b'="=_mix_', b'="other_', "is not multipart/mixed"),
        (b"multipart/alternative", b"multipart/related", "is not multipart/alternative"),
        (b"\r\n\r\n--=_mix_", b"\r\n\r\npreamble\r\n--=_mix_", "does not consist of 2 parts"),
        (b'="=_mix_', b'="=_mux_', "does not consist of 2 parts"),
        (CLEAN, CLEAN + b"epilogue", "does not consist of 2 parts"),
        (b'="=_alt_', b'="=_elt_', "does not consist of 3 parts"),
        (PLAIN, PLAIN + b"\r\nContent-Disposition: attachment", "are not plain text, HTML, calendar"),
        (b"text/html", b"text/enriched", "are not plain text, HTML, calendar"),
        (b"method=REQUEST", b"method=request", "are not plain text, HTML, calendar"),
        (b"method=REQUEST", b"method=REQUEST; name=x", "are not plain text, HTML, calendar"),
        (b"filename=", b"filename*=", "are not plain text, HTML, calendar"),
        (b"method=REQUEST", b"method=CANCEL", "is not one VCALENDAR"),
        (b"see you", b"see =you", "the plain part is not quoted-printable"),
        (b"see you", b"see y\xc3\xb6u", "the plain part is not quoted-printable"),
        (b"see you", b"see you " * 10, "the plain part is not quoted-printable"),
        (b"<p>see", b"<p>see \r\n", "the HTML part is not quoted-printable"),
    ],
)  # fmt: skip
def test_a_damaged_message_does_not_pass(old: bytes, new: bytes, complaint: str) -> None:
    damaged = CLEAN.replace(old, new, 1)

    assert damaged != CLEAN
    assert any(complaint in each for each in scan.complaints(damaged)), scan.complaints(damaged)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("\r\nCLASS", "\nCLASS", "do not all end in CRLF"),
        ("END:VCALENDAR\r\n", "END:VCALENDAR", "do not all end in CRLF"),
        (CALENDAR, "", "not one VCALENDAR"),
        ("SUMMARY:", "SUMMARY:" + "x" * 75, "a line of more than 75 octets"),
        ("METHOD:REQUEST", "METHOD:PUBLISH", "with METHOD:REQUEST"),
        ("VERSION:2.0", "VERSION:1.0", "not one VCALENDAR"),
        ("PRODID:-//", "PRODID:", "not one VCALENDAR"),
        ("CALSCALE:GREGORIAN\r\n", "", "not one VCALENDAR"),
        ("END:VEVENT\r\n", "", "not one VCALENDAR"),
        ("CLASS:PUBLIC", "END:VEVENT\r\nBEGIN:VEVENT\r\nCLASS:PUBLIC", "the property END is not expected"),
        ("CLASS:PUBLIC", "BEGIN:VALARM\r\nEND:VALARM\r\nCLASS:PUBLIC", "the property BEGIN is not expected"),
        ("CLASS:PUBLIC", "CLASS:PUBLIC\r\nATTACH:file:///etc/passwd", "the property ATTACH is not expected"),
        ("CLASS:PUBLIC", "CLASS:PUBLIC\r\nX-ALT-DESC:x", "the property X-ALT-DESC is not expected"),
        ("CLASS:PUBLIC", "CLASS:PUBLIC\r\nCLASS:PUBLIC", "the property CLASS is there 2 times"),
        ("CLASS:PUBLIC", f"CLASS:PUBLIC\r\n{ATTENDEE[:75]}\r\n {ATTENDEE[75:]}", "the property ATTENDEE is there 2 times"),
        ("SUMMARY:Intro call\r\n", "", "the property SUMMARY is missing"),
        ("SEQUENCE:0\r\n", "", "the property SEQUENCE is missing"),
        ("SEQUENCE:0", "SEQUENCE:-1", "SEQUENCE is not of the expected form"),
        ("SEQUENCE:0", "SEQUENCE:one", "SEQUENCE is not of the expected form"),
        ("DTSTAMP:20261124T120000Z", "DTSTAMP:20261124T120000", "DTSTAMP is not of the expected form"),
        ("DTSTART:20261201T120000Z", "DTSTART;TZID=Europe/Berlin:20261201T120000", "DTSTART is not of the expected form"),
        ("DTEND:20261201T130000Z", "DTEND;VALUE=DATE:20261201", "DTEND is not of the expected form"),
        ("DTEND:20261201T130000Z", "DTEND:20261201T120000Z", "DTEND is not after DTSTART"),
        ("SUMMARY:Intro", "SUMMARY;LANGUAGE=en:Intro", "SUMMARY is not of the expected form"),
        ("SUMMARY:Intro", "SUMMARY:Intro;", "SUMMARY is not of the expected form"),
        ("SUMMARY:Intro", "SUMMARY:Intro\\x", "SUMMARY is not of the expected form"),
        ("SUMMARY:Intro", "SUMMARY:Intro\x07", "SUMMARY is not of the expected form"),
        ("URL:https:", "URL:javascript:", "URL is not of the expected form"),
        ("UID:", "UID: ", "UID is not of the expected form"),
        ("STATUS:CONFIRMED", "STATUS:CANCELLED", "STATUS is not of the expected form"),
        ("TRANSP:OPAQUE", "TRANSP:TRANSPARENT", "TRANSP is not of the expected form"),
        ("ORGANIZER;", "ORGANIZER;SENT-BY=x;", "ORGANIZER is not of the expected form"),
        ('CN="Zoe Host"', "CN=Zoe: Host", "ORGANIZER is not of the expected form"),
        ("mailto:bookings@example.net", "mailto:other@example.net", "ORGANIZER is not the address in From"),
        ("mailto:alice@example.com", "mailto:bob@example.com", "ATTENDEE is not the address in To"),
        (";RSVP=\r\n TRUE", "\r\n ", "ATTENDEE is not of the expected form in a REQUEST"),
        ("STATUS:CONFIRMED\r\n", "", "STATUS is missing"),
        ("X-MICROSOFT-DISALLOW-COUNTER:TRUE\r\n", "", "counter-proposals are taken where nobody reads them"),
    ],
)  # fmt: skip
def test_a_damaged_calendar_does_not_pass(old: str, new: str, complaint: str) -> None:
    damaged = CALENDAR.replace(old, new, 1)
    found = scan.complaints(mime.write(a_letter(calendar=damaged)))

    assert damaged != CALENDAR
    assert any(complaint in each for each in found), found


def test_the_organizer_may_carry_a_signed_reference_and_then_takes_counter_proposals() -> None:
    signed = f"bookings+r{'a' * 45}@example.net"
    heard = an_invite(organizer_email=signed)
    letter = a_letter(heard, from_address="bookings@example.net", reply_to=(signed, "zoe@example.net"))

    assert scan.complaints(mime.write(letter)) == []
    refusing = ics.write(heard).replace("END:VEVENT", "X-MICROSOFT-DISALLOW-COUNTER:TRUE\r\nEND:VEVENT")
    assert "counter-proposals" in scan.complaints(mime.write(replace(letter, calendar=refusing)))[0]
    other = ics.write(an_invite(organizer_email=signed.replace("+r", "+x")))
    assert "ORGANIZER is not the address in From" in scan.complaints(mime.write(replace(letter, calendar=other)))[0]


def test_each_address_that_an_answer_goes_to_is_looked_at() -> None:
    letter = a_letter(reply_to=("zoe@example.net", "Zoe <x@example.net>"))

    assert scan.complaints(mime.write(letter)) == ["Reply-To is not of the form in which Tocsin writes it"]


def test_the_attached_copy_must_be_the_same() -> None:
    other = mime.write(a_letter(an_invite(sequence=1), references="b1.0.first@example.net"))
    mixed = CLEAN[: CLEAN.index(b"application/ics")] + other[other.index(b"application/ics") :]

    assert scan.complaints(mixed) == ["the attached copy of the calendar is another"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"QkVHSU46", b"QkVHSU4*", "is not base64"),
        (b"\r\n", b"", "a line of the calendar part has more than 76 octets"),
    ],
)
def test_the_calendar_must_be_base64_in_short_lines(old: bytes, new: bytes, complaint: str) -> None:
    start = CLEAN.index(b"QkVHSU46")

    damaged = CLEAN[:start] + CLEAN[start:].replace(old, new, 1)

    assert complaint in scan.complaints(damaged)[-1]


def test_a_fold_inside_of_a_character_does_not_pass() -> None:
    calendar = ics.write(an_invite(summary="\ufffc")).encode().replace(b"\xef\xbf\xbc", b"\xef\r\n \xbf\xbc")
    escaped = calendar.decode(errors="surrogateescape")
    placeholder = ics.write(an_invite(summary="12345"))
    message = mime.write(a_letter(calendar=placeholder))
    old, new = (base64.encodebytes(each).rstrip().replace(b"\n", b"\r\n") for each in (placeholder.encode(), calendar))

    assert "\udcef" in escaped
    assert scan.complaints(message.replace(old, new)) == ["a line of the calendar is not UTF-8 by itself"]


def test_a_cancel_may_not_ask_for_an_answer() -> None:
    invite = Invite(entry=an_entry(method=Method.CANCEL), sequence=1, stamp=an_invite().stamp)
    calendar = ics.write(invite).replace("NEEDS-ACTION;", "NEEDS-ACTION;RSVP=TRUE;", 1)

    found = scan.complaints(mime.write(a_letter(invite, calendar=calendar)))

    assert "ATTENDEE is not of the expected form in a CANCEL" in found


@pytest.mark.parametrize(
    ("summary", "complaints"),
    [
        ("x" * (75 - len("SUMMARY:")), []),
        ("x" * (76 - len("SUMMARY:")), ["the calendar holds a line of more than 75 octets"]),
        ("a\rb", ["the calendar's lines do not all end in CRLF"]),
    ],
)
def test_a_line_of_the_calendar_has_75_octets_and_no_bare_cr(summary: str, complaints: list[str]) -> None:
    calendar = CALENDAR.replace("SUMMARY:Intro call", f"SUMMARY:{summary}")

    assert scan.complaints(mime.write(a_letter(calendar=calendar))) == complaints


def test_the_order_of_the_properties_does_not_matter() -> None:
    calendar = CALENDAR.replace("SEQUENCE:0\r\n", "").replace("CLASS:PUBLIC\r\n", "CLASS:PUBLIC\r\nSEQUENCE:0\r\n")

    assert scan.complaints(mime.write(a_letter(calendar=calendar))) == []
