"""RFC 2047, 2 and 5: an encoded word has at most 75 characters, its line 76, and none is cut inside of a character."""

import base64
import re

import pytest

from tests.formats.letters import a_letter
from tocsin.formats import mime

TEXTS = ["ü" * 255, "👩‍👩‍👧‍👦" * 30, "a漢" * 100, "x" * 200 + "é"]


@pytest.mark.parametrize("text", TEXTS)
def test_words_and_their_lines_are_short_enough(text: str) -> None:
    head = mime.write(a_letter(subject=text, from_name=text)).partition(b"\r\n\r\n")[0].decode()

    assert all(len(word) <= 75 for word in re.findall(r"=\?\S+\?=", head))
    assert all(len(line) <= 76 for line in head.split("\r\n"))


@pytest.mark.parametrize("text", TEXTS)
def test_each_word_is_whole_by_itself(text: str) -> None:
    head = mime.write(a_letter(subject=text)).partition(b"\r\n\r\n")[0].decode()

    words = re.findall(r"=\?utf-8\?b\?(\S+)\?=", head)

    assert len(words) > 1
    assert "".join(base64.b64decode(word).decode() for word in words) == text


def test_plain_ascii_is_not_encoded() -> None:
    assert b"=?" not in mime.write(a_letter(subject="x" * 50, from_name="Zoe"))
