"""Every letter, whatever is in it, passes the scan and is read alike by programs that share no code with us."""

import email.policy
import warnings
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote

import icalendar
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.formats.letters import HOSTILE_TEXTS, RECIPIENT, a_letter, an_invite, hostile_text
from tests.formats.stock import mailbox
from tocsin.domain.invite import Invite, Method
from tocsin.domain.letter import Letter
from tocsin.domain.text import one_line, several_lines
from tocsin.formats import ics, mime, scan

with warnings.catch_warnings():
    # vobject is older than the warnings of the modules that it imports.
    warnings.simplefilter("ignore", DeprecationWarning)
    import vobject

HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "References", "In-Reply-To", "Reply-To", "Auto-Submitted", "MIME-Version",
    "Content-Type",
]  # fmt: skip
PARTS = [
    "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "application/ics",
]  # fmt: skip

addresses = st.sampled_from([RECIPIENT, "a+b@xn--bcher-kva.example", "o'neil%x/y&z=1@example.com", "zoë@example.com"])
invites = st.builds(
    an_invite,
    method=st.sampled_from(Method),
    sequence=st.integers(0, 10**6),
    stamp=st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    summary=hostile_text,
    description=hostile_text,
    location=hostile_text,
    organizer_name=hostile_text,
    attendee_name=hostile_text,
    attendee_email=addresses,
)


def letters(invite: Invite) -> st.SearchStrategy[Letter]:
    names = st.fixed_dictionaries(
        {
            "from_name": hostile_text,
            "to_name": hostile_text,
            "subject": hostile_text,
            "text": hostile_text,
            "html": hostile_text,
        }
    )
    return names.map(lambda texts: a_letter(invite, references="b1.0.alice@example.net", **texts))


def parsed(message: bytes) -> EmailMessage:
    return email.message_from_bytes(message, policy=email.policy.SMTPUTF8)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(invites.flatmap(letters))
def test_every_letter_passes_the_scan(letter: Letter) -> None:
    assert scan.complaints(mime.write(letter)) == []


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(invites.flatmap(letters))
def test_the_standard_library_finds_the_expected_headers_and_parts(letter: Letter) -> None:
    message = parsed(mime.write(letter))

    assert message.keys() == HEADERS
    assert [part.get_content_type() for part in message.walk()] == PARTS
    assert [part.defects for part in message.walk()] == [[]] * len(PARTS)
    assert message["Subject"] == one_line(letter.subject).strip()
    assert mailbox(message, "From") == (one_line(letter.from_name).strip(), letter.from_address)
    assert mailbox(message, "To") == (one_line(letter.to_name).strip(), letter.to_address)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(invites.flatmap(letters))
def test_the_standard_library_reads_the_bodies_that_went_in(letter: Letter) -> None:
    _, _, plain, html, calendar, copy = parsed(mime.write(letter)).walk()

    for part, went_in in ((plain, letter.text), (html, letter.html)):
        assert part.get_content().replace("\r\n", "\n") == several_lines(went_in).rstrip("\n") + "\n"
    assert calendar.get_payload(decode=True) == copy.get_payload(decode=True) == letter.calendar.encode()
    assert calendar.get_param("method") == letter.method
    assert calendar.get_content_disposition() is None
    assert copy.get_filename() == "invite.ics"


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(invites)
def test_icalendar_reads_what_went_in(invite: Invite) -> None:
    calendar = icalendar.Calendar.from_ical(ics.write(invite))
    event: Any = calendar.subcomponents[0]
    entry = invite.entry

    assert len(calendar.subcomponents) == 1
    assert calendar["METHOD"] == entry.method
    assert event["SUMMARY"] == one_line(entry.summary)
    assert event.get("DESCRIPTION", "") == several_lines(entry.description).strip()
    assert event.get("LOCATION", "") == one_line(entry.location, limit=2048).strip()
    assert (event["UID"], event["SEQUENCE"], event.get("URL")) == (entry.uid, invite.sequence, entry.url)
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (entry.starts_at, entry.ends_at)
    assert event["DTSTAMP"].dt == event["LAST-MODIFIED"].dt == invite.stamp.replace(microsecond=0)
    for person, name, address in (
        (event["ORGANIZER"], entry.organizer_name, entry.organizer_email),
        (event["ATTENDEE"], entry.attendee_name, entry.attendee_email),
    ):
        assert unquote(person) == f"mailto:{address}"
        assert person.params.get("CN", "") == ics.common_name(name)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(invites)
def test_vobject_reads_what_went_in(invite: Invite) -> None:
    calendar = vobject.readOne(ics.write(invite))
    event, entry = calendar.vevent, invite.entry

    assert calendar.method.value == entry.method
    assert event.summary.value == one_line(entry.summary)
    assert event.getChildValue("description", "") == several_lines(entry.description).strip()
    assert event.getChildValue("location", "") == one_line(entry.location, limit=2048).strip()
    assert (event.uid.value, event.sequence.value) == (entry.uid, str(invite.sequence))
    assert (event.dtstart.value, event.dtend.value) == (entry.starts_at, entry.ends_at)
    assert event.dtstamp.value == invite.stamp.replace(microsecond=0)
    for person, name, address in (
        (event.organizer, entry.organizer_name, entry.organizer_email),
        (event.attendee, entry.attendee_name, entry.attendee_email),
    ):
        assert unquote(person.value) == f"mailto:{address}"
        assert person.params.get("CN", [""]) == [ics.common_name(name)]


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=ascii)
def test_each_hostile_text_passes_everywhere_at_once(text: str) -> None:
    invite = an_invite(summary=text, description=text, location=text, url=text, organizer_name=text, attendee_name=text)

    message = mime.write(a_letter(invite, subject=text, text=text, html=text))

    assert scan.complaints(message) == []
