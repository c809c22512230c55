import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.text import complaint, normal, one_line, several_lines

NASTY = st.sampled_from(
    ["=?", "=", "?", "\r\n", "\r", "\n", "\t", "\0", "\x1b", "\x85", "\u2028", "\u202e", "\ud800", "\uffff"]
)
TEXTS = st.lists(NASTY | st.text(st.characters(), max_size=5)).map("".join)
NEVER = [chr(code) for code in (0, 8, 0x0B, 0x1F, 0x7F, 0x9F, 0x2028, 0x2029, 0x202A, 0x202E, 0x2066, 0x2069)]
NEVER += [chr(code) for code in (0xD800, 0xDFFF, 0xFFFE, 0xFFFF)]
FINE = ["é", "漢", "👩‍💻", "\u200e", "\u200f", "\u00a0", "'", '"', "<", "{{", "|"]


@pytest.mark.parametrize("char", NEVER, ids=lambda char: f"U+{ord(char):04X}")
def test_text_never_holds(char: str) -> None:
    what = f"holds the control character U+{ord(char):04X} at position 3; remove it"

    assert complaint(f"ab{char}c", limit=10) == what
    assert complaint(f"ab{char}c", limit=10, several_lines=True) == what
    assert one_line(f"ab{char}c") == "ab c"
    assert several_lines(f"ab{char}c") == "ab c"


@pytest.mark.parametrize("char", ["\t", "\n", "\r"], ids=["tab", "LF", "CR"])
def test_only_a_text_of_several_lines_holds_a(char: str) -> None:
    assert complaint(f"a{char}b", limit=10) is not None
    assert complaint(f"a{char}b", limit=10, several_lines=True) is None
    assert one_line(f"a{char}b") == "a b"


@pytest.mark.parametrize("text", FINE)
def test_text_may_hold(text: str) -> None:
    assert complaint(text, limit=10) is None
    assert one_line(text) == text
    assert several_lines(text) == text


def test_a_limit_counts_characters() -> None:
    assert complaint("é" * 10, limit=10) is None
    assert complaint("é" * 11, limit=10) == "has 11 characters; at most 10 are accepted"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  a\r\nb\rc\n ", "a\nb\nc"),
        ("e\u0301", "é"),
        ("", ""),
        ("\u212b", "Å"),
    ],
)
def test_normal_text_is_composed_with_plain_line_ends(value: str, expected: str) -> None:
    assert normal(value) == expected


def test_an_encoded_word_is_broken_up_so_that_it_cannot_hide_a_line_end() -> None:
    assert one_line("=?utf-8?Q?hi=0D=0ABcc:_x@y?=") == "= ?utf-8?Q?hi=0D=0ABcc:_x@y?="


def test_lines_keep_their_ends_and_tabs_in_a_body() -> None:
    assert several_lines("a\r\nb\rc\td") == "a\nb\nc\td"


@pytest.mark.parametrize("cut", [one_line, several_lines])
def test_what_is_too_long_ends_in_an_ellipsis(cut: type[str]) -> None:
    assert cut("abcdef", limit=4) == "abc…"  # type: ignore[call-overload]  # both functions take a limit
    assert cut("abcd", limit=4) == "abcd"  # type: ignore[call-overload]  # both functions take a limit


@given(TEXTS, st.integers(1, 50))
def test_a_filtered_line_would_be_accepted_at_the_edge(value: str, limit: int) -> None:
    line = one_line(value, limit=limit)

    assert complaint(line, limit=limit) is None
    assert "=?" not in line
    assert one_line(line, limit=limit) == line


@given(TEXTS, st.integers(1, 50))
def test_a_filtered_body_would_be_accepted_at_the_edge(value: str, limit: int) -> None:
    body = several_lines(value, limit=limit)

    assert complaint(body, limit=limit, several_lines=True) is None
    assert "\r" not in body
    assert several_lines(body, limit=limit) == body


@given(TEXTS)
def test_making_normal_twice_is_making_it_once(value: str) -> None:
    once = normal(value)

    assert normal(once) == once
    assert once == once.strip()
    assert unicodedata.is_normalized("NFC", once)
