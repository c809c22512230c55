"""RFC 6376, 5.4 and 8.15: which headers are signed, and that nobody can put a second one beside those that readers trust."""

import pytest

from tests.formats.keys import records, signed
from tests.formats.letters import a_letter
from tests.verifier import is_verified
from tocsin.formats import mime

MESSAGE = mime.write(a_letter(references="b1.0.first@example.net"))
LIST = b"List-Unsubscribe: <https://acme.example.net/stop/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


def names(message: bytes) -> list[str]:
    line = message.split(b"\r\nFrom:")[0].replace(b"\r\n", b"").replace(b" ", b"").decode()
    return line.split(";h=")[1].split(";")[0].split(":")


def test_every_header_that_a_letter_can_have_is_signed_where_it_is_there() -> None:
    assert names(signed(LIST + MESSAGE)) == [
        *["From", "From", "To", "To", "Subject", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"],
        *["Reply-To", "References", "In-Reply-To", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe"],
        "List-Unsubscribe-Post",
    ]
    assert names(signed(mime.write(a_letter(reply_to=())))) == [
        *["From", "From", "To", "To", "Subject", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"],
        *["Auto-Submitted", "List-Unsubscribe"],
    ]


def test_what_is_signed_cannot_be_taken_away() -> None:
    message = signed(LIST + MESSAGE)

    assert is_verified(message, records())
    for name in dict.fromkeys(names(message)):
        head, header, rest = message.partition(f"\r\n{name}: ".encode())
        assert header, name
        assert not is_verified(head + rest[rest.index(b"\r\n") :], records()), name


@pytest.mark.parametrize("line", [b"From: x@y.example", b"To: x@y.example", b"Subject: x", b"List-Unsubscribe: <x>"])
@pytest.mark.parametrize("at_the_top", [True, False])
def test_a_second_header_of_those_that_readers_trust_breaks_the_signature(line: bytes, *, at_the_top: bool) -> None:
    message = signed(MESSAGE)

    place = message.index(b"From:") if at_the_top else message.index(b"\r\n\r\n") + 2

    assert not is_verified(message[:place] + line + b"\r\n" + message[place:], records())


def test_what_relays_add_breaks_nothing() -> None:
    message = signed(MESSAGE)

    assert is_verified(b"Received: from x by y; Tue, 24 Nov 2026 12:00:00 +0000\r\n" + message, records())


def test_a_header_that_is_there_twice_is_signed_twice() -> None:
    message = signed(MESSAGE.replace(b"Date: ", b"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\nDate: "))

    assert names(message).count("Date") == 2
    assert is_verified(message, records())
    assert not is_verified(message.replace(b"Date: Mon", b"Date: Sun"), records())
