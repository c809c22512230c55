"""RFC 5322, 2.1.1: lines have at most 998 octets and should have no more than 78; 2.2.3: long headers are folded."""

import pytest

from tests.formats.letters import HOSTILE_TEXTS, a_letter
from tocsin.formats import mime


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=ascii)
def test_text_makes_no_line_long(text: str) -> None:
    message = mime.write(a_letter(subject=text, from_name=text, to_name=text, text=text, html=text))

    assert max(map(len, message.split(b"\r\n"))) <= (998 if text == "x" * 1000 else 78)


def test_a_long_subject_is_folded_at_blanks_and_reads_the_same_unfolded() -> None:
    subject = "one  two three " * 9 + "x" * 80 + " end"

    head = mime.write(a_letter(subject=subject)).partition(b"\r\n\r\n")[0].decode()
    lines = head[head.index("Subject:") : head.index("\r\nDate:")].split("\r\n")

    assert len(lines) > 2
    assert all(line[0] == " " and line.strip() for line in lines[1:])
    assert "".join(lines) == f"Subject: {subject}"
