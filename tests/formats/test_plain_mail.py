"""A mail without a calendar: it says what the libraries would have said, and the last look at it sees each sort of damage."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from tests.formats.letters import a_letter, hostile_text
from tests.formats.stock import read_message, stock_message
from tests.formats.test_equals_the_libraries import harmless_text, letters
from tocsin.domain.letter import Letter
from tocsin.formats import mime, scan
from tocsin.formats.opened import opened


def plain(letter: Letter) -> Letter:
    return replace(letter, method=None, calendar="")


CLEAN = mime.write(plain(a_letter(references="b1.0.first@example.net", opt_out_url="https://example.net/opt-out/x")))


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(letters(harmless_text | hostile_text))
def test_a_plain_mail_is_what_the_library_would_have_written(letter: Letter) -> None:
    written = mime.write(plain(letter))

    assert read_message(written) == read_message(stock_message(plain(letter), b""))
    assert scan.complaints(written, invites=False) == []


def test_a_plain_mail_is_opened_without_a_calendar() -> None:
    found = opened(CLEAN)

    assert (found.calendar, found.subject) == ("", "Invitation: Intro call")
    assert found.text
    assert found.html


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"multipart/alternative; boundary", b"multipart/mixed; boundary", "not multipart/alternative with a boundary"),
        (b"text/plain; charset=utf-8", b"text/plain; charset=latin1", "not plain text and HTML"),
        (b"text/html; charset=utf-8", b"text/calendar; method=REQUEST", "not plain text and HTML"),
        (b"Subject: Invitation", b"Bcc: x@example.net\r\nSubject: Invitation", "the header Bcc is not expected"),
        (b"Hello", b"Hell\xc3\xb6", "not quoted-printable"),
    ],
)
def test_damage_is_seen(old: bytes, new: bytes, complaint: str) -> None:
    damaged = CLEAN.replace(old, new, 1)
    assert damaged != CLEAN

    assert any(complaint in each for each in scan.complaints(damaged, invites=False)), scan.complaints(damaged)


def test_another_part_is_seen() -> None:
    mark = CLEAN[CLEAN.index(b"=_alt_") :].split(b'"')[0]
    end = b"--" + mark + b"--\r\n"

    more = CLEAN.replace(end, b"--" + mark + b"\r\nContent-Type: text/html\r\n\r\nx\r\n" + end)

    assert "does not consist of 2 parts" in scan.complaints(more, invites=False)[0]


def test_an_invite_does_not_pass_as_a_plain_mail_nor_the_other_way_round() -> None:
    assert scan.complaints(CLEAN) == ["Content-Type is not multipart/mixed with a boundary of ours"]
    invite = mime.write(a_letter())
    assert scan.complaints(invite, invites=False) == [
        "Content-Type is not multipart/alternative with a boundary of ours"
    ]
