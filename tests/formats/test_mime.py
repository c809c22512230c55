from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.formats.letters import a_letter, an_invite, hostile_text
from tocsin.domain.invite import Method
from tocsin.formats import mime, scan


def head_of(message: bytes) -> str:
    return message.partition(b"\r\n\r\n")[0].decode()


def test_the_headers_are_these_and_no_others() -> None:
    letter = a_letter(references="b1.0.first@example.net")

    *headers, boundary = head_of(mime.write(letter)).split("\r\n")

    assert headers == [
        'From: "Zoe Host" <bookings@example.net>',
        'To: "Alice" <alice@example.com>',
        "Subject: Invitation: Intro call",
        "Date: Tue, 24 Nov 2026 12:00:00 +0000",
        "Message-ID: <b1.0.alice@example.net>",
        "References: <b1.0.first@example.net>",
        "In-Reply-To: <b1.0.first@example.net>",
        "Reply-To: zoe@example.net",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ]
    assert boundary.startswith('Content-Type: multipart/mixed; boundary="=_mix_')


def test_what_is_empty_has_no_header() -> None:
    head = head_of(mime.write(a_letter(from_name="", to_name=" ", reply_to=(), references="")))

    assert "From: bookings@example.net\r\nTo: alice@example.com\r\n" in head
    assert not any(name in head for name in ("References", "In-Reply-To", "Reply-To"))


def test_equal_letters_give_equal_bytes_and_another_id_another_boundary() -> None:
    one, same, other = (mime.write(a_letter(message_id=f"{name}@example.net")) for name in "xxy")

    assert one == same
    assert head_of(one).split("boundary=")[1] != head_of(other).split("boundary=")[1]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Zoe", 'To: "Zoe" <alice@example.com>'),
        ('a "b" \\ c', r'To: "a \"b\" \\ c" <alice@example.com>'),
        ("Zoë", "To: =?utf-8?b?Wm/Dqw==?= <alice@example.com>"),
        ("x\r\nBcc: y@z.example", 'To: "x  Bcc: y@z.example" <alice@example.com>'),
        ("=?utf-8?q?x?=", 'To: "= ?utf-8?q?x?=" <alice@example.com>'),
    ],
)
def test_a_name_is_quoted_or_encoded(name: str, written: str) -> None:
    assert f"{written}\r\n" in head_of(mime.write(a_letter(to_name=name)))


def test_an_address_that_does_not_fit_behind_its_name_stands_on_the_next_line() -> None:
    address = "x" * 64 + "@example.com"

    assert f'"Alice"\r\n <{address}>\r\n' in head_of(mime.write(a_letter(an_invite(attendee_email=address))))


def test_a_local_part_beyond_ascii_is_written_as_it_is() -> None:
    message = mime.write(a_letter(an_invite(attendee_email="zoë@xn--bcher-kva.example")))

    assert 'To: "Alice" <zoë@xn--bcher-kva.example>' in head_of(message)
    assert scan.complaints(message) == []


def test_the_date_is_in_utc_and_in_english() -> None:
    date = datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))

    assert "\r\nDate: Sat, 28 Feb 2026 22:30:00 +0000\r\n" in head_of(mime.write(a_letter(date=date)))


def test_a_way_out_stands_in_two_headers_or_in_none() -> None:
    head = head_of(mime.write(a_letter(opt_out_url="https://example.com/opt-out/x")))

    assert (
        "\r\nList-Unsubscribe: <https://example.com/opt-out/x>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        in head
    )
    assert "List-" not in head_of(mime.write(a_letter()))


@pytest.mark.parametrize(
    ("length", "written"), [(56, ": <"), (57, ":\r\n <"), (73, ":\r\n <"), (74, ": <"), (900, ": <")]
)
def test_a_way_out_has_a_line_of_its_own_where_that_helps(length: int, written: str) -> None:
    url = "https://example.com/".ljust(length, "x")

    message = mime.write(a_letter(opt_out_url=url))

    head = head_of(message)
    assert f"\r\nList-Unsubscribe{written}{url}>\r\n" in head
    assert max(map(len, head.split("\r\n"))) <= max(76, length + len("List-Unsubscribe: <>") if length > 73 else 76)
    assert scan.complaints(message) == []


@pytest.mark.parametrize(
    "url",
    ["https://example.com/a b", "https://example.com/ü", "javascript:alert(1)", "https://a.example/>, <x", "x" * 901],
)
def test_a_way_out_that_is_no_plain_link_does_not_leave(url: str) -> None:
    assert "List-Unsubscribe is not of the form in which Tocsin writes it" in scan.complaints(
        mime.write(a_letter(opt_out_url=url))
    )


def test_a_line_end_in_a_way_out_makes_no_header() -> None:
    head = head_of(mime.write(a_letter(opt_out_url="https://example.com/\r\nBcc: x@y.example")))

    assert "\r\nBcc" not in head


def test_an_id_may_come_with_its_brackets() -> None:
    assert "\r\nMessage-ID: <x@example.net>\r\n" in head_of(mime.write(a_letter(message_id="<x@example.net>")))


def test_the_method_of_the_part_is_the_letters() -> None:
    message = mime.write(a_letter(an_invite(method=Method.CANCEL)))

    assert message.count(b'Content-Type: text/calendar; charset="UTF-8"; method=CANCEL\r\n') == 1


def test_an_empty_letter_is_whole_too() -> None:
    assert scan.complaints(mime.write(a_letter(subject="", text="", html=""))) == []


def test_bodies_cannot_end_their_part() -> None:
    boundary = head_of(mime.write(a_letter())).split('boundary="')[1][:-1]
    text = f"--{boundary}--\r\n\r\n--{boundary}\n.\n..\nFrom x"

    assert scan.complaints(mime.write(a_letter(text=text, html=text))) == []


# Around the width of a line, and what a line end could part: dots, blanks, and characters of several octets.
wide = st.lists(
    st.sampled_from(["x" * 70, "x" * 75, ".", " ", "\n", "\r", "=", "ü", "👍", "word "]) | hostile_text, max_size=5
).map("".join)


@settings(deadline=None, max_examples=200)
@given(wide, wide)
@example("x" * 75 + ".", "\n")
@example("x" * 74 + "ü", "<p>")
@example("text\n", "")
@example("text\r", "\nmore")
@example("x" * 20_000, "more")
def test_what_one_reader_alone_is_told_is_written_as_if_it_were_a_part_of_the_rest(common: str, own: str) -> None:
    apart = a_letter(text=common, html=common, own_text=own, own_html=own)

    assert mime.write(apart) == mime.write(a_letter(text=common + own, html=common + own))
